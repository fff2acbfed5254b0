/* References made absolute: the examples of RFC 3986, and what browsers do
 * besides. */
#include "unit.h"

#include "report/resolve.h"

#include <stdio.h>
#include <stdlib.h>

static void check(const char *base, const char *reference, const char *expected)
{
	struct buf out = {0};
	bool found = resolve(slice_of(base), slice_of(reference), &out);
	if (found != (expected != NULL) ||
	    (expected && !slice_equal(buf_slice(&out), slice_of(expected))))
		fail_msg("%s at %s: %.*s, not %s", reference, base,
			 (int)out.len, out.data ? (const char *)out.data : "",
			 expected ? expected : "none");
	buf_release(&out);
}

/* RFC 3986 5.4, of which fragments are dropped. */
static void test_rfc(void **state)
{
	static const char *const cases[][2] = {
	    {"g", "http://a/b/c/g"},
	    {"./g", "http://a/b/c/g"},
	    {"g/", "http://a/b/c/g/"},
	    {"/g", "http://a/g"},
	    {"//g", "http://g/"},
	    {"?y", "http://a/b/c/d;p?y"},
	    {"g?y", "http://a/b/c/g?y"},
	    {"#s", "http://a/b/c/d;p?q"},
	    {"g#s", "http://a/b/c/g"},
	    {"g?y#s", "http://a/b/c/g?y"},
	    {";x", "http://a/b/c/;x"},
	    {"g;x", "http://a/b/c/g;x"},
	    {"", "http://a/b/c/d;p?q"},
	    {".", "http://a/b/c/"},
	    {"./", "http://a/b/c/"},
	    {"..", "http://a/b/"},
	    {"../", "http://a/b/"},
	    {"../g", "http://a/b/g"},
	    {"../..", "http://a/"},
	    {"../../", "http://a/"},
	    {"../../g", "http://a/g"},
	    {"../../../g", "http://a/g"},
	    {"../../../../g", "http://a/g"},
	    {"/./g", "http://a/g"},
	    {"/../g", "http://a/g"},
	    {"g.", "http://a/b/c/g."},
	    {".g", "http://a/b/c/.g"},
	    {"g..", "http://a/b/c/g.."},
	    {"..g", "http://a/b/c/..g"},
	    {"./../g", "http://a/b/g"},
	    {"./g/.", "http://a/b/c/g/"},
	    {"g/./h", "http://a/b/c/g/h"},
	    {"g/../h", "http://a/b/c/h"},
	    {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
	    {"g;x=1/../y", "http://a/b/c/y"},
	    {"g?y/./x", "http://a/b/c/g?y/./x"},
	    {"g?y/../x", "http://a/b/c/g?y/../x"},
	    {"http:g", "http://a/b/c/g"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
}

static void test_as_browsers_do(void **state)
{
	static const char *const cases[][2] = {
	    {"  g.html\n", "https://h.example/a/g.html"},
	    {"g\n.ht\tml", "https://h.example/a/g.html"},
	    {"\\x\\y", "https://h.example/x/y"},
	    {"\\\\other.example\\x", "https://other.example/x"},
	    {"x?a\\b", "https://h.example/a/x?a\\b"},
	    {"///other.example/x", "https://other.example/x"},
	    {"https:///other.example/x", "https://other.example/x"},
	    {"http:other.example/x", "http://other.example/x"},
	    {"https:/x", "https://h.example/x"},
	    {"HTTP://Other.EXAMPLE/X", "http://other.example/X"},
	    {"//other.example./x", "https://other.example/x"},
	    {"//other.example:443/x", "https://other.example/x"},
	    {"//other.example:80/x", "https://other.example:80/x"},
	    {"http://other.example:80", "http://other.example/"},
	    {"http://other.example:8080?q", "http://other.example:8080/?q"},
	    {"http://other.example:/x", "http://other.example/x"},
	    {"http://user:pw@other.example/", "http://other.example/"},
	    {"http://a@b@other.example/", "http://other.example/"},
	    {"http://0x7f.1/x", "http://127.0.0.1/x"},
	    {"http://3221225985/x", "http://192.0.2.1/x"},
	    {"http://[2001:DB8:0::1]:81/x", "http://[2001:db8::1]:81/x"},
	    {"http://other%2eexample/", "http://other.example/"},
	    {"a b", "https://h.example/a/a%20b"},
	    {"x?a b'c", "https://h.example/a/x?a%20b%27c"},
	    {"x\xe9", "https://h.example/a/x%E9"},
	    {"%2e%2E/x", "https://h.example/x"},
	    {".%2e/x", "https://h.example/x"},
	    {"%2fx%zz", "https://h.example/a/%2fx%zz"},
	    {"x//y", "https://h.example/a/x//y"},
	    {"/x//../y", "https://h.example/x/y"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check("https://h.example/a/b", cases[i][0], cases[i][1]);
}

static void test_none(void **state)
{
	static const char *const cases[] = {
	    "javascript:void(0)",
	    "data:text/html,x",
	    "mailto:a@b.example",
	    "about:blank",
	    "ftp://h.example/x",
	    "localhost:8080/x",
	    "http://",
	    "http:///",
	    "http://a b/",
	    "http://(.*)/",
	    "http://h.example:x/",
	    "http://h.example:70000/",
	    "http://[::1/",
	    "http://[zz]/",
	    "//",
	    "http://\xc3\xa9.example/",
	    "http://%00.example/",
	    "http://' + host + '/",
	    "https://.example/",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check("http://h.example/a/b", cases[i], NULL);
	check("", "/x", NULL);
	check("", "//h.example/x", NULL);
	check("", "x", NULL);
	check("", "http://h.example/x", "http://h.example/x");
}

/* Bounds: what would be longer is none, and takes no time. */
static void test_long(void **state)
{
	(void)state;
	char *text = xmalloc(RESOLVE_MAX + 2);
	struct buf out = {0};
	memset(text, 'x', RESOLVE_MAX + 1);
	text[RESOLVE_MAX + 1] = 0;
	check("http://h.example/", text, NULL);
	memset(text, ' ' + 1, 1);
	memset(text + 1, '"', RESOLVE_MAX - 2);
	text[RESOLVE_MAX - 1] = 0;
	check("http://h.example/", text, NULL);
	for (size_t i = 0; i + 1 < RESOLVE_MAX; i++)
		text[i] = i % 3 == 2 ? '/' : '.';
	assert_true(resolve(SLICE("http://h.example/"), slice_of(text), &out));
	assert_text(buf_slice(&out), "http://h.example/");
	buf_release(&out);
	free(text);
}

static void test_normal(void **state)
{
	static const char *const cases[][2] = {
	    {"http://h/%7euser/%2Fx", "http://h/~user/%2Fx"},
	    {"http://h/%2fx?%e9%3d", "http://h/%2Fx?%E9%3D"},
	    {"http://h/%zz%4", "http://h/%zz%4"},
	    {"http://h/100%", "http://h/100%"},
	    {"http://h/%2541", "http://h/%2541"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = {0};
		resolve_normal(slice_of(cases[i][0]), &out);
		assert_text(buf_slice(&out), cases[i][1]);
		buf_release(&out);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rfc),
	    cmocka_unit_test(test_as_browsers_do),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_normal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
