/* Digests in pages and policies, made true again. */
#include "unit.h"

#include "rewrite/integrity.h"

#include "capture/digest.h"

#include <stdlib.h>

/* The examples of Subresource Integrity 3.2 and Content Security Policy 8.4. */
#define HELLO "alert('Hello, world.');"
#define HELLO_384                                                              \
	"H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
#define HELLO_256 "qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="

/* "sha256-BASE64" of bytes. */
static char *vouch(enum digest_kind kind, const char *bytes)
{
	uint8_t digest[DIGEST_MAX];
	struct buf text = {0};
	size_t len = digest_of(kind, slice_of(bytes), digest);
	buf_printf(&text, "sha%zu-", len * 8);
	base64_add(&text, (struct slice){digest, len});
	buf_add_byte(&text, 0);
	return (char *)text.data;
}

static void expect(const struct digest_map *m, const char *text,
		   const char *mended)
{
	struct buf out = {0};
	size_t count = integrity_mend(m, slice_of(text), &out);
	if (count != (mended != NULL))
		print_error("%s\n", text);
	assert_int_equal(count, mended != NULL);
	assert_text(buf_slice(&out), mended ? mended : "");
	buf_release(&out);
}

/* P39, P40 */
static void test_vectors(void **state)
{
	(void)state;
	struct digest_map *back = digest_map_new();
	struct digest_map *there = digest_map_new();
	digest_map_add(back, SLICE("changed"), SLICE(HELLO));
	digest_map_add(there, SLICE(HELLO), SLICE("changed"));
	static const enum digest_kind kinds[] = {DIGEST_SHA256, DIGEST_SHA384,
						 DIGEST_SHA512};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char *before = vouch(kinds[i], HELLO);
		char *after = vouch(kinds[i], "changed");
		if (kinds[i] == DIGEST_SHA256)
			assert_string_equal(before, "sha256-" HELLO_256);
		if (kinds[i] == DIGEST_SHA384)
			assert_string_equal(before, "sha384-" HELLO_384);
		assert_true(integrity_named(slice_of(before)));
		expect(there, before, after);
		expect(back, after, before);
		expect(back, before, NULL);
		free(before);
		free(after);
	}
	digest_map_free(back);
	digest_map_free(there);
}

static void test_places(void **state)
{
	(void)state;
	struct digest_map *m = digest_map_new();
	digest_map_add(m, SLICE("changed"), SLICE(HELLO));
	char *was = vouch(DIGEST_SHA256, "changed");
	static const char *const places[] = {
	    "%s",
	    "<script src=x integrity=\"%s\" async>",
	    "<script src=x integrity=%s>",
	    "integrity='sha384-x %s?opt'",
	    "script-src 'self' '%s' 'unsafe-inline'; report-uri /",
	    "content=\"script-src &#39;%s&#39;\"",
	    "content=\"script-src &quot;%s&quot;\"",
	    "{\"integrity\":\"%s\"}",
	    "s.innerHTML='<link integrity=\\'%s\\'>'",
	    "sha256-sha256-sssssha%s\n",
	};
	for (size_t i = 0; i < COUNT(places); i++) {
		struct buf text = {0}, mended = {0};
		struct slice place = slice_of(places[i]);
		struct slice start = slice_to(place, slice_find(place, '%'));
		struct slice end = slice_from(place, start.len + 2);
		buf_add(&text, start);
		buf_add_string(&text, was);
		buf_add(&text, end);
		buf_add_byte(&text, 0);
		buf_add(&mended, start);
		buf_add_string(&mended, "sha256-" HELLO_256);
		buf_add(&mended, end);
		buf_add_byte(&mended, 0);
		expect(m, (char *)text.data, (char *)mended.data);
		buf_release(&text);
		buf_release(&mended);
	}
	free(was);
	digest_map_free(m);
}

/* One digest, written in many ways. */
static void test_writing(void **state)
{
	(void)state;
	struct digest_map *m = digest_map_new();
	digest_map_add(m, SLICE(HELLO), SLICE("changed"));
	char *now = vouch(DIGEST_SHA256, "changed");
#define START "qznLcsROx4GACP2dm0UCKCzCG"
#define MIDDLE "HiZ1guq6ZZDob"
	static const struct {
		const char *text;
		size_t padding;
	} same[] = {
	    {"sha256-" START "+" MIDDLE "/Tng=", 1},
	    {"sha256-" START "+" MIDDLE "/Tng", 0},
	    {"sha256-" START "-" MIDDLE "_Tng=", 1},
	    {"sha256-" START "-" MIDDLE "_Tng", 0},
	    {"sha256-" START "&#43;" MIDDLE "&#47;Tng&#61;", 1},
	    {"sha256-" START "&#x2b;" MIDDLE "&#x2F;Tng&#X3d;", 1},
	    {"sha256-" START "&#043" MIDDLE "/Tng&#61", 1},
	    {"sha256-" START "&plus;" MIDDLE "&sol;Tng&equals;", 1},
	    {"sha256-" START "+" MIDDLE "\\/Tng=", 1},
	    {"sha256-" START "\\u002b" MIDDLE "\\u002FTng\\u003d", 1},
	    {"sha256-" START "\\x2B" MIDDLE "\\x2fTng\\x3D", 1},
	    {"sha256-&#113;znLcsROx4GACP2dm0UCKCzCG+" MIDDLE "/Tng", 0},
	};
	for (size_t i = 0; i < COUNT(same); i++) {
		char mended[64];
		snprintf(mended, sizeof mended, "%.*s",
			 (int)(50 + same[i].padding), now);
		expect(m, same[i].text, mended);
	}
	char upper[64];
	snprintf(upper, sizeof upper, "SHA256-%s ", now + strlen("sha256-"));
	expect(m, "SHA256-" HELLO_256 " ", upper);
	static const char *const other[] = {
	    "",
	    "sha256",
	    "sha256-",
	    "sha256-" START,
	    "sha256-" START "+" MIDDLE "/Tn",
	    "sha256-" START "+" MIDDLE "/TngA",
	    "sha256-" START "+" MIDDLE "/Tng==",
	    "sha256-" START "+" MIDDLE "/Tng&#65;",
	    "sha256-" START " " MIDDLE "/Tng=",
	    "sha256-" START "&#x12b;" MIDDLE "/Tng=",
	    "sha256-" START "&#4300000000000043;" MIDDLE "/Tng=",
	    "sha256-" START "&" MIDDLE "/Tng=",
	    "sha256-" START "\\u2b" MIDDLE "/Tng=",
	    "sha384-" START "+" MIDDLE "/Tng=",
	    "sha255-" START "+" MIDDLE "/Tng=",
	    "sha256 " START "+" MIDDLE "/Tng=",
	    "sha256-" START "+" MIDDLE "&#",
	    "sha256-" START "+" MIDDLE "\\",
	};
	for (size_t i = 0; i < COUNT(other); i++) {
		expect(m, other[i], NULL);
		assert_false(integrity_named(slice_of(other[i])));
	}
	free(now);
	digest_map_free(m);
}

static void test_several(void **state)
{
	(void)state;
	struct digest_map *m = digest_map_new();
	struct buf text = {0}, expected = {0}, out = {0};
	/* More than the map begins with. */
	for (int i = 0; i < 1000; i++) {
		char before[32], after[32];
		snprintf(before, sizeof before, "before %d", i);
		snprintf(after, sizeof after, "after %d", i);
		digest_map_add(m, slice_of(before), slice_of(after));
		char *was = vouch(DIGEST_SHA384, before);
		char *is = vouch(DIGEST_SHA384, after);
		buf_printf(&text, "'%s' '%s' ", was, is);
		buf_printf(&expected, "'%s' '%s' ", is, is);
		free(was);
		free(is);
	}
	/* The first counts. */
	digest_map_add(m, SLICE("before 1"), SLICE("other"));
	buf_add_byte(&out, '!');
	assert_int_equal(integrity_mend(m, buf_slice(&text), &out), 1000);
	assert_true(
	    slice_equal(slice_from(buf_slice(&out), 1), buf_slice(&expected)));
	buf_release(&text);
	buf_release(&expected);
	buf_release(&out);
	digest_map_free(m);
	digest_map_free(NULL);
}

/* Whether the digest of before becomes that of after. */
static void expect_inline(const char *recorded, const char *changed,
			  const char *before, const char *after)
{
	struct digest_map *m = digest_map_new();
	integrity_add_inline(m, slice_of(recorded), slice_of(changed));
	char *was = vouch(DIGEST_SHA256, before);
	char *is = after ? vouch(DIGEST_SHA256, after) : NULL;
	expect(m, was, is);
	free(was);
	free(is);
	digest_map_free(m);
}

/* P40 */
static void test_inline(void **state)
{
	(void)state;
	static const struct {
		const char *recorded, *changed, *before, *after;
	} rows[] = {
	    {"<script>a</script>", "<script>b</script>", "a", "b"},
	    {"<SCRIPT type='x>y'>a</Script >", "<script>b</script>", "a", "b"},
	    {"<style>a</style>", "<style>b</style>", "a", "b"},
	    {"<style>a", "<style>b", "a", "b"},
	    {"<script>a", "<script>b", "a", NULL},
	    {"<script src=x>a</script>", "<script src=x>b</script>", "a", NULL},
	    {"<script SRC>a</script>", "<script SRC>b</script>", "a", NULL},
	    {"<script data-src=x>a</script>", "<script data-src=x>b</script>",
	     "a", "b"},
	    {"<!-- <script>a</script> -->", "<!-- <script>b</script> -->", "a",
	     NULL},
	    {"<a x='<script>a</script>'>", "<a x='<script>b</script>'>", "a",
	     NULL},
	    {"<textarea><script>a</script></textarea>",
	     "<textarea><script>b</script></textarea>", "a", NULL},
	    {"<title><!--</title><script>a</script>",
	     "<title><!--</title><script>b</script>", "a", "b"},
	    {"<script>'<style>'</script><style>a</style>",
	     "<script>'<style>'</script><style>b</style>", "a", "b"},
	    {"<script>x</script><script>a</script>",
	     "<script>x</script><script>b</script>", "a", "b"},
	    {"<script>x</script><script>a</script>",
	     "<script>x</script><script>b</script>", "x", NULL},
	    {"<script>a</script>", "<script>b</script><script>c</script>", "a",
	     NULL},
	    {"<script>a</script>", "", "a", NULL},
	    {"", "", "a", NULL},
	    /* WHATWG HTML 13.2.3.5 */
	    {"<script>\r\na\rb\r</script>", "<script>\r\nc\rd\r</script>",
	     "\na\nb\n", "\nc\nd\n"},
	    {"<script>a\r\n\r\r\n\n</script>", "<script>b</script>",
	     "a\n\n\n\n", "b"},
	    {"<script></script>", "<script>b</script>", "", "b"},
	    {"<script>a</script", "<script>b</script", "a", NULL},
	    {"<scripts>a</scripts>", "<scripts>b</scripts>", "a", NULL},
	    {"</script><script>a</script>", "</script><script>b</script>", "a",
	     "b"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_inline(rows[i].recorded, rows[i].changed, rows[i].before,
			      rows[i].after);
	struct digest_map *m = digest_map_new();
	integrity_add_inline(m, SLICE("<script>a\0</script>"),
			     SLICE("<script>b</script>"));
	char *was = vouch(DIGEST_SHA256, "a\xef\xbf\xbd");
	char *is = vouch(DIGEST_SHA256, "b");
	expect(m, was, is);
	free(was);
	free(is);
	digest_map_free(m);
}

/* What would take minutes if a part was read again and again. */
static void test_long(void **state)
{
	(void)state;
	static const char *const parts[] = {
	    "s",
	    "sha256-",
	    "sha512-",
	    "sha512-&#0000065;",
	    "sha256-" START "+" MIDDLE "/Tng=",
	    "&#",
	    "\\u",
	    "<script>",
	    "<script></script>",
	    "<style>",
	    "<textarea>",
	    "<script src=x>",
	    "</script",
	    "\r",
	};
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct digest_map *m = digest_map_new();
		struct buf page = {0}, other = {0}, out = {0};
		while (page.len < 1 << 20)
			buf_add_string(&page, parts[i]);
		buf_add_string(&page, "<style>a");
		buf_add(&other, buf_slice(&page));
		other.data[other.len - 1] = 'b';
		integrity_add_inline(m, buf_slice(&page), buf_slice(&other));
		integrity_mend(m, buf_slice(&page), &out);
		buf_release(&page);
		buf_release(&other);
		buf_release(&out);
		digest_map_free(m);
	}
}

/* A page of scripts that all differ takes no more than some of them. */
static void test_many(void **state)
{
	(void)state;
	struct digest_map *m = digest_map_new();
	struct buf page = {0}, other = {0};
	for (int i = 0; i < 100000; i++) {
		buf_printf(&page, "<script>%d</script>", i);
		buf_printf(&other, "<script>%d </script>", i);
	}
	integrity_add_inline(m, buf_slice(&page), buf_slice(&other));
	char *was = vouch(DIGEST_SHA512, "7");
	char *is = vouch(DIGEST_SHA512, "7 ");
	expect(m, was, is);
	free(was);
	free(is);
	was = vouch(DIGEST_SHA512, "99999");
	expect(m, was, NULL);
	free(was);
	buf_release(&page);
	buf_release(&other);
	digest_map_free(m);
}

/* Every start of a token, in memory of just its length. */
static void test_starts(void **state)
{
	(void)state;
	struct slice token =
	    SLICE("sha256-" START "&#x2b;" MIDDLE "\\u002fTng&#61;");
	for (size_t len = 0; len <= token.len; len++) {
		uint8_t *copy = xmalloc(len);
		memcpy(copy, token.data, len);
		/* "&#6" is no '=', nor "&#" or '&' */
		assert_int_equal(integrity_named((struct slice){copy, len}),
				 len >= token.len - 5);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors), cmocka_unit_test(test_places),
	    cmocka_unit_test(test_writing), cmocka_unit_test(test_several),
	    cmocka_unit_test(test_inline),  cmocka_unit_test(test_long),
	    cmocka_unit_test(test_many),    cmocka_unit_test(test_starts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
