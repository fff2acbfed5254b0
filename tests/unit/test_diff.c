/* Differences by lines and words, and the unified form of them. */
#include "unit.h"

#include "rewrite/unified.h"
#include "capture/visible.h"

#include <stdlib.h>
#include <time.h>

/* Deterministic. */
static uint32_t any(uint32_t below)
{
	static uint32_t state = 1;
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct slice part(struct slice s, size_t at, size_t len)
{
	assert_true(at + len <= s.len);
	return slice_to(slice_from(s, at), len);
}

/* The changes lead from old to new, and between them all is equal. Returns how
 * many bytes they take away and put in. */
static size_t check_changes(const struct diff *d, struct slice old,
			    struct slice new)
{
	size_t at = 0, new_at = 0, bytes = 0;
	for (size_t i = 0; i < d->count; i++) {
		const struct change *c = &d->changes[i];
		assert_true(c->len || c->new_len);
		assert_true(i == 0 || c->at > at);
		assert_true(slice_equal(part(old, at, c->at - at),
					part(new, new_at, c->new_at - new_at)));
		at = c->at + c->len;
		new_at = c->new_at + c->new_len;
		bytes += c->len + c->new_len;
	}
	assert_true(slice_equal(part(old, at, old.len - at),
				part(new, new_at, new.len - new_at)));
	return bytes;
}

static size_t bytes_of(struct slice old, struct slice new, enum diff_unit unit,
		       size_t effort)
{
	struct diff d;
	diff_find(&d, old, new, unit, &effort);
	size_t bytes = check_changes(&d, old, new);
	diff_release(&d);
	return bytes;
}

/* The least that can differ, by the longest common subsequence. */
static size_t least(struct slice old, struct slice new)
{
	static size_t table[64][64];
	for (size_t i = 0; i <= old.len; i++)
		for (size_t j = 0; j <= new.len; j++) {
			if (!i || !j)
				table[i][j] = i + j;
			else if (old.data[i - 1] == new.data[j - 1])
				table[i][j] = table[i - 1][j - 1];
			else
				table[i][j] =
				    1 + (table[i - 1][j] < table[i][j - 1]
					     ? table[i - 1][j]
					     : table[i][j - 1]);
		}
	return table[old.len][new.len];
}

static void test_least(void **state)
{
	(void)state;
	uint8_t texts[2][40];
	for (unsigned i = 0; i < 20000; i++) {
		struct slice s[2];
		for (unsigned k = 0; k < 2; k++) {
			s[k] = (struct slice){texts[k], any(40)};
			for (size_t n = 0; n < s[k].len; n++)
				texts[k][n] = "+/*?"[any(4)];
		}
		assert_int_equal(bytes_of(s[0], s[1], DIFF_WORDS, DIFF_EFFORT),
				 least(s[0], s[1]));
	}
}

/* Lines and words of all kinds of ends, with much and no effort. */
static void test_any_texts(void **state)
{
	(void)state;
	uint8_t texts[2][200];
	for (unsigned i = 0; i < 20000; i++) {
		struct slice s[2];
		for (unsigned k = 0; k < 2; k++) {
			s[k] = (struct slice){texts[k], any(200)};
			for (size_t n = 0; n < s[k].len; n++)
				texts[k][n] = "ab.\n\n\x80 \r"[any(8)];
		}
		enum diff_unit unit = i % 2 ? DIFF_LINES : DIFF_WORDS;
		bytes_of(s[0], s[1], unit, i % 3 ? DIFF_EFFORT : i % 50);
	}
}

static void add_line(struct buf *b, unsigned long n, const char *end)
{
	buf_printf(b, "line %lu of a text that a rule may change%s\n", n, end);
}

/* More differences than one stride has, with another number of lines. */
static void test_strides(void **state)
{
	(void)state;
	struct buf old = {0}, new = {0};
	size_t changed = 0;
	for (unsigned i = 0; i < 20000; i++) {
		size_t before = old.len + new.len;
		add_line(&old, i, "");
		add_line(&new, i, i % 3 ? "" : ", changed");
		if (!(i % 30))
			add_line(&new, i, ", new");
		if (!(i % 3))
			changed += old.len + new.len - before;
	}
	size_t bytes =
	    bytes_of(buf_slice(&old), buf_slice(&new), DIFF_LINES, DIFF_EFFORT);
	assert_in_range(bytes, changed, changed + changed / 10);
	buf_release(&old);
	buf_release(&new);
}

/* 5 MB in which three lines change: not slower than reading it a few times. */
static void test_few_changes(void **state)
{
	(void)state;
	struct buf old = {0}, new = {0};
	for (unsigned i = 0; old.len < 5000000; i++) {
		add_line(&old, i, "");
		add_line(&new, i,
			 i == 7 || i == 50000 || i == 90000 ? "!" : "");
	}
	double began = seconds();
	size_t bytes =
	    bytes_of(buf_slice(&old), buf_slice(&new), DIFF_LINES, DIFF_EFFORT);
	assert_true(seconds() - began < 2); /* sanitized */
	assert_true(bytes < 400);
	buf_release(&old);
	buf_release(&new);
}

static void fill(struct buf *b, size_t len, const char *bytes)
{
	while (b->len < len)
		buf_add_byte(b, (uint8_t)bytes[any((uint32_t)strlen(bytes))]);
}

/* 64 MB in which everything differs: bounded, whatever the lines are like. */
static void test_all_differs(void **state)
{
	(void)state;
	static const char *const bytes[][2] = {
	    {"a\n", "b\n"}, {"\n", "x\n"}, {"abcdefghijklmn\n", "opqrstuv\n"}};
	for (size_t i = 0; i < COUNT(bytes); i++) {
		struct buf old = {0}, new = {0};
		fill(&old, 64 << 20, bytes[i][0]);
		fill(&new, 64 << 20, bytes[i][1]);
		double began = seconds();
		bytes_of(buf_slice(&old), buf_slice(&new),
			 i ? DIFF_LINES : DIFF_WORDS, DIFF_EFFORT);
		assert_true(seconds() - began < 60); /* sanitized */
		buf_release(&old);
		buf_release(&new);
	}
}

/* ---- the unified form ---- */

static char *unified(struct slice old, struct slice new, bool colour, bool full)
{
	char *text;
	size_t len, effort = DIFF_EFFORT;
	FILE *out = open_memstream(&text, &len);
	struct unified u = {.out = out, .colour = colour, .full = full};
	unified_print(&u, old, new, &effort);
	fclose(out);
	return text;
}

static void check_unified(const char *old, const char *new, const char *want)
{
	char *got = unified(slice_of(old), slice_of(new), false, false);
	assert_string_equal(got, want);
	free(got);
}

static void test_hunks(void **state)
{
	(void)state;
	check_unified("", "", "");
	check_unified("a\n", "a\n", "");
	check_unified("a\n", "b\n", "@@ -1,1 +1,1 @@\n-a\n+b\n");
	check_unified("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
	check_unified("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n");
	check_unified("1\n2\n3\n4\n5\n6\n7\n8\n9\n",
		      "1\n2\n3\n4\n5!\n6\n7\n8\n9\n",
		      "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+5!\n 6\n 7\n 8\n");
	/* six lines between two changes join them, seven do not */
	check_unified("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
		      "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n"
		      "-b\n+B\n");
	check_unified("a\n1\n2\n3\n4\n5\n6\n7\nb\n",
		      "A\nAA\n1\n2\n3\n4\n5\n6\n7\nB\n",
		      "@@ -1,4 +1,5 @@\n-a\n+A\n+AA\n 1\n 2\n 3\n"
		      "@@ -6,4 +7,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

#define NO_NEWLINE "\\ No newline at end of file\n"

static void test_no_newline(void **state)
{
	(void)state;
	check_unified("a", "b",
		      "@@ -1,1 +1,1 @@\n-a\n" NO_NEWLINE "+b\n" NO_NEWLINE);
	check_unified("a", "a\n", "@@ -1,1 +1,1 @@\n-a\n" NO_NEWLINE "+a\n");
	check_unified("a\n", "a", "@@ -1,1 +1,1 @@\n-a\n+a\n" NO_NEWLINE);
	check_unified("a\nb", "A\nb",
		      "@@ -1,2 +1,2 @@\n-a\n+A\n b\n" NO_NEWLINE);
}

static void test_line_ends(void **state)
{
	(void)state;
	check_unified("a\r\nb\r\n", "A\r\nb\r\n",
		      "@@ -1,2 +1,2 @@\n-a\n+A\n b\n");
	check_unified("a\r\nb\n", "A\r\nb\n",
		      "@@ -1,2 +1,2 @@\n-a\\x0D\n+A\\x0D\n b\n");
	check_unified("a\rb\r\n", "A\rb\r\n",
		      "@@ -1,1 +1,1 @@\n-a\\x0Db\n+A\\x0Db\n");
}

static void test_escapes(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *seen;
	} cases[] = {
	    {"a\tb\\x", "a\tb\\x"},
	    {"\x1b[31m\a\x7f", "\\x1B[31m\\x07\\x7F"},
	    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
	     "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
	    {"\xfc", "\\xFC"},
	    {"\xc3", "\\xC3"},
	    {"\xc2\x9b", "\\xC2\\x9B"},  /* CSI */
	    {"\xe2\x80\xae\xe2\x80\xac", /* right to left, and its end */
	     "\\xE2\\x80\\xAE\\xE2\\x80\\xAC"},
	    {"\xef\xbb\xbf", "\\xEF\\xBB\\xBF"}, /* a byte order mark */
	    {"\xc0\x9b", "\\xC0\\x9B"},          /* too long */
	    {"\xe0\x82\x9b", "\\xE0\\x82\\x9B"}, /* too long */
	    {"\xed\xa0\x80", "\\xED\\xA0\\x80"}, /* a surrogate */
	    {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}, /* past the end */
	    {"\xef\xbf\xbe", "\\xEF\\xBF\\xBE"},          /* no character */
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);
		visible_print(out, slice_of(cases[i].bytes));
		fclose(out);
		assert_string_equal(text, cases[i].seen);
		free(text);
	}
}

/* One line of a megabyte, changed at two places: two windows. */
static void test_windows(void **state)
{
	(void)state;
	struct buf old = {0}, new = {0};
	for (unsigned i = 0; i < 60000; i++) {
		bool here = i == 20000 || i == 40000;
		buf_printf(&old, "v%u=f(%s);", i, here ? "192.0.2.7" : "x");
		buf_printf(&new, "v%u=f(%s);", i, here ? "steered" : "x");
	}
	char *got = unified(buf_slice(&old), buf_slice(&new), false, false);
	assert_true(strlen(got) < 1000);
	assert_non_null(strstr(got, "\xe2\x80\xa6"));
	assert_non_null(strstr(got, "v20000=f(192.0.2.7);v20001=f(x);"));
	assert_non_null(strstr(got, "v40000=f(192.0.2.7);v40001=f(x);"));
	assert_non_null(strstr(got, "v20000=f(steered);v20001=f(x);"));
	assert_null(strstr(got, "v30000="));
	free(got);
	got = unified(buf_slice(&old), buf_slice(&new), false, true);
	assert_true(strlen(got) > old.len + new.len);
	assert_null(strstr(got, "\xe2\x80\xa6"));
	free(got);
	buf_release(&old);
	buf_release(&new);
}

static void test_colour(void **state)
{
	(void)state;
	char *got = unified(SLICE("to 192.0.2.7 now\n"),
			    SLICE("to 192-0-2-7.ip.test now\n"), true, false);
	assert_string_equal(
	    got, "\x1b[36m@@ -1,1 +1,1 @@\x1b[m\n"
		 "\x1b[31m-to \x1b[7m192.0.2.7\x1b[27m now\x1b[m\n"
		 "\x1b[32m+to \x1b[7m192-0-2-7.ip.test\x1b[27m now\x1b[m\n");
	free(got);
}

/* Alone in memory, so that an over-read is seen. */
static struct slice copy(struct slice s)
{
	uint8_t *data = xmalloc(s.len);
	memcpy(data, s.data, s.len);
	return (struct slice){data, s.len};
}

/* Whatever the bytes: no control byte but tab and LF, and no over-read. */
static void test_any_unified(void **state)
{
	(void)state;
	uint8_t texts[2][4000];
	for (unsigned i = 0; i < 3000; i++) {
		struct slice s[2];
		unsigned kinds = 2 + any(7);
		for (unsigned k = 0; k < 2; k++) {
			s[k] = (struct slice){texts[k], any(i % 2 ? 4000 : 60)};
			for (size_t n = 0; n < s[k].len; n++)
				texts[k][n] =
				    (uint8_t) "a\x80 \xc3\n\x1b\r\x9b"[any(
					kinds)];
		}
		if (i % 5 == 0 && s[0].len) {
			s[1].len = s[0].len;
			memcpy(texts[1], texts[0], s[0].len);
			texts[1][any((uint32_t)s[0].len)] = 'b';
		}
		struct slice copies[] = {copy(s[0]), copy(s[1])};
		char *got = unified(copies[0], copies[1], false, i % 3 == 0);
		for (const char *c = got; *c; c++)
			assert_true((uint8_t)*c >= 0x20 || *c == '\n' ||
				    *c == '\t');
		free(got);
		free((void *)copies[0].data);
		free((void *)copies[1].data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_least),
	    cmocka_unit_test(test_any_texts),
	    cmocka_unit_test(test_strides),
	    cmocka_unit_test(test_few_changes),
	    cmocka_unit_test(test_all_differs),
	    cmocka_unit_test(test_hunks),
	    cmocka_unit_test(test_no_newline),
	    cmocka_unit_test(test_line_ends),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_windows),
	    cmocka_unit_test(test_colour),
	    cmocka_unit_test(test_any_unified),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
