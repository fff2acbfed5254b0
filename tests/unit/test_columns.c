/* Rows of a table fit the terminal, whatever its width. */
#include "unit.h"

#include "capture/terminal.h"
#include "report/columns.h"

static const struct column column[] = {
    {"no", .rank = 4, .right = true},
    {"host", .rank = 2, .least = 6, .middle = true},
    {"target", .rank = 3, .least = 5},
    {"state", .rank = 1, .words = columns_states},
};

static const char *const rows[] = {
    "1\twww.a.example\t/\tcomplete\n",
    "12\tb.example\t/long/way/to/go\tcut\n",
};

/* In that width; the text is valid until the next call. */
static const char *fitted(size_t width, bool colour)
{
	static struct buf out;
	const struct display display = {.width = width, .colour = colour};
	struct columns *c = columns_new(column, COUNT(column), &display);
	buf_clear(&out);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t from = out.len;
		buf_add_string(&out, rows[i]);
		columns_take(c, &out, from);
	}
	columns_end(c, &out);
	columns_free(c);
	buf_add_byte(&out, '\0');
	return (const char *)out.data;
}

static void test_fits(void **state)
{
	(void)state;
	static const char whole[] =
	    "no  host           target           state\n"
	    " 1  www.a.example  /                complete\n"
	    "12  b.example      /long/way/to/go  cut\n";
	assert_string_equal(fitted(200, false), whole);
	assert_string_equal(fitted(44, false), whole);
	/* the host gives way to the target */
	assert_string_equal(fitted(37, false),
			    "no  host    target           state\n"
			    " 1  www…le  /                complete\n"
			    "12  b.e…le  /long/way/to/go  cut\n");
	/* then the target too; then the least important column goes */
	assert_string_equal(fitted(31, false),
			    "no  host    target     state\n"
			    " 1  www…le  /          complete\n"
			    "12  b.e…le  /long/wa…  cut\n");
	assert_string_equal(fitted(26, false), "no  host    target\n"
					       " 1  www…le  /\n"
					       "12  b.e…le  /long/way/to/…\n");
	assert_string_equal(fitted(12, false), "no  target\n"
					       " 1  /\n"
					       "12  /long/w…\n");
	assert_string_equal(fitted(1, false), "…\n1\n…\n");
}

static void test_never_wider(void **state)
{
	(void)state;
	for (size_t width = 1; width < 60; width++) {
		struct slice text = slice_of(fitted(width, false));
		size_t lines = 0;
		for (; text.len; lines++) {
			size_t end = slice_find(text, '\n');
			assert_true(terminal_columns(slice_to(text, end)) <=
				    width);
			text = slice_from(text, end + 1);
		}
		assert_int_equal(lines, 1 + COUNT(rows));
	}
}

/* Colours take no room, and stand at words alone. */
static void test_colours(void **state)
{
	(void)state;
	assert_string_equal(
	    fitted(26, true),
	    "\x1b[1mno\x1b[m  \x1b[1mhost\x1b[m    \x1b[1mtarget\x1b[m\n"
	    " 1  www…le  /\n"
	    "12  b.e…le  /long/way/to/…\n");
	const char *text = fitted(60, true);
	assert_non_null(strstr(text, "  \x1b[32mcomplete\x1b[m\n"));
	assert_non_null(strstr(text, "  \x1b[35mcut\x1b[m\n"));
}

/* Rows after the sample are put out at once, cut where they must be, and a
 * number has room to grow. */
static void test_streams(void **state)
{
	(void)state;
	const struct display display = {.width = 60};
	struct columns *c = columns_new(column, COUNT(column), &display);
	struct buf out = {0};
	for (unsigned i = 1; i <= COLUMNS_SAMPLE + 2; i++) {
		size_t from = out.len;
		buf_printf(&out, "%u\th\t/%s\tgap\n", i > 1000 ? i * 1000 : i,
			   i > 1001 ? "far too long for it" : "short");
		columns_take(c, &out, from);
		assert_int_equal(out.len > 0, i >= COLUMNS_SAMPLE);
	}
	columns_end(c, &out);
	buf_add_byte(&out, '\0');
	static const char end[] = "   1000  h     /short  gap\n"
				  "1001000  h     /short  gap\n"
				  "1002000  h     /far …  gap\n";
	assert_string_equal(out.data + out.len - sizeof end, end);
	columns_free(c);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fits),
	    cmocka_unit_test(test_never_wider),
	    cmocka_unit_test(test_colours),
	    cmocka_unit_test(test_streams),
	};
	terminal_begin();
	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
