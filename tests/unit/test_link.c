/* Where links begin. Which of them are steered: test_substitution. */
#include "unit.h"

#include "guard.h"

#include "rewrite/link.h"

/* "^" marks where a link is asked for, and if there is a second one, where its
 * host begins. */
static const char *const cases[] = {
    "http^://^host",
    "http^://user@^host",
    "http^://user:pass@^host",
    "http^://a@b@^host",
    "http^://user&#64;^host",
    "http^://^host/a@b",
    "http^://^host?a@b",
    "http^://^host\"a@b",
    "http^://^host a@b",
    "http^://^host)a@b",
    "http^:///^host",
    "http^:\\\\^host",
    "http^:/\\^host",
    "http^:\\/\\/^host",
    "http^:/\\^192.0.2.7",
    "http^&#58;&#47;&#47;^host",
    "http^&#58&sol;&bsol;^host",
    "http^:&#92;&#92;^host",
    "http^\\x3a\\x2f\\x2f^host",
    "http^\\u003a//^host",
    "http^%3A%2F%2F^host",
    "\\x68\\x74^://^host/",
    "unknown^://^host/",
    "unknown^://host x",
    "1^://host/",
    "C^:\\\\host\\",
    " ^://host/",
    "http^:/host",
    "http^:host",
    "http^:",
    "http^",
    "http^:/",
    "http^:&#47",
    "\"^//^host\"",
    "\"^\\/\\/^host\"",
    "\"^&sol;%2f^host\"",
    "\"^\\/host\"",
    "=\" ^//^host\"",
    "a\"^//host",
    "a\"x ^//host",
    "^//^host",
    "^//^host/x?y",
    "^//host x",
    "/^//host",
    ":^//host",
    "x ^//host",
    "a^//host",
    "url(^//^host)",
    "f(^//^host)",
    "f(^//host x)",
    "href=^//^host x",
    "x=^//host x",
    "x=^//^host/ x",
    "a 1x, ^//^host/a 2x",
    "a, ^//^host/a 2x\"",
    "a, ^//host/a b",
    "\"3; ^//^host\"",
    "x=3; ^//host\"",
    "<^//^host>; rel=x",
    ">^//^host<",
    ">^//host x<",
};

static struct buf unmark(const char *text, size_t marks[2], size_t *count)
{
	struct buf plain = {0};
	*count = 0;
	for (; *text; text++) {
		if (*text != '^')
			buf_add_byte(&plain, (uint8_t)*text);
		else if (*count < 2)
			marks[(*count)++] = plain.len;
	}
	return plain;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t marks[2] = {0}, count;
		struct buf plain = unmark(cases[i], marks, &count);
		struct guard g = guard_copy(buf_slice(&plain));
		size_t expected = count == 2 ? marks[1] - marks[0] : 0;
		if (link_length(g.bytes, marks[0]) != expected)
			fail_msg("%s: %zu", cases[i],
				 link_length(g.bytes, marks[0]));
		/* What is fast misses nothing. */
		if (expected)
			assert_int_equal(link_next(g.bytes, marks[0]),
					 marks[0]);
		guard_free(&g);
		buf_release(&plain);
	}
}

/* At each place of each text, cut short everywhere: nothing is read beyond the
 * end, and what is fast misses nothing. */
static void test_everywhere(void **state)
{
	(void)state;
	struct buf all = {0};
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t marks[2], count;
		struct buf plain = unmark(cases[i], marks, &count);
		buf_printf(&all, "%.*s\n", (int)plain.len,
			   (const char *)plain.data);
		buf_release(&plain);
	}
	for (size_t len = 0; len <= all.len; len++) {
		struct guard g = guard_copy(slice_to(buf_slice(&all), len));
		size_t from = len > 40 ? len - 40 : 0;
		size_t next = link_next(g.bytes, from);
		for (size_t at = from; at < len; at++) {
			size_t found = link_length(g.bytes, at);
			link_user_ends(g.bytes, at);
			assert_true(found <= len - at);
			if (found)
				assert_true(next <= at);
			if (at == next)
				next = link_next(g.bytes, at + 1);
		}
		link_user_ends(g.bytes, len);
		guard_free(&g);
	}
	buf_release(&all);
}

static void test_next(void **state)
{
	(void)state;
	struct buf text = {0};
	for (size_t i = 0; i < 100; i++) {
		buf_printf(&text, "%*s://", (int)i, "");
		assert_int_equal(link_next(buf_slice(&text), text.len - i - 3),
				 text.len - 3);
	}
	assert_int_equal(link_next(buf_slice(&text), text.len), text.len);
	assert_int_equal(link_next(SLICE("a:b/c d%x &&"), 0), 12);
	assert_int_equal(link_next((struct slice){0}, 0), 0);
	buf_release(&text);
}

static void test_user_ends(void **state)
{
	(void)state;
	static const char *const yes[] = {
	    "@host",    "&#64;host", "%40host", ":pw@host",
	    ":80@host", ":@h",       ";a=1@h",  "*x@h",
	};
	static const char *const no[] = {
	    "",     ":",     ":80",    "/@",        ":80/@",  ":80?@",
	    ":80#", ":80 @", ":80\"@", ":80&#47;@", "&a=b@c",
	};
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(link_user_ends(slice_of(yes[i]), 0));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(link_user_ends(slice_of(no[i]), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_everywhere),
	    cmocka_unit_test(test_next),
	    cmocka_unit_test(test_user_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
