/* Regular expressions: the added words, faults, and that matching ends. */
#include "unit.h"

#include "guard.h"

#include "rewrite/pattern.h"

#include <stdlib.h>
#include <time.h>

#define SECONDS 0.15 /* of processor time for a search */

static struct pattern *compile(const char *text, unsigned flags)
{
	struct fault fault = {0};
	struct pattern *p = pattern_new(slice_of(text), flags, &fault);
	if (!p)
		fail_msg("%s: %zu: %.*s", text, fault.at, (int)fault.text.len,
			 (const char *)fault.text.data);
	return p;
}

static double seconds_used(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What matches first at or after from; data NULL: nothing. */
static struct slice find(const char *pattern, unsigned flags, struct slice text,
			 size_t from)
{
	struct pattern *p = compile(pattern, flags);
	struct matcher *m = matcher_new();
	struct slice whole = {0};
	enum pattern_result result;
	matcher_begin(m, 10);
	result = pattern_find(p, m, text, from, false);
	assert_true(result == PATTERN_FOUND || result == PATTERN_NONE);
	if (result == PATTERN_FOUND)
		whole = matcher_group(m, 0);
	matcher_free(m);
	pattern_free(p);
	return whole;
}

static void assert_finds(const char *pattern, unsigned flags, const char *text,
			 const char *expected)
{
	struct slice found = find(pattern, flags, slice_of(text), 0);
	if (!expected && !found.data)
		return;
	if (!expected || !slice_same(found, slice_of(expected)))
		fail_msg("%s in %s: %.*s", pattern, text, (int)found.len,
			 (const char *)found.data);
}

static void test_words(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *text, *found;
	} cases[] = {
	    {"{ip}", 0, "at 192.0.2.7 now", "192.0.2.7"},
	    {"{ip}", 0, "1.2.3.4.example 5.6.7.8", "5.6.7.8"},
	    {"{ip}", 0, "1.2.3.4@h 5.6.7.8", "5.6.7.8"},
	    {"{ip}", 0, "no", NULL},
	    {"{ip}", 0, "", NULL},
	    {"a{ip}", 0, "a1.2.3.4", NULL},
	    {"a {ip}", 0, "a 1.2.3.4", "a 1.2.3.4"},
	    {"a {ip}", PATTERN_EXTENDED, "a1.2.3.4", NULL},
	    {"= {ip} # address", PATTERN_EXTENDED, "=1.2.3.4", "=1.2.3.4"},
	    {"={ip}#", PATTERN_EXTENDED, "=1.2.3.4", "=1.2.3.4"},
	    {"={ip}", PATTERN_UTF, "=1.2.3.4", "=1.2.3.4"},
	    {"={ip}", PATTERN_DOTALL | PATTERN_MULTILINE, "=1.2.3.4",
	     "=1.2.3.4"},
	    {"(?U)={ip}.*", 0, "=1.2.3.4 x", "=1.2.3.4"},
	    {"(?xx)= {ip}", 0, "=1.2.3.4 x", "=1.2.3.4"},
	    {"^{ip}$", 0, "1.2.3.4", "1.2.3.4"},
	    {"{ip}?x", 0, "1.2.3.4x", "x"},
	    {"(?:{ip},?)+", 0, "1.2.3.4,5.6.7.8,x", "1.2.3.4,5.6.7.8,"},
	    {"{ip}{2}", 0, "1.2.3.4", NULL},
	    {"({ip}|host)/x", 0, "host/x", "host/x"},
	    {"({ip}|host)/x", 0, "1.2.3.4/x", "1.2.3.4/x"},
	    {"{ip} \\d", 0, "1.2.3.4 x 1.2.3.4 5", "1.2.3.4 5"},
	    {"(?<!v){ip}", 0, "v1 2", "2"},
	    {"(?={ip})1", 0, "1.2.3.4", "1"},
	    {"(?!{ip})\\d", 0, "1.2.3.4.5", "1"},
	    {"{link}", 0, "http://host", "://"},
	    {"http{link}", 0, "http://host", "http://"},
	    {"http{link}", PATTERN_NOCASE, "HTTP://host", "HTTP://"},
	    {"{link}host", 0, "//host", "//host"},
	    {"{link}host", 0, "http://www.example/ \"//host\"", "//host"},
	    {"{link}{ip}", 0, "http://u@1.2.3.4/", "://u@1.2.3.4"},
	    {"({link}){ip}", PATTERN_UTF, "\xe9\xa9\xac http://1.2.3.4/",
	     "://1.2.3.4"},
	    {"({link})?{ip}", 0, "1.2.3.4/", "1.2.3.4"},
	    {"({link})({ip})?", 0, "http://host http://1.2.3.4/", "://"},
	    {"({link})({ip})|x", 0, "x http://1.2.3.4/", "x"},
	    {"({link}) ?({ip})", PATTERN_EXTENDED, "1.2.3.4/", "1.2.3.4"},
	    {"({link})(?#c)?({ip})", 0, "1.2.3.4/", "1.2.3.4"},
	    {"({link})({ip}):\\d+", 0, "http://1.2.3.4/ http://5.6.7.8:90",
	     "://5.6.7.8:90"},
	    {"({link})({ip})/.*b.*c", 0, "http://1.2.3.4/abc",
	     "://1.2.3.4/abc"},
	    /* No words. */
	    {"[{ip}]+", 0, "x{pi}", "{pi}"},
	    {"[]{ip}]+", 0, "x{pi]", "{pi]"},
	    {"[^]{ip}]+", 0, "{ip}xy", "xy"},
	    {"[[:alpha:]{]+[{ip}]", 0, "{a}", "{a}"},
	    {"\\{ip}", 0, "x{ip}", "{ip}"},
	    {"\\Q{ip}\\E", 0, "x{ip}", "{ip}"},
	    {"\\Q{ip}", 0, "x{ip}", "{ip}"},
	    {"[\\]{ip}]+", 0, "x{pi]", "{pi]"},
	    {"(?<ip>a)\\k{ip}", 0, "aa", "aa"},
	    {"(?<ip>a)\\g{ip}", 0, "aa", "aa"},
	    {"a(?#{ip})b", 0, "ab", "ab"},
	    {"a#{ip}\nb", PATTERN_EXTENDED, "ab", "ab"},
	    {"{IP}", 0, "x{IP}", "{IP}"},
	    {"{ip", 0, "x{ip", "{ip"},
	};
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_finds(cases[i].pattern, cases[i].flags, cases[i].text,
			     cases[i].found);
}

/* Where a callout is put before the expression, it stays what it was. */
static void test_hooked(void **state)
{
	(void)state;
	assert_finds("a+x|b+y|c+z", 0, "cc bby", "bby");
	assert_finds("(?x)a+ b+ # end", 0, "aabb", "aabb");
	assert_finds("a+ b+ # end", PATTERN_EXTENDED, "aabb", "aabb");
	assert_finds("a+b+\\Qc+", 0, "aabbc+", "aabbc+");
	assert_finds("a+b+\\Q\\", 0, "aabb\\", "aabb\\");
	assert_finds("(a+)(?1)b", 0, "xaab", "aab");
	assert_finds("a+(?i)b+", 0, "AaBB", "aBB");
	assert_finds("(?|(a+)|(b+))\\1", 0, "aba", NULL);
	assert_finds("\\A(\\((?:[^()]|(?1))*\\))\\z", 0, "((a)(b))",
		     "((a)(b))");
	assert_finds("(?s).*a.*b", 0, "\nxayb", "\nxayb");
}

/* Many alternatives: another callout. */
static void test_alternatives(void **state)
{
	(void)state;
	static const char ten[] = "(?:\\.(?:a|b|c|d|e|f|g|h|exe)|[|]|\\||x)$";
	assert_finds(ten, 0, "a.exe", ".exe");
	assert_finds(ten, 0, "a|", "|");
	assert_finds(ten, 0, "a.i", NULL);
	assert_finds("(?<=a|b|c|d|e|f|g|h)x", 0, "xyhx", "x");
	assert_finds("(?(?=a)a|b)(?:c|d|e|f|g|h|i|j)", 0, "abi", "bi");
}

/* Searches go on in pieces of the subject; what stands before a piece is still
 * seen, and so is what begins exactly at its border. */
static void test_pieces(void **state)
{
	(void)state;
	static const char *const patterns[] = {
	    "(?<=y)x",     "(?<=y)x[^x]*",         "\\bx",
	    "(?<=[^x])x$", "(?<!a)x(?:b+|c+|d)*$", "yx|z",
	};
	struct buf text = {0};
	size_t len = 20000;
	memset(buf_reserve(&text, len), 'a', len);
	text.len = len;
	for (size_t at = 1; at < len; at += at < 3000 ? 37 : 1009) {
		text.data[at - 1] = at % 2 ? 'y' : ' ';
		text.data[at] = 'x';
		struct slice s = slice_to(buf_slice(&text), at + 1);
		for (size_t i = 0; i < COUNT(patterns); i++) {
			if ((at % 2 == 0) == (i == 0 || i == 1 || i == 5))
				continue;
			if (at % 2 && i == 2)
				continue;
			struct slice found = find(patterns[i], 0, s, 0);
			assert_non_null(found.data);
			assert_ptr_equal(found.data + found.len,
					 s.data + s.len);
		}
		text.data[at - 1] = text.data[at] = 'a';
	}
	buf_release(&text);
}

static void test_from_and_again(void **state)
{
	(void)state;
	struct matcher *m = matcher_new();
	struct pattern *p = compile("x*", 0);
	struct slice text = SLICE("axb");
	matcher_begin(m, 1);
	assert_int_equal(pattern_find(p, m, text, 0, false), PATTERN_FOUND);
	assert_ptr_equal(matcher_group(m, 0).data, text.data);
	assert_int_equal(pattern_find(p, m, text, 0, true), PATTERN_FOUND);
	assert_ptr_equal(matcher_group(m, 0).data, text.data + 1);
	assert_int_equal(matcher_group(m, 0).len, 1);
	assert_int_equal(pattern_find(p, m, text, 3, false), PATTERN_FOUND);
	assert_int_equal(pattern_find(p, m, text, 3, true), PATTERN_NONE);
	assert_int_equal(pattern_find(p, m, text, 4, false), PATTERN_NONE);
	assert_null(matcher_group(m, 0).data);
	pattern_free(p);
	p = compile("^a", 0);
	assert_int_equal(pattern_find(p, m, SLICE("aa"), 1, false),
			 PATTERN_NONE);
	pattern_free(p);
	p = compile(".*b", 0);
	assert_int_equal(pattern_find(p, m, SLICE("aa\nab"), 1, false),
			 PATTERN_FOUND);
	assert_text(matcher_group(m, 0), "ab");
	pattern_free(p);
	matcher_free(m);
}

static void test_groups(void **state)
{
	(void)state;
	struct matcher *m = matcher_new();
	struct pattern *p = compile("(?<one>a)(b)?(?<three>c)?", 0);
	assert_int_equal(pattern_groups(p), 3);
	assert_int_equal(pattern_group(p, SLICE("one")), 1);
	assert_int_equal(pattern_group(p, SLICE("three")), 3);
	assert_int_equal(pattern_group(p, SLICE("two")), 0);
	assert_int_equal(pattern_group(p, SLICE("")), 0);
	assert_int_equal(pattern_group(p, SLICE("one\0")), 1);
	assert_int_equal(
	    pattern_group(p, SLICE("a_name_of_more_than_thirty_two_bytes")), 0);
	assert_int_equal(pattern_find(p, m, SLICE("xac"), 0, false),
			 PATTERN_FOUND);
	assert_text(matcher_group(m, 0), "ac");
	assert_text(matcher_group(m, 1), "a");
	assert_null(matcher_group(m, 2).data);
	assert_text(matcher_group(m, 3), "c");
	assert_null(matcher_group(m, 4).data);
	assert_null(matcher_group(m, 1000000).data);
	pattern_free(p);

	struct buf many = {0};
	for (size_t i = 0; i < 300; i++)
		buf_add_string(&many, "(a)");
	buf_add_byte(&many, 0);
	p = compile((const char *)many.data, 0);
	assert_int_equal(pattern_groups(p), 300);
	many.len = 0;
	for (size_t i = 0; i < 300; i++)
		buf_add_byte(&many, 'a');
	assert_int_equal(pattern_find(p, m, buf_slice(&many), 0, false),
			 PATTERN_FOUND);
	assert_text(matcher_group(m, 300), "a");
	buf_release(&many);
	pattern_free(p);
	matcher_free(m);
	matcher_free(NULL);
	pattern_free(NULL);
}

static void test_utf(void **state)
{
	(void)state;
	struct matcher *m = matcher_new();
	struct pattern *p = compile("\xc3\xa9.", PATTERN_UTF);
	uint8_t text[] = "a\xc3\xa9\xc3\xa9z";
	struct slice s = {text, sizeof text - 1};
	assert_int_equal(pattern_find(p, m, s, 0, false), PATTERN_FOUND);
	assert_text(matcher_group(m, 0), "\xc3\xa9\xc3\xa9");
	/* Amid a character. */
	assert_int_equal(pattern_find(p, m, s, 2, false), PATTERN_FOUND);
	assert_text(matcher_group(m, 0), "\xc3\xa9z");
	/* Another text at the same address. */
	text[4] = 'a';
	assert_int_equal(pattern_find(p, m, s, 0, false), PATTERN_NOT_UTF);
	assert_int_equal(pattern_find(p, m, s, 3, false), PATTERN_NOT_UTF);
	assert_int_equal(pattern_find(p, m, SLICE("\xed\xa0\x80"), 0, false),
			 PATTERN_NOT_UTF);
	assert_int_equal(pattern_find(p, m, SLICE("\xc3"), 0, false),
			 PATTERN_NOT_UTF);
	assert_int_equal(pattern_find(p, m, SLICE(""), 0, false), PATTERN_NONE);
	pattern_free(p);
	p = compile("\xc3\xa9", 0);
	assert_int_equal(pattern_find(p, m, s, 0, false), PATTERN_FOUND);
	pattern_free(p);
	matcher_free(m);
}

/* Another text of bytes between does not make the first one checked. */
static void test_utf_is_checked_anew(void **state)
{
	(void)state;
	struct matcher *m = matcher_new();
	struct pattern *bytes = compile("b", 0);
	struct pattern *utf = compile("b", PATTERN_UTF);
	uint8_t text[] = "aab";
	struct slice s = {text, 3};
	assert_int_equal(pattern_find(utf, m, s, 0, false), PATTERN_FOUND);
	text[1] = 0xff;
	assert_int_equal(pattern_find(bytes, m, s, 0, false), PATTERN_FOUND);
	assert_int_equal(pattern_find(utf, m, s, 1, false), PATTERN_NOT_UTF);
	pattern_free(utf);
	pattern_free(bytes);
	matcher_free(m);
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *text;
		size_t at;
	} faults[] = {
	    {"(a", 0, "missing closing parenthesis", 2},
	    {"a)", 0, "unmatched closing parenthesis", 1},
	    {"a+b+)(", 0, "unmatched closing parenthesis", 4},
	    {"[a", 0, "missing terminating ] for character class", 2},
	    {"*a", 0, "quantifier does not follow a repeatable item", 0},
	    {"a\\", 0, "\\ at end of pattern", 2},
	    {"{ip}(a", 0, "missing closing parenthesis", 6},
	    {"({link})({ip})(a", 0, "missing closing parenthesis", 16},
	    {"{ip})a", 0, "unmatched closing parenthesis", 4},
	    {"a{ip}**", 0, "quantifier does not follow a repeatable item", 6},
	    {"a(?C)b", 0, "callouts are not known here", 3},
	    {"a(?C1)b", 0, "callouts are not known here", 3},
	    {"a(?C254)b", 0, "callouts are not known here", 3},
	    {"a(?C'x')b", 0, "callouts are not known here", 3},
	    {"(*LIMIT_MATCH=9)a", 0, "this verb is not known here", 2},
	    {"(*NO_JIT)a", 0, "this verb is not known here", 2},
	    {"(*UTF)a", 0, "this verb is not known here", 2},
	    {"(*CRLF)a", 0, "this verb is not known here", 2},
	    {"a(*SKIP)b", 0, "this verb is not known here", 3},
	    {"a(*COMMIT)b", 0, "this verb is not known here", 3},
	    {"\\Ga", 0, "\\G is not known here", 0},
	    {"a\\Cb", 0, "using \\C is disabled by the application", 3},
	    {"\\x{100}", 0,
	     "character code point value in \\x{} or \\o{} is too large", 6},
	};
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct fault f = {0};
		struct guard g = guard_copy(slice_of(faults[i].pattern));
		assert_null(pattern_new(g.bytes, faults[i].flags, &f));
		assert_text(buf_slice(&f.text), faults[i].text);
		if (f.at != faults[i].at)
			fail_msg("%s: %zu", faults[i].pattern, f.at);
		buf_release(&f.text);
		guard_free(&g);
	}
}

/* Whatever is written: no over-read, and a fault lies in the text. */
static void test_cut_patterns(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "({link})({ip})[^]{ip}[:x:]\\Q{ip}\\E]{ip}*+?{1,2}|a",
	    "(?#c)\\Q\\E\\k{ip}\\g{1}(?<n>a)(?P>n)(?1)(?R)(*ACCEPT)(?-1)",
	    "a|b|c|d|e|f|g|h|[|]\\|#\n(*pla:x)(?i-x:a)\\x{41}\\N\\X\\R",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice whole = slice_of(texts[i]);
		for (size_t len = 0; len <= whole.len; len++) {
			for (unsigned flags = 0; flags < 32; flags += 8) {
				struct fault f = {0};
				struct guard g =
				    guard_copy(slice_to(whole, len));
				struct pattern *p =
				    pattern_new(g.bytes, flags, &f);
				assert_true(p || f.text.len);
				assert_true(f.at <= len);
				pattern_free(p);
				buf_release(&f.text);
				guard_free(&g);
			}
		}
	}
}

/* Compiling ends too: with a fault, or in time. */
static void test_huge_patterns(void **state)
{
	(void)state;
	static const char *const parts[] = {
	    "a",      "(",      "[",    "a{1,60000}",  "{ip}",  "(a|",
	    "\\Q",    "(?:",    "a|",   "(?:a{9}){9}", "(?=a)", "(a?)",
	    "[a-z]+", "\\p{L}", "(?1)", "{link}",      "a*",    "(?<=a|b)",
	};
	static const size_t lengths[] = {1000, 30000, 60000, 100000};
	for (size_t i = 0; i < COUNT(parts) * COUNT(lengths); i++) {
		struct fault f = {0};
		struct buf text = {0};
		double before = seconds_used();
		while (text.len < lengths[i % COUNT(lengths)])
			buf_add_string(&text, parts[i / COUNT(lengths)]);
		struct pattern *p = pattern_new(buf_slice(&text), 0, &f);
		assert_true(p || f.text.len);
		assert_true(f.at <= text.len);
		if (seconds_used() - before > 5)
			fail_msg("%zu of %s", text.len,
				 parts[i / COUNT(lengths)]);
		pattern_free(p);
		buf_release(&f.text);
		buf_release(&text);
	}
}

/* ---- That it ends. ---- */

static const struct {
	const char *pattern;
	bool limit; /* it cannot end otherwise */
} slow[] = {
    {"(a+)+b", true},
    {"a*b", false},
    {"(a|aa)+$", false},
    {"(.*)*x", false},
    {".*.*=.*", false},
    {"(?s).*.*=.*", false},
    {"(?s)a.*b.*c", false},
    {"a*a*a*b", true},
    {"\\w*[0-9]", false},
    {"a+?b", false},
    {"(?=(a*))\\1b", false},
    {"(.)*\\1b", false},
    {"(a?){40}[xy]", true},
    {"(?i:(a+)*)\\1x", true},
    {"a(?R)?b", false},
    {"(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)"
     "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)"
     "(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)[xy]",
     true},
    {"(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)[xy]", false},
    {"({link}|a)*x", false},
    {"(?:{ip}|a)*x", false},
};

/* Searches for SECONDS, and fails if that took more than so many over. Where
 * the machine is a virtual one, its host's other work counts as processor time
 * of ours: only a search that is late every time does not end in time. */
static enum pattern_result find_in_time(const struct pattern *p,
					struct matcher *m, struct slice text,
					double over, const char *what)
{
	double used = 0;
	for (int tries = 0; tries < 3; tries++) {
		double before = seconds_used();
		matcher_begin(m, SECONDS);
		enum pattern_result result = pattern_find(p, m, text, 0, false);
		used = seconds_used() - before;
		if (used <= SECONDS + over)
			return result;
	}
	fail_msg("%s: %.1f s", what, used);
	return PATTERN_LIMIT;
}

static void assert_ends(size_t i, struct slice text)
{
	struct pattern *p = compile(slow[i].pattern, 0);
	struct matcher *m = matcher_new();
	enum pattern_result result =
	    find_in_time(p, m, text, 0.5, slow[i].pattern);
	if (slow[i].limit)
		assert_int_equal(result, PATTERN_LIMIT);
	assert_true(result == PATTERN_LIMIT || result == PATTERN_NONE ||
		    !strcmp(slow[i].pattern, "(a|aa)+$"));
	/* Another thing has its time again. */
	matcher_begin(m, 1);
	assert_int_equal(
	    pattern_find(p, m, SLICE("a"), 0, false) == PATTERN_LIMIT, false);
	matcher_free(m);
	pattern_free(p);
}

static void test_ends(void **state)
{
	(void)state;
	struct buf text = {0};
	size_t len = 10000000;
	memset(buf_reserve(&text, len), 'a', len);
	text.len = len;
	for (size_t i = 0; i < COUNT(slow); i++)
		assert_ends(i, slice_to(buf_slice(&text), 1000000));
	for (size_t i = 0; i < 5; i++)
		assert_ends(i, buf_slice(&text));
	buf_release(&text);
}

/* Many searches that are short each come to an end too. */
static void test_all_together_end(void **state)
{
	(void)state;
	struct pattern *p = compile("a(?:b|c)+d", 0);
	struct matcher *m = matcher_new();
	struct slice text = SLICE("xxxxxxxxxxxxxxxxxabcbcbcbcbc");
	double before = seconds_used();
	matcher_begin(m, 0.1);
	while (pattern_find(p, m, text, 0, false) == PATTERN_NONE)
		assert_true(seconds_used() - before < 5);
	matcher_free(m);
	pattern_free(p);
}

/* Texts in which link.c and written.c look as far as they ever do. */
static void test_links_end(void **state)
{
	(void)state;
	static const char *const rows[] = {
	    "\"//",      "=//",    "://",      "//",        "/",
	    "\\",        "&#47;",  "&#47",     "%2f",       "a://",
	    "http://a:", "(//",    ", //",     "http://1.", "http://[1:",
	    "\\x2f",     "&",      "%",        "http://@",  "http:",
	    "http://1:", "1.",     "&#49;",    "[1:",       "\"; //",
	    "0",         "&#0000", "\"\\//\"", "\" //",     "&bsol;",
	};
	static const char *const patterns[] = {"({link})({ip})", "({link})x",
					       "({link}|y)x", "({ip})x",
					       "(https?:)//({ip})x"};
	struct matcher *m = matcher_new();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf text = {0};
		while (text.len < 300000)
			buf_add_string(&text, rows[i]);
		for (size_t k = 0; k < COUNT(patterns); k++) {
			struct pattern *p = compile(patterns[k], 0);
			char what[64];
			snprintf(what, sizeof what, "%s in %s", patterns[k],
				 rows[i]);
			find_in_time(p, m, buf_slice(&text), 2.0, what);
			pattern_free(p);
		}
		buf_release(&text);
	}
	matcher_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_hooked),
	    cmocka_unit_test(test_alternatives),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_from_and_again),
	    cmocka_unit_test(test_groups),
	    cmocka_unit_test(test_utf),
	    cmocka_unit_test(test_utf_is_checked_anew),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_cut_patterns),
	    cmocka_unit_test(test_huge_patterns),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_all_together_end),
	    cmocka_unit_test(test_links_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
