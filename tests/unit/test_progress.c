/* The line that tells how far long work is, and when it is drawn. */
#include "unit.h"

#include "forked.h"

#include "capture/log.h"
#include "capture/progress.h"
#include "capture/terminal.h"

#define SECOND INT64_C(1000000000)

static void assert_line(const struct progress_facts *f, size_t width,
			const char *expected)
{
	struct buf out = {0};
	progress_print(&out, f, width);
	buf_add_byte(&out, '\0');
	assert_string_equal((char *)out.data, expected);
	assert_true(terminal_columns(slice_of((char *)out.data)) < width);
	buf_release(&out);
}

static void test_whole(void **state)
{
	(void)state;
	struct progress_facts f = {"reading",  "evil.pcap", NULL,
				   1200000000, 4000000000,  2 * SECOND};
	assert_line(&f, 80,
		    "name: reading evil.pcap: 1.2 GB of 4.0 GB (30 %), "
		    "600.0 MB/s, 5 s left");
	f.done = 999;
	f.elapsed = SECOND / 20; /* too short to tell a rate */
	assert_line(&f, 80,
		    "name: reading evil.pcap: 999 bytes of 4.0 GB (0 %)");
	f.elapsed = 1000 * SECOND;
	f.done = 100000000;
	assert_line(&f, 80,
		    "name: reading evil.pcap: 100.0 MB of 4.0 GB (2 %), "
		    "100.0 kB/s, 10 h 50 min left");
	f.elapsed = 10 * SECOND;
	f.done = 40000000;
	assert_line(&f, 80,
		    "name: reading evil.pcap: 40.0 MB of 4.0 GB (1 %), "
		    "4.0 MB/s, 16 min 30 s left");
	f.done = 4000000000;
	assert_line(&f, 90,
		    "name: reading evil.pcap: 4.0 GB of 4.0 GB (100 %), "
		    "400.0 MB/s, 0 s left");
}

static void test_size_unknown(void **state)
{
	(void)state;
	struct progress_facts f = {"reading", "standard input", NULL, 5000000,
				   0,         2 * SECOND};
	assert_line(&f, 80, "name: reading standard input: 5.0 MB, 2.5 MB/s");
	f.done = 0;
	assert_line(&f, 80, "name: reading standard input: 0 bytes");
}

static void test_counted(void **state)
{
	(void)state;
	const struct progress_facts f = {
	    "putting in order", NULL, "connections", 1000, 400000, SECOND / 2};
	assert_line(&f, 80,
		    "name: putting in order: 1000 of 400000 connections "
		    "(0 %), 2000/s, 3 min 20 s l…");
	assert_line(&f, 100,
		    "name: putting in order: 1000 of 400000 connections "
		    "(0 %), 2000/s, 3 min 20 s left");
}

/* The name gives way first, in its middle; control bytes do nothing. */
static void test_fits(void **state)
{
	(void)state;
	struct progress_facts f = {
	    "reading", "/cases/2026-11/host-17/evil.pcap", NULL, 5, 10, 0};
	assert_line(&f, 64,
		    "name: reading /cases/202…/evil.pcap: "
		    "5 bytes of 10 bytes (50 %)");
	assert_line(&f, 30, "name: reading /cas…cap: 5 by…");
	assert_line(&f, 2, "…");
	f.of = "a\x1b[2J\n\t\xc3\xa4\xff";
	assert_line(&f, 80,
		    "name: reading a\\x1B[2J\\x0A\\x09\xc3\xa4\\xFF: "
		    "5 bytes of 10 bytes (50 %)");
}

/* ---- when it is drawn ---- */

static void be_quick(void *context)
{
	struct progress *p = progress_new();
	(void)context;
	progress_phase(p, "reading", NULL, 100, NULL);
	for (uint64_t i = 0; i < 100; i++)
		progress_at(p, i);
	progress_free(p);
}

static void be_slow(void *context)
{
	struct progress *p = progress_new();
	(void)context;
	progress_phase(p, "reading", NULL, 100, NULL);
	while (!log_status_stands())
		progress_at(p, 50);
	log_warn("message");
	log_warn("another");
	progress_free(p);
}

static void be_slow_and_quiet(void *context)
{
	(void)context;
	progress_phase(NULL, "reading", NULL, 100, NULL);
	progress_at(NULL, 5);
	progress_end(NULL);
	progress_free(NULL);
}

static void test_drawn(void **state)
{
	(void)state;
	char text[4096];
	assert_int_equal(forked(be_quick, NULL, text, sizeof text), 42);
	assert_string_equal(text, "");
	assert_int_equal(forked(be_slow_and_quiet, NULL, text, sizeof text),
			 42);
	assert_string_equal(text, "");
	assert_int_equal(forked(be_slow, NULL, text, sizeof text), 42);
	/* not before a second is over; the first message wipes it */
	static const char start[] = "\rname: reading: 50 bytes of 100 bytes ";
	assert_int_equal(strncmp(text, start, sizeof start - 1), 0);
	static const char last[] = "left\x1b[K\r\x1b[Kname: message\n"
				   "name: another\n";
	assert_true(strlen(text) > sizeof last);
	assert_string_equal(text + strlen(text) + 1 - sizeof last, last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),   cmocka_unit_test(test_size_unknown),
	    cmocka_unit_test(test_counted), cmocka_unit_test(test_fits),
	    cmocka_unit_test(test_drawn),
	};
	log_init("/usr/bin/name");
	terminal_begin();
	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
