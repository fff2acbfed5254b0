/* Lines for people, broken between words. */
#include "unit.h"

#include "capture/terminal.h"
#include "report/prose.h"

static const struct prose_heading headings[] = {
    {"comes back", COLOUR_GOOD},
    {0},
};

static void assert_prose(size_t width, bool colour, const char *text,
			 const char *expected)
{
	const struct prose p = {width, colour, headings};
	struct buf out = {0};
	prose_add(&out, &p, slice_of(text));
	buf_add_byte(&out, '\0');
	assert_string_equal((char *)out.data, expected);
	buf_release(&out);
}

static void test_broken(void **state)
{
	(void)state;
	assert_prose(20, false, "fits here\n\n  and here\n",
		     "fits here\n\n  and here\n");
	assert_prose(20, false, "one two three four five six seven\n",
		     "one two three four\n    five six seven\n");
	assert_prose(20, false, "  one two three four five six\n",
		     "  one two three four\n      five six\n");
	/* what is indented deeply goes on where there is room */
	assert_prose(12, false, "        one two three\n",
		     "        one\n    two\n    three\n");
	assert_prose(0, false, "one two three four five six seven\n",
		     "one two three four five six seven\n");
	assert_prose(20, false, "no end of line", "no end of line\n");
}

/* A long word stands alone, and whole. */
static void test_words(void **state)
{
	(void)state;
	assert_prose(20, false, "#1 GET http://a.example/a/very/long/way on\n",
		     "#1 GET\n    http://a.example/a/very/long/way\n"
		     "    on\n");
	assert_prose(10, false, "  averyveryverylongword\n",
		     "  averyveryverylongword\n");
	/* two columns each */
	assert_prose(
	    8, false,
	    "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5 "
	    "\xe6\x97\xa5\n",
	    "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\n    \xe6\x97\xa5\n");
}

static void test_headings(void **state)
{
	(void)state;
	assert_prose(0, true,
		     "comes back: 1\nvictim: a: b\n  in: it\nhttp://a\n",
		     "\x1b[32mcomes back\x1b[m: 1\n\x1b[1mvictim\x1b[m: a: b\n"
		     "  in: it\nhttp://a\n");
	assert_prose(14, true, "comes back: one two\n",
		     "\x1b[32mcomes back\x1b[m:\n    one two\n");
	/* one that is broken is no heading any more */
	assert_prose(10, true, "a heading in words: x\n",
		     "a heading\n    in\n    words:\n    x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_headings),
	};
	terminal_begin();
	return cmocka_run_group_tests_name("prose", tests, NULL, NULL);
}
