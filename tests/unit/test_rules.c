/* Rule files: what they mean, what is said of their mistakes, and which rules
 * fit. */
#include "unit.h"

#include "capture/log.h"
#include "rewrite/glob.h"
#include "rewrite/rulefile.h"
#include "rewrite/rules.h"
#include "rewrite/word.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct slice zone = SLICE("ip.test");
static const char *const conf[] = {"rules.conf"};

/* Every test runs in a folder of its own, so that names are short. */
static char folder[] = "/tmp/test_rules.XXXXXX";

static void write_bytes(const char *path, struct slice bytes)
{
	unlink(path);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes.data, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *text)
{
	write_bytes(path, slice_of(text));
}

/* rules_read, and what it said on standard error, which replaces said. */
static struct rules *read_paths(const char *const *paths, size_t count,
				struct buf *said)
{
	int saved = dup(STDERR_FILENO);
	int out = open("stderr", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && out >= 0);
	dup2(out, STDERR_FILENO);
	struct rules *r = rules_read(paths, count, zone);
	dup2(saved, STDERR_FILENO);
	close(saved);
	off_t len = lseek(out, 0, SEEK_END);
	assert_true(len >= 0);
	buf_clear(said);
	assert_int_equal(
	    pread(out, buf_reserve(said, (size_t)len + 1), (size_t)len, 0),
	    len);
	said->len = (size_t)len;
	close(out);
	return r;
}

static void expect_said(const struct buf *said, const char *expected)
{
	if (!slice_equal(buf_slice(said), slice_of(expected)))
		print_error("said:\n%.*sexpected:\n%s", (int)said->len,
			    (const char *)said->data, expected);
	assert_true(slice_equal(buf_slice(said), slice_of(expected)));
}

/* Rules without a word said about them. */
static struct rules *read_bytes(struct slice bytes)
{
	struct buf said = {0};
	write_bytes(conf[0], bytes);
	struct rules *r = read_paths(conf, 1, &said);
	expect_said(&said, "");
	assert_non_null(r);
	buf_release(&said);
	return r;
}

static struct rules *read_text(const char *text)
{
	return read_bytes(slice_of(text));
}

/* That the files as they are, rules.conf first, are faulty, and just so. */
static void expect_mistakes(const char *expected)
{
	struct buf said = {0};
	struct rules *r = read_paths(conf, 1, &said);
	expect_said(&said, expected);
	assert_null(r);
	buf_release(&said);
}

/* The same of what is fine but for a word about it. */
static void expect_warning(const char *expected, size_t count)
{
	struct buf said = {0};
	struct rules *r = read_paths(conf, 1, &said);
	expect_said(&said, expected);
	assert_non_null(r);
	assert_int_equal(r->count, count);
	rules_free(r);
	buf_release(&said);
}

static const char example[] =
    "# conditions                     part             substitution\n"
    "type=text/*                      body             "
    "s{(https?:)//({ip})}{$1//${steer:2}}gi\n"
    "host=*.evil.example status=30x   header Location  "
    "s{^http://({ip})}{http://${steer:1}}i\n"
    "                                 target           "
    "s{([?&])_=\\d+}{$1_=0}\n"
    "type=text/html                   body             "
    "s{ integrity=\"[^\"]*\"}{}gi\n"
    "                                 header Strict-Transport-Security "
    "delete\n"
    "path=/gate.php                   status           set 200 OK\n"
    "                                 header X-Replayed set yes\n";

static void test_example(void **state)
{
	(void)state;
	static const struct {
		unsigned line;
		size_t conditions;
		enum rule_part part;
		const char *name;
		enum rule_action action;
		bool all;
		const char *value;
	} expected[] = {
	    {2, 1, PART_BODY, "", ACTION_SUBSTITUTE, true, ""},
	    {3, 2, PART_HEADER, "Location", ACTION_SUBSTITUTE, false, ""},
	    {4, 0, PART_TARGET, "", ACTION_SUBSTITUTE, false, ""},
	    {5, 1, PART_BODY, "", ACTION_SUBSTITUTE, true, ""},
	    {6, 0, PART_HEADER, "Strict-Transport-Security", ACTION_DELETE,
	     false, ""},
	    {7, 1, PART_STATUS, "", ACTION_SET, false, "200 OK"},
	    {8, 0, PART_HEADER, "X-Replayed", ACTION_SET, false, "yes"},
	};
	struct rules *r = read_text(example);
	assert_int_equal(r->count, COUNT(expected));
	assert_true(r->has_targets);
	assert_text(r->zone, "ip.test");
	for (size_t i = 0; i < r->count; i++) {
		const struct rule *rule = &r->list[i];
		assert_text(rule->file, "rules.conf");
		assert_int_equal(rule->line, expected[i].line);
		assert_int_equal(rule->condition_count, expected[i].conditions);
		assert_int_equal(rule->part, expected[i].part);
		assert_text(rule->name, expected[i].name);
		assert_int_equal(rule->action, expected[i].action);
		assert_int_equal(rule->substitution.all, expected[i].all);
		assert_int_equal(rule->substitution.pattern != NULL,
				 rule->action == ACTION_SUBSTITUTE);
		assert_text(rule->value, expected[i].value);
	}
	const struct condition *c = r->list[1].conditions;
	assert_int_equal(c[0].key, CONDITION_HOST);
	assert_text(c[0].globs, "*.evil.example");
	assert_int_equal(c[1].key, CONDITION_STATUS);
	assert_text(c[1].globs, "30x");
	assert_text(r->list[2].text, "target           s{([?&])_=\\d+}{$1_=0}");
	rules_free(r);
}

/* What every rule of the text makes of an answer. */
static void expect_made(const char *text, const char *subject,
			const char *expected)
{
	size_t count;
	struct buf out = {0};
	struct matcher *m = matcher_new();
	struct rules *r = read_text(text);
	assert_int_equal(r->count, 1);
	assert_int_equal(r->list[0].action, ACTION_SUBSTITUTE);
	matcher_begin(m, 1);
	assert_int_equal(substitute(&r->list[0].substitution, m,
				    slice_of(subject), zone, &out, &count),
			 PATTERN_FOUND);
	if (!slice_equal(buf_slice(&out), slice_of(expected)))
		print_error("%s: %.*s\n", text, (int)out.len,
			    (const char *)out.data);
	assert_text(buf_slice(&out), expected);
	rules_free(r);
	matcher_free(m);
	buf_release(&out);
}

static void test_delimiters(void **state)
{
	(void)state;
	static const struct {
		const char *rule, *subject, *expected;
	} made[] = {
	    {"body s/a/b/", "aa", "ba"},
	    {"body s/a/b/g", "aa", "bb"},
	    {"body s/a//g", "axa", "x"},
	    {"body s/a/b/ # why", "aa", "ba"},
	    {"body s/a/b/# why", "aa", "ba"},
	    {"body s#a#b#", "aa", "ba"},
	    {"body s#a#b##", "aa", "ba"},
	    {"body s#a\\#b#c\\#d#g", "a#b", "c#d"},
	    {"body s{a}{b}", "aa", "ba"},
	    {"body s{a{2}}{{b}}", "aa", "{b}"},
	    {"body s{a} {b}g", "aa", "bb"},
	    {"body s{a}\t/b/g", "aa", "bb"},
	    {"body s{a}#b#g", "aa", "bb"},
	    {"body s(a)[b]", "aa", "ba"},
	    {"body s((a)(b))<$2$1>", "ab", "ba"},
	    {"body s[[ab]][c]g", "ab", "cc"},
	    {"body s<a\\>b>{x}", "a>b", "x"},
	    {"body s{a\\}b}{x\\}y}", "a}b", "x}y"},
	    {"body s{\\{}{x}", "{", "x"},
	    /* escaped delimiters that mean nothing to a regex alone */
	    {"body s/a\\/b/c\\/d/", "a/b", "c/d"},
	    {"body s,a{1\\,2}b,x\\,y,", "aab", "x,y"},
	    {"body s!(?\\!b)a!x!", "a", "x"},
	    {"body s:(?\\:a)b:x:", "ab", "x"},
	    {"body s'a\\'b'\"'", "a'b", "\""},
	    /* and what does stays escaped */
	    {"body s|a\\|b|x|", "a|b", "x"},
	    {"body s.a\\.b.x.", "a.b", "x"},
	    {"body s*a\\*b*x*", "a*b", "x"},
	    {"body s?a\\?b?x?", "a?b", "x"},
	    {"body s+a\\+b+x\\+y+", "a+b", "x+y"},
	    {"body s^\\^a^x^", "^a", "x"},
	    {"body s$a\\$b$x\\$1$", "a$b", "x$1"},
	    {"body s-[a\\-c]-x-g", "ab-c", "xbxx"},
	    {"body s/a\\\\/b\\\\/", "a\\", "b\\"},
	    /* flags */
	    {"body s/A/b/i", "a", "b"},
	    {"body s/a b/c/x", "ab", "c"},
	    {"body s/a.b/c/s", "a\nb", "c"},
	    {"body s/^b/c/m", "a\nb", "a\nc"},
	    {"body s/^.$/c/u", "\xc3\xa4", "c"},
	    {"body s/A B/c/gimsxu", "ab", "c"},
	    /* continued */
	    {"body s/a\\\nb/c/", "ab", "c"},
	    {"body \\\n  s{a} \\\r\n  {b}\\\ng\r\n", "aa", "bb"},
	    {"  \t body\ts/a/b/  ", "aa", "ba"},
	    {"\xef\xbb\xbf"
	     "body s/a/b/",
	     "aa", "ba"},
	};
	for (size_t i = 0; i < COUNT(made); i++)
		expect_made(made[i].rule, made[i].subject, made[i].expected);
}

/* Every byte that may be a delimiter is one. */
static void test_all_delimiters(void **state)
{
	(void)state;
	static const char alike[] = "!\"#$%&'*+,-./:;=?@^_`|~)]>}";
	static const char pairs[][2] = {"{}", "()", "[]", "<>"};
	char text[32];
	for (size_t i = 0; alike[i]; i++) {
		char c = alike[i];
		snprintf(text, sizeof text, "body s%cA%cB%ci", c, c, c);
		expect_made(text, "a", "B");
	}
	for (size_t i = 0; i < COUNT(pairs); i++) {
		char c = pairs[i][0], d = pairs[i][1];
		snprintf(text, sizeof text, "body s%cA%c%cB%ci", c, d, c, d);
		expect_made(text, "a", "B");
	}
}

static void test_values(void **state)
{
	(void)state;
	static const struct {
		const char *rule, *value, *text;
	} values[] = {
	    {"header X set yes", "yes", "header X set yes"},
	    {"header X set \t a  b\t ", "a  b", "header X set \t a  b"},
	    {"header X set a # why", "a", "header X set a"},
	    {"header X set a#b", "a#b", "header X set a#b"},
	    {"header X set a \\# b", "a # b", "header X set a \\# b"},
	    {"header X set \\#\\#1 # 2", "##1", "header X set \\#\\#1"},
	    {"header X set \\n", "\\n", "header X set \\n"},
	    {"header X set", "", "header X set"},
	    {"header X set # nothing", "", "header X set"},
	    {"header X set\\\n a\\\n  b", "a  b", "header X set a  b"},
	    {"header X set \xc3\xa4", "\xc3\xa4", "header X set \xc3\xa4"},
	    {"status set 404 Not Found", "404 Not Found",
	     "status set 404 Not Found"},
	    {"body set <p>gone</p>", "<p>gone</p>", "body set <p>gone</p>"},
	    {"target set /x?y=1#z", "/x?y=1#z", "target set /x?y=1#z"},
	};
	for (size_t i = 0; i < COUNT(values); i++) {
		struct rules *r = read_text(values[i].rule);
		assert_int_equal(r->count, 1);
		assert_int_equal(r->list[0].action, ACTION_SET);
		assert_text(r->list[0].value, values[i].value);
		assert_text(r->list[0].text, values[i].text);
		rules_free(r);
	}
}

/* "date" moves fields that have one; "*" is all of them. */
static void test_dates(void **state)
{
	(void)state;
	struct rules *r = read_text("date Set-Cookie shift\n"
				    "date expires shift # why\n"
				    "type=text/* date * shift\n"
				    "header Expires delete\n"
				    "body delete\n");
	assert_int_equal(r->count, 5);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(r->list[i].part, PART_DATE);
		assert_int_equal(r->list[i].action, ACTION_SHIFT);
	}
	assert_text(r->list[1].name, "expires");
	assert_text(r->list[1].text, "date expires shift");
	assert_text(r->list[2].name, "*");
	assert_int_equal(r->list[4].action, ACTION_DELETE);
	assert_false(r->has_targets);
	rules_free(r);
}

/* Mistakes in one line, which is the whole file. words NULL: whatever the
 * regular expressions' part says. */
static const struct {
	const char *line;
	size_t column;
	const char *words;
} mistakes[] = {
    /* conditions */
    {"hots=a body delete", 1,
     "unknown condition \"hots\" (did you mean host?)"},
    {"host=a tpye!=b body delete", 8,
     "unknown condition \"tpye\" (did you mean type?)"},
    {"colour=red body delete", 1,
     "unknown condition \"colour\" (there are type, host, path, target, "
     "method, status, scheme)"},
    {"HOST=a body delete", 1,
     "unknown condition \"HOST\" (did you mean host?)"},
    {"host = a body delete", 1,
     "a condition is written host=VALUE or host!=VALUE, without white space"},
    {"host= a body delete", 6,
     "host has no value here (there is no white space around \"=\")"},
    {"host=", 6,
     "host has no value here (there is no white space around \"=\")"},
    {"host!= ", 7,
     "host has no value here (there is no white space around \"=\")"},
    {"host==a body delete", 6, "write host=VALUE, or host=/regex/"},
    {"path=~/a/ body delete", 6, "write path=VALUE, or path=/regex/"},
    {"host=a,,b body delete", 8,
     "an empty pattern (lists have no white space)"},
    {"host=a, b body delete", 8,
     "an empty pattern (lists have no white space)"},
    {"host=[ab body delete", 6,
     "a class without its \"]\"; the byte itself is written \"\\[\""},
    {"host=a[] body delete", 7,
     "a class without its \"]\"; the byte itself is written \"\\[\""},
    {"host=a[z-a] body delete", 8, "a range that runs backwards"},
    {"host=[[:digit:]] body delete", 7,
     "classes by name are not known here: write [0-9], [a-z]"},
    {"path=/a\\", 8, NULL},
    {"type=html body delete", 6, "a media type has a \"/\", as text/html"},
    {"type=a/b,text/html;charset=x body delete", 19,
     "types are compared without parameters"},
    {"host=http://a/ body delete", 11, "a host alone has no \"/\""},
    {"host=a:80 body delete", 7, "hosts are compared without port"},
    {"host=*:* body delete", 7, "hosts are compared without port"},
    {"host=[2001:db8::1] body delete", 6,
     "an IPv6 address stands without brackets here"},
    {"path=gate.php body delete", 6, "a path begins with \"/\""},
    {"path=/gate.php?id=5 body delete", 15,
     "a path ends before the question mark (use target=)"},
    {"status=20 body delete", 8, "a status is three digits, x for any"},
    {"status=2000 body delete", 8, "a status is three digits, x for any"},
    {"status=200,OK body delete", 12, "a status is three digits, x for any"},
    {"scheme=ftp body delete", 8, "a scheme is http or https"},
    {"type=*{ip}* body delete", 7,
     "{ip} in a shell pattern is for host={ip} alone: write a /regex/"},
    {"host=/a body delete", 6,
     "the regex that begins here has no \"/\" at its end"},
    {"host=// body delete", 7, "an empty regex"},
    {"host=/a/g body delete", 9,
     "unknown flag \"g\": there are i m s x u (\"/\" inside is written "
     "\"\\/\")"},
    {"host=/a/ix7 body delete", 11,
     "unknown flag \"7\": there are i m s x u (\"/\" inside is written "
     "\"\\/\")"},
    {"host=/a/, body delete", 9,
     "this stands behind the regex (\"/\" inside is written \"\\/\")"},
    {"path=/^/gate/ body delete", 9,
     "unknown flag \"g\": there are i m s x u (\"/\" inside is written "
     "\"\\/\")"},
    {"host=/a(b/ body delete", 10, NULL},
    {"host=/\\/\\/(/ body delete", 12, NULL},
    /* parts */
    {"hedaer Location delete", 1,
     "unknown part \"hedaer\" (did you mean header?)"},
    {"type=text/html hedaer Location delete", 16,
     "unknown part \"hedaer\" (did you mean header?)"},
    {"Body delete", 1, "unknown part \"Body\" (did you mean body?)"},
    {"inlcude x", 1, "unknown part \"inlcude\" (did you mean include?)"},
    {"host=a inlcude x", 8,
     "unknown part \"inlcude\" (there are body, header NAME, target, status, "
     "date NAME)"},
    {"footer delete", 1,
     "unknown part \"footer\" (there are body, header NAME, target, status, "
     "date NAME)"},
    {"\x01\xff delete", 1,
     "unknown part \"\\x01\\xFF\" (there are body, header NAME, target, "
     "status, date NAME)"},
    {"host=a", 7,
     "the part is missing (body, header NAME, target, status, date NAME)"},
    {"host=a # why", 8,
     "the part is missing (body, header NAME, target, status, date NAME)"},
    {"host=a s/a/b/", 8,
     "the part is missing before \"s\" (body, header NAME, target, status, "
     "date NAME)"},
    {"delete", 1,
     "the part is missing before \"delete\" (body, header NAME, target, "
     "status, date NAME)"},
    {"header", 7, "the name of a field is missing after \"header\""},
    {"header s/a/b/", 8, "the name of a field is missing after \"header\""},
    {"header Location: delete", 16, "no name of a field has \":\""},
    {"header X-* delete", 10, "no shell patterns in the name of a field"},
    {"header content-length delete", 8,
     "no rule for Content-Length: replay makes it true after the rules"},
    {"header Transfer-Encoding delete", 8,
     "no rule for Transfer-Encoding: replay makes it true after the rules"},
    {"header Trailer delete", 8,
     "no rule for Trailer: replay makes it true after the rules"},
    {"header Connection set close", 8,
     "no rule for Connection: replay says itself how its connection goes on"},
    {"header Content-Encoding delete", 8,
     "no rule for Content-Encoding: rules see bodies without their coding, "
     "and replay puts it on again"},
    {"date shift", 6,
     "unknown field with a date \"shift\" (there are Set-Cookie, Expires, "
     "Last-Modified, Date, Retry-After, and * for all)"},
    {"date Expire shift", 6,
     "unknown field with a date \"Expire\" (did you mean Expires?)"},
    {"type=text/html target s/a/b/", 1,
     "a rule for targets cannot ask for what only answers have"},
    {"host=a status=/x/ target s/a/b/", 8,
     "a rule for targets cannot ask for what only answers have"},
    /* actions */
    {"body", 5, "the action is missing (s, set, delete)"},
    {"header X", 9, "the action is missing (s, set, delete)"},
    {"header delete", 14, "the action is missing (s, set, delete)"},
    {"body # why", 6, "the action is missing (s, set, delete)"},
    {"body sett x", 6, "unknown action \"sett\" (did you mean set?)"},
    {"body tr/a/b/", 6,
     "unknown action \"tr/a/b/\" (there are s, set, delete)"},
    {"body remove", 6, "unknown action \"remove\" (there are s, set, delete)"},
    {"target delete", 8,
     "\"delete\" is no action for target (there are s, set)"},
    {"status delete", 8,
     "\"delete\" is no action for status (there are s, set)"},
    {"body shift", 6,
     "\"shift\" is no action for body (there are s, set, delete)"},
    {"date Expires delete", 14,
     "\"delete\" is no action for date (there are shift)"},
    {"date * s/a/b/", 8, "\"s\" is no action for date (there are shift)"},
    {"body s", 7, "no delimiter (as in s/.../.../)"},
    {"body s /a/b/", 7, "no delimiter (as in s/.../.../)"},
    {"body s\\a\\b\\", 7, "no delimiter (as in s/.../.../)"},
    {"body s1a1b1", 7, "no delimiter (as in s/.../.../)"},
    {"body s\x01"
     "a\x01"
     "b\x01",
     7, "no delimiter (as in s/.../.../)"},
    /* substitutions */
    {"body s/a", 7, "the pattern that begins here has no \"/\" at its end"},
    {"body s/a\\/b", 7, "the pattern that begins here has no \"/\" at its end"},
    {"body s/a/b", 9,
     "the replacement that begins here has no \"/\" at its end"},
    {"body s{a{}{b}", 7,
     "the pattern that begins here has no \"}\" at its end"},
    {"body s{a}{b", 10,
     "the replacement that begins here has no \"}\" at its end"},
    {"body s{a} # b", 11,
     "the replacement that begins here has no \"#\" at its end"},
    {"body s{a}", 10, "the replacement is missing: s{...}{...}"},
    {"body s{a} b", 11, "the replacement is missing: s{...}{...}"},
    {"body s//b/", 8, "an empty pattern"},
    {"body s/a/b/e", 12,
     "unknown flag \"e\": there are g i m s x u (\"/\" inside is written "
     "\"\\/\")"},
    {"body s/a/b/ge1", 13,
     "unknown flag \"e\": there are g i m s x u (\"/\" inside is written "
     "\"\\/\")"},
    {"body s/http://a/b/", 15, NULL},
    {"body s/x/y//z/", 12,
     "this stands behind the substitution (\"/\" inside is written \"\\/\")"},
    {"body s/a/b/g i", 14, "this stands behind the rule"},
    {"body s/a(b/c/", 11, NULL},
    {"body s/\\/\\/(/c/", 13, NULL},
    {"body s,a\\,(,c,", 12, NULL},
    {"body s{a}{b$9}", 13, NULL},
    {"body s/(a)/\\/\\/$2/", 17, NULL},
    {"body s{a}{${steer:1}}", 19, NULL},
    {"body s{a}{$none}", 12, NULL},
    /* values */
    {"body set", 9, "no value (\"body delete\" empties it)"},
    {"body set # x", 9, "no value (\"body delete\" empties it)"},
    {"header X set a\x01"
     "b",
     15, "a control byte"},
    {"header X set a\rb", 15, "a control byte"},
    {"status set 404", 12,
     "a status is set to 200-599 and a reason, as \"404 Not Found\""},
    {"status set 100 Continue", 12,
     "a status is set to 200-599 and a reason, as \"404 Not Found\""},
    {"status set 600 Odd", 12,
     "a status is set to 200-599 and a reason, as \"404 Not Found\""},
    {"status set OK", 12,
     "a status is set to 200-599 and a reason, as \"404 Not Found\""},
    {"status set", 11,
     "a status is set to 200-599 and a reason, as \"404 Not Found\""},
    {"target set x", 12, "a target begins with \"/\""},
    {"target set", 11, "a target begins with \"/\""},
    {"target set /a b", 14, "white space is in no target (write %20)"},
    {"body delete it", 13, "this stands behind the rule"},
    {"date * shift 3", 14, "this stands behind the rule"},
    /* includes */
    {"include", 8, "the file is missing"},
    {"include # x", 9, "the file is missing"},
    {"include \"x", 9, "this quote has no end"},
    {"include ''", 9, "the file has no name"},
    {"include a b", 11,
     "this stands behind the name of the file (names with spaces are quoted)"},
    {"include none.conf", 9, "none.conf: No such file or directory"},
    {"  include\t\"no ne.conf\" # x", 12,
     "no ne.conf: No such file or directory"},
    {"include .", 9, ".: Is a directory"},
    {"include rules.conf", 9, "rules.conf: includes itself"},
    {"include ./rules.conf", 9, "./rules.conf: includes itself"},
};

/* The three lines that a mistake is told with; words NULL: taken from said. */
static void add_told(struct buf *out, const struct buf *said, const char *line,
		     size_t column, const char *words)
{
	buf_printf(out, "rules.conf:1:%zu: ", column);
	if (words) {
		buf_add_string(out, words);
	} else {
		struct slice rest = slice_from(buf_slice(said), out->len);
		buf_add(out, slice_to(rest, slice_find(rest, '\n')));
	}
	buf_add_string(out, "\n    ");
	size_t caret = 0;
	for (size_t i = 0; line[i]; i++) {
		size_t len = out->len;
		if (line[i] == '\t')
			buf_add_byte(out, ' ');
		else
			buf_add_escaped(out, slice_to(slice_of(line + i), 1));
		if (i + 1 < column)
			caret += out->len - len;
	}
	buf_printf(out, "\n    %*s^\n", (int)caret, "");
	buf_add_byte(out, 0);
}

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct buf said = {0}, told = {0};
		write_text(conf[0], mistakes[i].line);
		struct rules *r = read_paths(conf, 1, &said);
		add_told(&told, &said, mistakes[i].line, mistakes[i].column,
			 mistakes[i].words);
		expect_said(&said, (const char *)told.data);
		assert_null(r);
		buf_release(&said);
		buf_release(&told);
	}
}

/* As the interface shows it. */
static void test_place(void **state)
{
	(void)state;
	write_text(conf[0], "\n\n   type=text/html\thedaer Location delete\n");
	expect_mistakes(
	    "rules.conf:3:19: unknown part \"hedaer\" (did you mean "
	    "header?)\n"
	    "       type=text/html hedaer Location delete\n"
	    "                      ^\n");
}

/* Columns are those of the line in the file, however lines are joined. */
static void test_continued_place(void **state)
{
	(void)state;
	write_text(conf[0], "host=a \\\r\n"
			    "  body \\\r\n"
			    "  sett x\r\n");
	expect_mistakes("rules.conf:3:3: unknown action \"sett\" (did you mean "
			"set?)\n"
			"      sett x\n"
			"      ^\n");
	/* the pattern begins in one line, its mistake stands in the next */
	write_text(conf[0], "\xef\xbb\xbf"
			    "body s{ab\\\n"
			    "\\\n"
			    "c}{$9} # why\n");
	struct buf said = {0};
	assert_null(read_paths(conf, 1, &said));
	assert_true(slice_starts(buf_slice(&said), SLICE("rules.conf:3:5: ")));
	buf_release(&said);
	/* a place at the end is in the last line */
	write_text(conf[0], "host=a\\\n \\\n");
	expect_mistakes("rules.conf:2:2: the part is missing (body, header "
			"NAME, target, status, date NAME)\n"
			"     \\\n"
			"     ^\n");
	/* a byte order mark has no column */
	write_text(conf[0], "\xef\xbb\xbf"
			    "bod delete");
	expect_mistakes("rules.conf:1:1: unknown part \"bod\" (did you mean "
			"body?)\n"
			"    bod delete\n"
			"    ^\n");
}

#define X10 "xxxxxxxxxx"
#define X40 X10 X10 X10 X10

/* 72 columns of a long line are shown, around the place. */
static void test_long_lines(void **state)
{
	(void)state;
	write_text(conf[0], "bdy set " X40 X40 "\n"
			    "header X" X40 X40 ": delete\n"
			    "header X" X40 X40 ":delete " X40 X40 "\n"
			    "header \x01\x02\x03\x04\x05" X40 "\x01" X40 ":\n");
	expect_mistakes(
	    "rules.conf:1:1: unknown part \"bdy\" (did you mean body?)\n"
	    "    bdy set " X40 X10 X10 "xxxx\xe2\x80\xa6\n"
	    "    ^\n"
	    "rules.conf:2:89: no name of a field has \":\"\n"
	    "    \xe2\x80\xa6" X40 X10 X10 "xxxx: delete\n"
	    "                                                                 "
	    "    ^\n"
	    "rules.conf:3:89: no name of a field has \":\"\n"
	    "    \xe2\x80\xa6" X40 ":delete " X10 X10 "xxxx\xe2\x80\xa6\n"
	    "                                             ^\n"
	    "rules.conf:4:8: no name of a field has \"\\x01\"\n"
	    "    header \\x01\\x02\\x03\\x04\\x05" X40 "\\x01x\xe2\x80\xa6\n"
	    "           ^\n");
}

/* Every faulty line is told, in all files, and the others are read. */
static void test_all_mistakes(void **state)
{
	(void)state;
	static const char *const paths[] = {"a.conf", "missing.conf", ".",
					    "b.conf"};
	struct buf said = {0};
	write_text("a.conf", "body s/a/b/\nbdy delete\n\nbody dlete\n");
	write_text("b.conf", "include c.conf\ntarget delete\n");
	write_text("c.conf", "# fine\nhost=a");
	log_init("test_rules");
	assert_null(read_paths(paths, COUNT(paths), &said));
	expect_said(&said,
		    "a.conf:2:1: unknown part \"bdy\" (did you mean body?)\n"
		    "    bdy delete\n"
		    "    ^\n"
		    "a.conf:4:6: unknown action \"dlete\" (did you mean "
		    "delete?)\n"
		    "    body dlete\n"
		    "         ^\n"
		    "test_rules: missing.conf: No such file or directory\n"
		    "test_rules: .: Is a directory\n"
		    "c.conf:2:7: the part is missing (body, header NAME, "
		    "target, status, date NAME)\n"
		    "    host=a\n"
		    "          ^\n"
		    "b.conf:2:8: \"delete\" is no action for target (there are "
		    "s, set)\n"
		    "    target delete\n"
		    "           ^\n");
	buf_release(&said);
}

static void add_many(struct buf *b, const char *text, size_t len)
{
	while (b->len < len)
		buf_add_string(b, text);
}

static size_t count_lines(const struct buf *text)
{
	size_t count = 0;
	for (size_t i = 0; i < text->len; i++)
		count += text->data[i] == '\n';
	return count;
}

static void test_too_many_mistakes(void **state)
{
	(void)state;
	struct buf text = {0}, said = {0};
	for (size_t i = 0; i < 50; i++)
		buf_add_string(&text, "bdy delete\n");
	write_bytes(conf[0], buf_slice(&text));
	assert_null(read_paths(conf, 1, &said));
	assert_int_equal(count_lines(&said), 150);
	for (size_t i = 0; i < 1234; i++)
		buf_add_string(&text, "bdy delete\n");
	write_bytes(conf[0], buf_slice(&text));
	log_init("test_rules");
	assert_null(read_paths(conf, 1, &said));
	assert_int_equal(count_lines(&said), 151);
	static const char last[] = "test_rules: and 1234 more mistakes\n";
	assert_text(slice_from(buf_slice(&said), said.len - strlen(last)),
		    last);
	buf_release(&text);
	buf_release(&said);
}

static void test_includes(void **state)
{
	(void)state;
	struct rules *r;
	write_text("d/one.conf", "include two.conf\nheader C set c\n");
	write_text("d/two.conf", "header B set b");
	write_text("d/ three", "header D set d");
	r = read_text("header A set a\n"
		      "include d/one.conf # why\n"
		      "include \"d/ three\"\n"
		      "include 'd/ three'\n"
		      "header E set e\n");
	static const struct {
		const char *file, *name;
		unsigned line;
	} expected[] = {
	    {"rules.conf", "A", 1}, {"d/two.conf", "B", 1},
	    {"d/one.conf", "C", 2}, {"d/ three", "D", 1},
	    {"d/ three", "D", 1},   {"rules.conf", "E", 5},
	};
	assert_int_equal(r->count, COUNT(expected));
	for (size_t i = 0; i < r->count; i++) {
		assert_text(r->list[i].file, expected[i].file);
		assert_text(r->list[i].name, expected[i].name);
		assert_int_equal(r->list[i].line, expected[i].line);
	}
	rules_free(r);

	/* by its full name */
	char here[256], line[300];
	assert_non_null(getcwd(here, sizeof here));
	snprintf(line, sizeof line, "include %s/d/one.conf", here);
	r = read_text(line);
	assert_int_equal(r->count, 2);
	rules_free(r);
}

/* A loop is seen whatever the files are called. */
static void test_include_loops(void **state)
{
	(void)state;
	unlink("d/again.conf");
	assert_int_equal(symlink("../rules.conf", "d/again.conf"), 0);
	write_text("d/one.conf", "body delete\n  include again.conf\n");
	write_text(conf[0], "include d/one.conf\n");
	expect_mistakes("d/one.conf:2:11: again.conf: includes itself\n"
			"      include again.conf\n"
			"              ^\n");
}

static void test_deep_includes(void **state)
{
	(void)state;
	char name[32], text[64];
	for (int i = 1; i < 17; i++) {
		snprintf(name, sizeof name, "deep%d.conf", i);
		snprintf(text, sizeof text, "include deep%d.conf\n", i + 1);
		write_text(name, text);
	}
	write_text("deep15.conf", "body delete\n");
	struct rules *r = read_text("include deep1.conf\n");
	assert_int_equal(r->count, 1);
	rules_free(r);
	write_text("deep15.conf", "include deep16.conf\n");
	expect_mistakes("deep15.conf:1:9: deep16.conf: more than 16 files "
			"deep\n"
			"    include deep16.conf\n"
			"            ^\n");
}

/* Ever more files by few lines. */
static void test_many_includes(void **state)
{
	(void)state;
	char name[32], text[128];
	struct buf said = {0};
	for (int i = 1; i < 15; i++) {
		snprintf(name, sizeof name, "deep%d.conf", i);
		snprintf(text, sizeof text,
			 "include deep%d.conf\ninclude deep%d.conf\n", i + 1,
			 i + 1);
		write_text(name, text);
	}
	write_text("deep15.conf", "body delete\n");
	write_text(conf[0], "include deep1.conf\n");
	assert_null(read_paths(conf, 1, &said));
	assert_non_null(
	    memmem(said.data, said.len, "more than 1000 files", 20));
	buf_release(&said);
}

static void test_many_rules(void **state)
{
	(void)state;
	struct buf text = {0};
	add_many(&text, "body delete\n", 10000 * strlen("body delete\n"));
	struct rules *r = read_bytes(buf_slice(&text));
	assert_int_equal(r->count, 10000);
	rules_free(r);
	buf_add_string(&text, "header X set \\#\nbody s/a/b/\nbdy\n");
	write_bytes(conf[0], buf_slice(&text));
	expect_mistakes("rules.conf:10001:1: more than 10000 rules\n"
			"    header X set \\#\n"
			"    ^\n");
	buf_release(&text);
}

/* What cannot be read is one line. */
static void test_unreadable(void **state)
{
	(void)state;
	static const uint8_t nul[] = "body delete\nbody\0delete\n";
	static const uint8_t utf16[] = "\xff\xfe"
				       "b\0o\0d\0y\0";
	log_init("test_rules");
	write_bytes(conf[0], (struct slice){nul, sizeof nul - 1});
	expect_mistakes("test_rules: rules.conf: not a text file (a NUL byte "
			"in line 2)\n");
	write_bytes(conf[0], (struct slice){utf16, sizeof utf16 - 1});
	expect_mistakes("test_rules: rules.conf: not a text file (a NUL byte "
			"in line 1)\n");
	write_text(conf[0], "#");
	assert_int_equal(truncate(conf[0], (off_t)RULEFILE_MAX + 1), 0);
	expect_mistakes("test_rules: rules.conf: larger than 16 MiB\n");
	unlink(conf[0]);
	expect_mistakes("test_rules: rules.conf: No such file or directory\n");
	assert_int_equal(mkfifo(conf[0], 0600), 0);
	expect_mistakes("test_rules: rules.conf: an empty pipe (it can be read "
			"once)\n");
	unlink(conf[0]);
	write_text("d/bad.conf", "");
	write_bytes("d/bad.conf", (struct slice){nul, sizeof nul - 1});
	write_text(conf[0], "include d/bad.conf");
	expect_mistakes("rules.conf:1:9: d/bad.conf: not a text file (a NUL "
			"byte in line 2)\n"
			"    include d/bad.conf\n"
			"            ^\n");
}

static void test_nothing(void **state)
{
	(void)state;
	static const char *const nothing[] = {
	    "",   "\n",       "# x",       " \t\r\n\n#\n",
	    "\\", "\\\n\\\n", "# \\\n#\n", "\xef\xbb\xbf"};
	log_init("test_rules");
	for (size_t i = 0; i < COUNT(nothing); i++) {
		write_text(conf[0], nothing[i]);
		expect_warning(
		    "test_rules: rules.conf: there is no rule in it\n", 0);
	}
	struct rules *r = rules_read(NULL, 0, zone);
	assert_non_null(r);
	assert_int_equal(r->count, 0);
	rules_free(r);
	rules_free(NULL);
}

/* A rule that a comment takes with it would be missed at night. */
static void test_swallowed(void **state)
{
	(void)state;
	log_init("test_rules");
	write_text(conf[0], "body delete # in C:\\x\\\n"
			    "body set x\n"
			    "# one \\\n"
			    "# two \\\n"
			    "\n"
			    "body delete\n");
	expect_warning("test_rules: rules.conf:2: this line belongs to the "
		       "comment before it, which ends with \"\\\"\n",
		       2);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Long lines of all kinds cost what they are long, and are told in few
 * words. */
static void test_huge_lines(void **state)
{
	(void)state;
	static const char *const begins[] = {
	    "",         "body s/", "body s{", "body s{a}{", "header X set ",
	    "host=",    "host=/",  "type=[",  "host=a[",    "path=/\\",
	    "include ", "# ",
	};
	static const char *const fills[] = {
	    "x",
	    "host=a ",
	    "[",
	    "{",
	    "\\",
	    ",",
	    "*",
	    "(",
	    "[]a-z]",
	    "\\\n",
	    "a\\\r\n",
	    "\xff",
	    "body s/a/b/g ",
	    "''",
	};
	double begin = seconds();
	for (size_t i = 0; i < COUNT(begins); i++) {
		for (size_t j = 0; j < COUNT(fills); j++) {
			struct buf text = {0}, said = {0};
			buf_add_string(&text, begins[i]);
			add_many(&text, fills[j], (size_t)1 << 20);
			buf_add_string(&text, " \x01\n");
			write_bytes(conf[0], buf_slice(&text));
			rules_free(read_paths(conf, 1, &said));
			assert_true(said.len < 1000);
			buf_release(&text);
			buf_release(&said);
		}
	}
	assert_true(seconds() - begin < 60);
}

static void test_huge_line_place(void **state)
{
	(void)state;
	struct buf text = {0};
	buf_add_string(&text, "header X set ");
	add_many(&text, "abcdefgh", (1 << 20) - 1);
	buf_add_string(&text, "\x01\n");
	write_bytes(conf[0], buf_slice(&text));
	char expected[512];
	snprintf(expected, sizeof expected,
		 "rules.conf:1:%zu: a control byte\n"
		 "    \xe2\x80\xa6"
		 "efgh%s\\x01\n"
		 "%*s^\n",
		 text.len - 1,
		 "abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcd"
		 "efgh",
		 73, "");
	expect_mistakes(expected);
	buf_release(&text);
}

static const struct {
	const char *pattern, *text;
	unsigned options;
	bool fits;
} globs[] = {
    {"", "", 0, true},
    {"", "a", 0, false},
    {"*", "", 0, true},
    {"*", "a/b", 0, true},
    {"**", "a", 0, true},
    {"a*", "a", 0, true},
    {"*a", "ba", 0, true},
    {"*a", "ab", 0, false},
    {"a*b*c", "aXbYc", 0, true},
    {"a*b*c", "acb", 0, false},
    {"a*ab", "aaab", 0, true},
    {"*.php", "/x/y.php", 0, true},
    {"?", "a", 0, true},
    {"?", "", 0, false},
    {"?", "/", 0, true},
    {"a?c", "abc", 0, true},
    {"[abc]", "b", 0, true},
    {"[abc]", "d", 0, false},
    {"[a-c]x", "bx", 0, true},
    {"[!a-c]", "b", 0, false},
    {"[!a-c]", "d", 0, true},
    {"[^a-c]", "d", 0, true},
    {"[]a]", "]", 0, true},
    {"[!]a]", "]", 0, false},
    {"[a-]", "-", 0, true},
    {"[-a]", "-", 0, true},
    {"[a\\]b]", "]", 0, true},
    {"[\\!a]", "!", 0, true},
    {"[a^]", "^", 0, true},
    {"[*]", "*", 0, true},
    {"[*]", "a", 0, false},
    {"*[0-9]", "abc7", 0, true},
    {"\\*", "*", 0, true},
    {"\\*", "a", 0, false},
    {"\\[a]", "[a]", 0, true},
    {"\\\\", "\\", 0, true},
    {"A", "a", 0, false},
    {"A", "a", GLOB_NOCASE, true},
    {"\\A", "a", GLOB_NOCASE, true},
    {"[A-C]", "b", GLOB_NOCASE, true},
    {"[a-c]", "B", GLOB_NOCASE, true},
    {"[!a-c]", "B", GLOB_NOCASE, false},
    {"30x", "302", GLOB_DIGITS, true},
    {"30X", "302", GLOB_DIGITS, true},
    {"30x", "30x", GLOB_DIGITS, false},
    {"30x", "302", 0, false},
    {"3*", "302", GLOB_DIGITS, true},
};

static void test_globs(void **state)
{
	(void)state;
	size_t at;
	for (size_t i = 0; i < COUNT(globs); i++) {
		struct slice pattern = slice_of(globs[i].pattern);
		assert_null(glob_fault(pattern, &at));
		bool fits = glob_match(pattern, slice_of(globs[i].text),
				       globs[i].options);
		if (fits != globs[i].fits)
			print_error("%s on %s\n", globs[i].pattern,
				    globs[i].text);
		assert_int_equal(fits, globs[i].fits);
	}
}

/* Patterns that take many an implementation for ever. */
static void test_slow_globs(void **state)
{
	(void)state;
	struct buf pattern = {0}, text = {0};
	double begin = seconds();
	add_many(&pattern, "*a", 200);
	buf_add_string(&pattern, "b");
	add_many(&text, "aaaaaaaa", 100000);
	assert_false(glob_match(buf_slice(&pattern), buf_slice(&text), 0));
	buf_clear(&pattern);
	add_many(&pattern, "*[!b]?", 200);
	buf_add_string(&pattern, "[b]");
	assert_false(glob_match(buf_slice(&pattern), buf_slice(&text), 0));
	assert_true(seconds() - begin < 5);
	buf_release(&pattern);
	buf_release(&text);
}

/* The fit of a rule with these conditions. */
static enum rule_fit fit(const char *conditions, const struct subject *s)
{
	char text[256];
	snprintf(text, sizeof text, "%s body delete", conditions);
	struct rules *r = read_text(text);
	struct matcher *m = matcher_new();
	assert_int_equal(r->count, 1);
	matcher_begin(m, 1);
	enum rule_fit f = rule_fits(&r->list[0], m, s);
	matcher_free(m);
	rules_free(r);
	return f;
}

static void test_fits(void **state)
{
	(void)state;
	static const struct {
		const char *conditions;
		enum rule_fit fit;
	} fits[] = {
	    {"", FIT_YES},
	    {"type=text/*", FIT_YES},
	    {"type=TEXT/HTML", FIT_YES},
	    {"type=image/*,text/html", FIT_YES},
	    {"type=image/*", FIT_BUT_TYPE},
	    {"type!=text/*", FIT_BUT_TYPE},
	    {"type!=image/*,audio/*", FIT_YES},
	    {"type!=image/*,text/*", FIT_BUT_TYPE},
	    {"type=/HTML$/", FIT_YES},
	    {"type!=/html/", FIT_BUT_TYPE},
	    {"host=Gate.EVIL.example", FIT_YES},
	    {"host=gate.evil.example.", FIT_YES},
	    {"host=*.evil.example", FIT_YES},
	    {"host=evil.example", FIT_NO},
	    {"host=a,b,*evil*", FIT_YES},
	    {"host=/^GATE\\./", FIT_YES},
	    {"host=/example$/", FIT_YES},
	    {"host={ip}", FIT_NO},
	    {"host!={ip}", FIT_YES},
	    {"path=/dir/gate.php", FIT_YES},
	    {"path=/DIR/*", FIT_NO},
	    {"path=/dir/*", FIT_YES},
	    {"path=*.php", FIT_YES},
	    {"path=/dir/", FIT_NO},
	    {"path=/dir/*,x", FIT_NO},
	    {"path=/\\.php$/", FIT_YES},
	    {"path=/\\.PHP$/", FIT_NO},
	    {"path=/\\.PHP$/i", FIT_YES},
	    {"path=/^\\/dir\\//", FIT_YES},
	    {"path=/gate|load/", FIT_YES},
	    {"path=/d.*r/", FIT_YES},
	    {"path=/(?:dir)/", FIT_YES},
	    {"path=[/]dir/*", FIT_YES},
	    {"path=/dir/gate\\.php", FIT_YES},
	    {"path=/^a b|gate/", FIT_YES},
	    {"target=/dir/gate.php?id=*", FIT_YES},
	    {"target=/dir/gate.php", FIT_NO},
	    {"target=*\\?id=??", FIT_YES},
	    {"target=/[?&]id=\\d+$/", FIT_YES},
	    {"method=get", FIT_YES},
	    {"method=POST,PUT", FIT_NO},
	    {"method!=POST", FIT_YES},
	    {"status=302", FIT_YES},
	    {"status=30x", FIT_YES},
	    {"status=3xx", FIT_YES},
	    {"status=200,30[12]", FIT_YES},
	    {"status=200,404", FIT_NO},
	    {"status!=302", FIT_NO},
	    {"status=/^3/", FIT_YES},
	    {"scheme=https", FIT_YES},
	    {"scheme=HTTP", FIT_NO},
	    {"scheme!=http", FIT_YES},
	    {"host=*.evil.example status=30x type=text/html", FIT_YES},
	    {"type=image/* host=*.evil.example status=30x", FIT_BUT_TYPE},
	    {"type=image/* host=x status=30x", FIT_NO},
	    {"host=/a b|evil|x y/ type=text/html", FIT_YES},
	};
	const struct subject s = {
	    SLICE("GET"),
	    SLICE("gate.evil.example."),
	    SLICE("/dir/gate.php?id=42"),
	    true,
	    302,
	    SLICE("text/html"),
	};
	for (size_t i = 0; i < COUNT(fits); i++) {
		enum rule_fit f = fit(fits[i].conditions, &s);
		if (f != fits[i].fit)
			print_error("%s\n", fits[i].conditions);
		assert_int_equal(f, fits[i].fit);
	}
}

static void test_fits_ip(void **state)
{
	(void)state;
	static const char *const hosts[] = {"192.0.2.7", "3221225991",
					    "2001:db8::1", "0xC0000207"};
	struct subject s = {SLICE("GET"), {0}, SLICE("/"), false, 200, {0}};
	for (size_t i = 0; i < COUNT(hosts); i++) {
		s.host = slice_of(hosts[i]);
		assert_int_equal(fit("host={ip}", &s), FIT_YES);
		assert_int_equal(fit("host=a.example,{ip}", &s), FIT_YES);
		assert_int_equal(fit("host!={ip}", &s), FIT_NO);
	}
	s.host = SLICE("192.0.2.7");
	assert_int_equal(fit("host=/^{ip}$/", &s), FIT_YES);
	assert_int_equal(fit("host=192.0.2.*", &s), FIT_YES);
	s.host = SLICE("1.2.3.4.example");
	assert_int_equal(fit("host={ip}", &s), FIT_NO);
	assert_int_equal(fit("host=/{ip}/", &s), FIT_NO);
	s.host = SLICE("2001:DB8::1");
	assert_int_equal(fit("host=2001:db8::1", &s), FIT_YES);
	assert_int_equal(fit("host=2001:db8::*", &s), FIT_YES);
}

/* Of a request and of an unknown type nothing is known. */
static void test_fits_nothing(void **state)
{
	(void)state;
	const struct subject s = {0};
	assert_int_equal(fit("type=text/*", &s), FIT_BUT_TYPE);
	assert_int_equal(fit("type=*", &s), FIT_YES);
	assert_int_equal(fit("type!=text/*", &s), FIT_YES);
	assert_int_equal(fit("host=a", &s), FIT_NO);
	assert_int_equal(fit("path=/", &s), FIT_NO);
	assert_int_equal(fit("method=GET", &s), FIT_NO);
	assert_int_equal(fit("host=/a/", &s), FIT_NO);
}

/* A condition that runs into a limit makes no rule fit, negated or not. */
static void test_fits_limit(void **state)
{
	(void)state;
	struct buf target = {0};
	add_many(&target, "a", 5000);
	buf_add_string(&target, "!");
	struct subject s = {.target = buf_slice(&target)};
	assert_int_equal(fit("target=/^(a+)+$/", &s), FIT_NO);
	assert_int_equal(fit("target!=/^(a+)+$/", &s), FIT_NO);
	buf_release(&target);
}

static void test_same_targets(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
	    {"target s/a/b/", "target s/a/b/", true},
	    {"target s/a/b/", "body delete\n  target s/a/b/ # x\n", true},
	    {"target s/a/b/", "target s/a/b/i", false},
	    {"target s/a/b/", "host=x target s/a/b/", false},
	    {"target s/a/b/\ntarget s/c/d/", "target s/a/b/", false},
	    {"target s/a/b/\ntarget s/c/d/", "target s/c/d/\ntarget s/a/b/",
	     false},
	    {"body s/a/b/", "header X delete", true},
	    {"body s/a/b/", "target s/a/b/", false},
	};
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct rules *a = read_text(pairs[i].a);
		struct rules *b = read_text(pairs[i].b);
		assert_int_equal(rules_same_targets(a, b), pairs[i].same);
		assert_int_equal(rules_same_targets(b, a), pairs[i].same);
		assert_true(rules_same_targets(a, a));
		assert_int_equal(rules_same_targets(a, NULL), !a->has_targets);
		b->zone = SLICE("other.test");
		assert_int_equal(rules_same_targets(a, b),
				 pairs[i].same && !a->has_targets);
		rules_free(a);
		rules_free(b);
	}
	assert_true(rules_same_targets(NULL, NULL));
}

static void test_words(void **state)
{
	(void)state;
	static const char *const words[] = {"s", "set", "header", "body"};
	static const struct {
		const char *word, *nearest;
	} nearest[] = {
	    {"hedaer", "header"}, {"headers", "header"},
	    {"haeder", "header"}, {"HEADER", "header"},
	    {"bdoy", "body"},     {"boody", "body"},
	    {"sets", "set"},      {"ste", "set"},
	    {"S", "s"},           {"x", NULL},
	    {"", NULL},           {"footer", NULL},
	    {"bd", NULL},         {"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", NULL},
	};
	for (size_t i = 0; i < COUNT(nearest); i++) {
		const char *found = word_nearest(slice_of(nearest[i].word),
						 words, COUNT(words));
		if (nearest[i].nearest)
			assert_string_equal(found, nearest[i].nearest);
		else
			assert_null(found);
	}
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Lines of whatever rules are made of end nowhere but in words. */
static void test_garbage(void **state)
{
	(void)state;
	static const char *const tokens[] = {
	    "host",    "=",          "!=",
	    "type=",   "path=/",     "status=",
	    "30x",     "text/*",     ",",
	    "/",       "//",         "\\",
	    "\\/",     "[",          "]",
	    "[!a-",    "*",          "?",
	    "{ip}",    "{link}",     "body ",
	    "header ", "X ",         "date ",
	    "* ",      "target ",    "set ",
	    "delete",  "shift",      " s/",
	    " s{",     "}{",         "} {",
	    "}",       "{",          "(",
	    ")",       "<",          ">",
	    "$1",      "${steer:1}", "\\1",
	    "#",       " # ",        " ",
	    "\t",      "\\\n",       "\\\r\n",
	    "\n",      "\r",         "\x01",
	    "\xff",    "\xc3\xa4",   "gimsxu",
	    "e",       "200 OK",     "include ",
	    "\"",      "'",          "none.conf",
	    "a",       "Z",          "(?:",
	    "^",       "$",          "+",
	    "|",       ".",          "Content-Length ",
	};
	struct matcher *m = matcher_new();
	const struct subject s = {SLICE("GET"),  SLICE("a.example"),
				  SLICE("/a?b"), false,
				  200,           SLICE("text/html")};
	uint32_t seed = 4711;
	for (size_t round = 0; round < 1000; round++) {
		struct buf text = {0}, said = {0};
		for (size_t line = 0; line < 100; line++) {
			size_t count = random_next(&seed) % 24;
			for (size_t i = 0; i < count; i++)
				buf_add_string(
				    &text,
				    tokens[random_next(&seed) % COUNT(tokens)]);
			buf_add_byte(&text, '\n');
			if (round % 2 && line == round % 7)
				break;
		}
		write_bytes(conf[0], buf_slice(&text));
		struct rules *r = read_paths(conf, 1, &said);
		for (size_t i = 0; r && i < r->count; i++) {
			matcher_begin(m, 1);
			rule_fits(&r->list[i], m, &s);
		}
		rules_free(r);
		buf_release(&text);
		buf_release(&said);
	}
	matcher_free(m);
}

static int enter_folder(void **state)
{
	(void)state;
	return !mkdtemp(folder) || chdir(folder) || mkdir("d", 0700);
}

static int leave_folder(void **state)
{
	(void)state;
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return chdir("/") || system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_example),
	    cmocka_unit_test(test_delimiters),
	    cmocka_unit_test(test_all_delimiters),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_mistakes),
	    cmocka_unit_test(test_place),
	    cmocka_unit_test(test_continued_place),
	    cmocka_unit_test(test_long_lines),
	    cmocka_unit_test(test_all_mistakes),
	    cmocka_unit_test(test_too_many_mistakes),
	    cmocka_unit_test(test_includes),
	    cmocka_unit_test(test_include_loops),
	    cmocka_unit_test(test_deep_includes),
	    cmocka_unit_test(test_many_includes),
	    cmocka_unit_test(test_many_rules),
	    cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_swallowed),
	    cmocka_unit_test(test_huge_lines),
	    cmocka_unit_test(test_huge_line_place),
	    cmocka_unit_test(test_globs),
	    cmocka_unit_test(test_slow_globs),
	    cmocka_unit_test(test_fits),
	    cmocka_unit_test(test_fits_ip),
	    cmocka_unit_test(test_fits_nothing),
	    cmocka_unit_test(test_fits_limit),
	    cmocka_unit_test(test_same_targets),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_garbage),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
