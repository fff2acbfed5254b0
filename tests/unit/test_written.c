/* Hidden text read, hosts found in it. */
#include "unit.h"

#include "guard.h"

#include "rewrite/written.h"

static const struct {
	const char *written, *read;
} texts[] = {
    {"plain text", "plain text"},
    {"&#46;&#46&#x2e;&#X2E;&#0046;", "....."},
    {"&amp;&amp&lt;&gt&quot;&quot&apos;&colon;&sol;&period;", "&&<>\"\"':/."},
    {"&AMP;&LT", "&<"},
    {"&period &colon &unknown; & &; &# &#; &#x; &#x", NULL},
    {"&amp;#46; &#38;#46;", "&#46; &#46;"}, /* one layer */
    {"&#xe9;\\u00e9\\xe9", "\xc3\xa9\xc3\xa9\xc3\xa9"},
    {"&#x20ac;&#x1f600;", "\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"&#0;&#x110000;&#99999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"\\/\\\"\\'\\.\\\\", "/\"'.\\"},
    {"\\n\\r\\t\\b\\f\\v", "\n\r\t\b\f\v"},
    {"\\x2e\\x2E\\u002e\\u{2e}\\u{00002E}", "....."},
    {"\\x2 \\xzz \\u002 \\u{} \\u{2e \\q \\", NULL},
    {"\\056\\57\\72x", "./:x"},
    {"\\2e \\2f\\3a x\\00002fx", "./:x/x"},
    {"\\31 \\31\t9", "119"},
    {"%2e%2E%41", "..A"},
    {"%", NULL},
    {"%%2", NULL},
    {"%2g%zz", NULL},
    {"%252e", "%2e"}, /* one layer */
    {"%c3%a9%e9", "\xc3\xa9\xe9"},
    {"%u002e%u00e9%u00zz", ".\xc3\xa9%u00zz"},
    {"&#37;2e\\x252e\\u00252e", "..."}, /* of each way one layer */
    {"&#92;x2e&bsol;u002e", ".."},
    {"&#92;&#92;", "\\"},
    {"\\x5cx2e", "\\x2e"},
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct buf out = {0};
		struct guard g = guard_copy(slice_of(texts[i].written));
		written_read(g.bytes, &out);
		assert_text(buf_slice(&out),
			    texts[i].read ? texts[i].read : texts[i].written);
		buf_release(&out);
		guard_free(&g);
	}
}

/* All that begins like something hidden, cut short everywhere. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice whole = slice_of(texts[i].written);
		for (size_t len = 0; len <= whole.len; len++) {
			struct guard g = guard_copy(slice_to(whole, len));
			struct buf out = {0};
			struct address a;
			written_read(g.bytes, &out);
			written_address(g.bytes, &a);
			for (size_t at = 0; at <= len; at++) {
				written_before(g.bytes, at);
				written_boundary(g.bytes, at);
				assert_true(written_host(g.bytes, at, true) <=
					    len - at);
			}
			buf_release(&out);
			guard_free(&g);
		}
	}
}

static void test_next(void **state)
{
	(void)state;
	struct written c = written_next(SLICE("a&#46;b"), 1);
	assert_int_equal(c.value, '.');
	assert_int_equal(c.len, 5);
	assert_false(c.byte);
	c = written_next(SLICE("%e9"), 0);
	assert_int_equal(c.value, 0xe9);
	assert_true(c.byte);
	assert_int_equal(c.len, 3);
	assert_int_equal(written_next(SLICE("a"), 1).len, 0);
	assert_int_equal(written_next((struct slice){0}, 0).len, 0);
}

static void test_before(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t value;
		size_t len;
	} cases[] = {
	    {"a", 'a', 1},
	    {"x\\/", '/', 2},
	    {"x\\\"", '"', 2},
	    {"x%2F", '/', 3},
	    {"x\\x2f", '/', 4},
	    {"x\\2f ", '/', 4},
	    {"x\\u002f", '/', 6},
	    {"x\\u{2f}", '/', 6},
	    {"x&#47;", '/', 5},
	    {"x&#47", '/', 4},
	    {"x&#x0000002f;", '/', 12},
	    {"x&quot;", '"', 6},
	    {"x&quot", '"', 5},
	    {"x\\57", '/', 3},
	    {"2F", 'F', 1},
	    {"x2f", 'f', 1},
	    {"x;", ';', 1},
	    {"%2f ", ' ', 1},
	    {"&sol;", '/', 5},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice text = slice_of(cases[i].text);
		struct written c = written_before(text, text.len);
		assert_int_equal(c.value, cases[i].value);
		assert_int_equal(c.len, cases[i].len);
	}
	assert_int_equal(written_before(SLICE("a"), 0).len, 0);
}

static void test_boundary(void **state)
{
	(void)state;
	/* Whether a host may begin at the end. */
	static const char *const yes[] = {
	    "",       " ",     "/",       "//",         "(",     "=",
	    "\"",     "@",     "[",       ":",          "%2F",   "%2f%2f",
	    "\\x2f",  "\\/",   "\\u002f", "\\057",      "&#47;", "&#x2f;",
	    "&#47",   "&sol;", "&quot;",  "&quot",      "&amp;", "\\n",
	    "\\t",    "%20",   "%40",     "\\u0040",    "\\\\",  "/\\",
	    "&nbsp;", "{",     "#",       "\\u{2f}",    "%3D",   "\\2f ",
	    "a ",     "a\n",   ",",       "\\x3d\\x22",
	};
	static const char *const no[] = {
	    "a",     "Z",     "0",        ".",     "-",       "_",
	    "\x80",  "\xff",  "\\x2e",    "%2e",   "%41",     "\\u002e",
	    "&#46;", "&#46",  "&period;", "\\.",   "/v",      "\\xe9",
	    "%e9",   "&shy;", "\\2e ",    "&#65;", "\\u{2e}",
	};
	for (size_t i = 0; i < COUNT(yes); i++)
		if (!written_boundary(slice_of(yes[i]), strlen(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		if (written_boundary(slice_of(no[i]), strlen(no[i])))
			fail_msg("%s", no[i]);
	/* Amid something hidden. */
	assert_false(written_boundary(SLICE("&#49;"), 2));
	assert_false(written_boundary(SLICE("%31"), 1));
	assert_false(written_boundary(SLICE("x\\061"), 2));
	assert_false(written_boundary(SLICE("\\u{31}"), 3));
	assert_true(written_boundary(SLICE("%zz"), 1));
}

static void test_host(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
	    {"192.0.2.7", 9},
	    {"192.0.2.7/x", 9},
	    {"192.0.2.7:80", 9},
	    {"192.0.2.7\"", 9},
	    {"192.0.2.7\\\"", 9},
	    {"192.0.2.7\\n", 9},
	    {"192.0.2.7\\x", 9},
	    {"192.0.2.7%2Fx", 9},
	    {"192.0.2.7&#47;x", 9},
	    {"192.0.2.7&amp;x", 9},
	    {"192.0.2.7\\u002fx", 9},
	    {"192.0.2.7.example/", 17},
	    {"192.0.2.7-beta", 14},
	    {"192.0.2.7_", 10},
	    {"192%2e0&#46;2", 13},
	    {"192.0.2.7\xc3\xa9", 11},
	    {"[::1]:80", 5},
	    {"[::ffff:1.2.3.4]", 16},
	    {"%5b::1%5D/", 9},
	    {"[::1", 0},
	    {"[::1 ]", 0},
	    {"[::1]x", 0},
	    {"[]", 2},
	    {"[[::1]", 0},
	    {"", 0},
	    {"/", 0},
	    {"@", 0},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct guard g = guard_copy(slice_of(cases[i].text));
		assert_int_equal(written_host(g.bytes, 0, false), cases[i].len);
		guard_free(&g);
	}
	assert_int_equal(written_host(SLICE("//a.b/"), 2, false), 3);
	assert_int_equal(written_host(SLICE("a"), 1, false), 0);
	assert_int_equal(written_host(SLICE("1.&#10;2/"), 0, false), 2);
	assert_int_equal(written_host(SLICE("1.&#10;2/"), 0, true), 8);
	assert_int_equal(written_host(SLICE("1.&#10;/"), 0, true), 2);
}

static void test_long_hosts(void **state)
{
	(void)state;
	struct address a;
	struct buf b = {0};
	for (size_t i = 0; i < 100000; i++)
		buf_add_byte(&b, '0');
	assert_int_equal(written_host(buf_slice(&b), 0, false), 0);
	assert_false(written_address(buf_slice(&b), &a));
	assert_int_equal(written_host(slice_to(buf_slice(&b), 1000), 0, false),
			 1000);
	assert_true(written_address(slice_to(buf_slice(&b), 1000), &a));
	b.data[0] = '[';
	assert_int_equal(written_host(buf_slice(&b), 0, false), 0);
	buf_release(&b);
}

static void test_address(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "192.0.2.7/",
	    "192.0.2.7:80",
	    "1.2.3.4.5",
	    "192.0.2.7.a",
	    "192%2f0.2.7",
	    "192..2.7",
	    "::1",
	    "[::1]:80",
	    "[1.2.3.4]",
	    "%5b::1",
	    "192.0.2.7%00",
	    "192.0.2.7%20",
	    "%2531",
	    "256.1.1.1",
	    "\xef\xbc",
	    "192.0.2.7\xff",
	    "\xe3\x80\x82",
	};
	static const char *const good[] = {
	    "192.0.2.7",       "192.0.2.7.",
	    "192.0.2.7&#46;",  "192.0.2.7\xe3\x80\x82",
	    "%31%39%32.0.2.7", "192&#46;0.2.7",
	    "0xc0000207",
	};
	struct address a, expected;
	assert_true(address_parse(SLICE("192.0.2.7"), &expected));
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_true(written_address(slice_of(good[i]), &a));
		assert_true(address_equal(&a, &expected));
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		if (written_address(slice_of(bad[i]), &a))
			fail_msg("%s", bad[i]);
	assert_false(written_address(SLICE("192.0.2.7\0"), &a));
	assert_false(written_address((struct slice){0}, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),       cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_next),       cmocka_unit_test(test_before),
	    cmocka_unit_test(test_boundary),   cmocka_unit_test(test_host),
	    cmocka_unit_test(test_long_hosts), cmocka_unit_test(test_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
