/* A message is one line, with nothing in it that drives a terminal. */
#include "unit.h"

#include "forked.h"

#include "capture/log.h"

static void assert_said(void (*says)(void *context), int status,
			const char *expected)
{
	char text[4096];
	assert_int_equal(forked(says, NULL, text, sizeof text), status);
	assert_string_equal(text, expected);
}

static void say_all(void)
{
	log_warn("warn %d", 1);
	log_info("info");
	log_debug("debug");
}

static void say_quietly(void *context)
{
	(void)context;
	log_set_level(LOG_QUIET);
	say_all();
}

static void say_normally(void *context)
{
	(void)context;
	say_all();
}

static void say_verbosely(void *context)
{
	(void)context;
	log_set_level(LOG_VERBOSE);
	say_all();
}

static void test_levels(void **state)
{
	(void)state;
	assert_said(say_quietly, 42, "name: warn 1\n");
	assert_said(say_normally, 42, "name: warn 1\nname: info\n");
	assert_said(say_verbosely, 42,
		    "name: warn 1\nname: info\nname: debug\n");
}

static void say_hostile(void *context)
{
	(void)context;
	log_warn("a\nb\033[2J\x7f\t\xc3\xa4");
}

static void say_lines(void *context)
{
	(void)context;
	log_lines(SLICE("a\n b\r\033\n"));
}

static void say_much(void *context)
{
	char much[3000];
	(void)context;
	memset(much, 'a', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	log_warn("%s", much);
}

static void test_one_line(void **state)
{
	(void)state;
	char text[4096];
	assert_said(say_hostile, 42,
		    "name: a\\x0Ab\\x1B[2J\\x7F\\x09\xc3\xa4\n");
	assert_said(say_lines, 42, "a\n b\\x0D\\x1B\n");
	assert_int_equal(forked(say_much, NULL, text, sizeof text), 42);
	assert_int_equal(strlen(text), sizeof "name: \n" - 1 + 2047);
}

static void say_coloured(void *context)
{
	(void)context;
	log_set_colours(true);
	log_warn("a\033[2J");
	log_info("info");
	log_always("always");
	log_lines(SLICE("a ^\n  ^\n\033[1m^\n"));
}

/* Colours of ours, none of what is told. */
static void test_colours(void **state)
{
	(void)state;
	assert_said(say_coloured, 42,
		    "\033[31mname:\033[m a\\x1B[2J\nname: info\n"
		    "name: always\na ^\n\033[32m  ^\n\033[m\\x1B[1m^\n");
}

static void say_over_status(void *context)
{
	(void)context;
	log_status(SLICE("50 %\033"));
	assert_true(log_status_stands());
	log_status(SLICE("60 %"));
	log_warn("wiped");
	assert_false(log_status_stands());
	log_status((struct slice){0}); /* there is none to be wiped */
	log_status(SLICE("70 %"));
	log_lines(SLICE("lines\n"));
}

static void test_status(void **state)
{
	(void)state;
	assert_said(say_over_status, 42,
		    "\r50 %\\x1B\033[K\r60 %\033[K\r\033[Kname: wiped\n"
		    "\r70 %\033[K\r\033[Klines\n");
}

static void end_badly(void *context)
{
	(void)context;
	log_fatal("no %s", "disk");
}

static void end_misused(void *context)
{
	(void)context;
	log_usage("--what");
}

static void test_ends(void **state)
{
	(void)state;
	assert_said(end_badly, 1, "name: no disk\n");
	assert_said(end_misused, EXIT_USAGE, "name: --what (try --help)\n");
}

/* A file opened later must not get the number of a standard descriptor. */
static void open_after(void *context)
{
	(void)context;
	close(STDIN_FILENO);
	log_init("name");
	int fd = dup(STDERR_FILENO);
	assert_true(fd > STDERR_FILENO);
}

static void test_descriptors_are_held(void **state)
{
	(void)state;
	assert_said(open_after, 42, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_one_line),
	    cmocka_unit_test(test_colours),
	    cmocka_unit_test(test_status),
	    cmocka_unit_test(test_ends),
	    cmocka_unit_test(test_descriptors_are_held),
	};
	log_init("/usr/bin/name");
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
