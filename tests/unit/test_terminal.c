/* What text takes on a terminal, and when it is coloured. */
#include "unit.h"

#include "capture/colour.h"
#include "capture/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UMLAUT "\xc3\xa4"
#define WIDE "\xe6\x97\xa5" /* an ideograph: two columns */
#define ACCENT "e\xcc\x81"  /* a letter, and what combines with it */
#define CUT "\xe2\x80\xa6"

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(terminal_columns(SLICE("")), 0);
	assert_int_equal(terminal_columns(SLICE("plain")), 5);
	assert_int_equal(terminal_columns(SLICE("x" UMLAUT)), 2);
	assert_int_equal(terminal_columns(SLICE(WIDE WIDE)), 4);
	assert_int_equal(terminal_columns(SLICE(ACCENT)), 1);
	/* no UTF-8, and half a character: a column a byte */
	assert_int_equal(terminal_columns(SLICE("\xff\xe6\x97")), 3);
}

static void assert_cut(const char *text, size_t max, bool middle,
		       const char *expected)
{
	struct buf out = {0};
	bool cut = terminal_cut(&out, slice_of(text), max, middle);
	assert_true(slice_equal(buf_slice(&out), slice_of(expected)));
	assert_int_equal(cut, strcmp(text, expected) != 0);
	assert_true(terminal_columns(buf_slice(&out)) <= max);
	buf_release(&out);
}

static void test_cut(void **state)
{
	(void)state;
	assert_cut("abcdef", 6, false, "abcdef");
	assert_cut("abcdef", 5, false, "abcd" CUT);
	assert_cut("abcdef", 5, true, "ab" CUT "ef");
	assert_cut("abcdef", 4, true, "ab" CUT "f");
	assert_cut("abcdef", 2, true, "a" CUT);
	assert_cut("abcdef", 1, true, CUT);
	assert_cut("abcdef", 0, true, "");
	/* never half a character, nor one column too many */
	assert_cut(WIDE WIDE WIDE, 4, false, WIDE CUT);
	assert_cut(WIDE WIDE WIDE, 5, true, WIDE CUT WIDE);
	assert_cut(ACCENT ACCENT ACCENT, 2, false, ACCENT CUT);
	assert_cut(ACCENT ACCENT ACCENT, 2, true, ACCENT CUT);
}

/* A terminal of so many columns, with TERM and NO_COLOR as given. */
static int open_terminal(unsigned short columns)
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &size), 0);
	return fd; /* master stays open: the program ends soon */
}

static void test_width(void **state)
{
	(void)state;
	int narrow = open_terminal(52), unknown = open_terminal(0);
	unsetenv("COLUMNS");
	assert_int_equal(terminal_width(narrow), 52);
	assert_int_equal(terminal_width(unknown), 80);
	setenv("COLUMNS", "133", true);
	assert_int_equal(terminal_width(narrow), 133);
	/* no width that anybody can have meant */
	static const char *const none[] = {
	    "", "0", "3", "wide", "-40", "99999999999999999999"};
	for (size_t i = 0; i < COUNT(none); i++) {
		setenv("COLUMNS", none[i], true);
		assert_int_equal(terminal_width(narrow), 52);
	}
	unsetenv("COLUMNS");
}

static void test_colour(void **state)
{
	(void)state;
	int terminal = open_terminal(80), file = open("/dev/null", O_WRONLY);
	setenv("TERM", "xterm", true);
	unsetenv("NO_COLOR");
	assert_true(colour_wanted(COLOUR_AUTO, terminal));
	assert_false(colour_wanted(COLOUR_AUTO, file));
	assert_true(colour_wanted(COLOUR_ALWAYS, file));
	assert_false(colour_wanted(COLOUR_NEVER, terminal));
	setenv("NO_COLOR", "", true); /* empty: as if it were not there */
	assert_true(colour_wanted(COLOUR_AUTO, terminal));
	setenv("NO_COLOR", "1", true);
	assert_false(colour_wanted(COLOUR_AUTO, terminal));
	assert_true(colour_wanted(COLOUR_ALWAYS, terminal)); /* asked for */
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", true);
	assert_false(terminal_is(terminal));
	assert_false(colour_wanted(COLOUR_AUTO, terminal));
}

static void test_codes(void **state)
{
	(void)state;
	assert_string_equal(colour_begin(true, COLOUR_BAD), "\x1b[31m");
	assert_string_equal(colour_end(true, COLOUR_BAD), "\x1b[m");
	for (enum colour c = COLOUR_NONE; c <= COLOUR_DOUBT; c++) {
		assert_string_equal(colour_begin(false, c), "");
		assert_string_equal(colour_end(false, c), "");
	}
	assert_string_equal(colour_begin(true, COLOUR_NONE), "");
	assert_string_equal(colour_end(true, COLOUR_NONE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns), cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_width),   cmocka_unit_test(test_colour),
	    cmocka_unit_test(test_codes),
	};
	terminal_begin();
	return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
