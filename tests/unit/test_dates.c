/* Dates of header fields: every form that browsers read, and the one written.
 */
#include "unit.h"

#include "rewrite/dates.h"

#include <stdlib.h>
#include <time.h>

static void expect(const char *text, int64_t seconds)
{
	int64_t got = -1;
	bool is = date_read(slice_of(text), &got);
	if (!is || got != seconds)
		print_error("%s\n", text);
	assert_true(is);
	assert_int_equal(got, seconds);
}

static void test_forms(void **state)
{
	(void)state;
	/* RFC 9110 5.6.7 */
	expect("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
	expect("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
	expect("Sun Nov  6 08:49:37 1994", 784111777);
	/* as cookies have them */
	expect("Wed, 13-Jan-2027 22:23:01 GMT", 1799878981);
	expect("Wed, 13-Jan-27 22:23:01 GMT", 1799878981);
	expect("Wed, 13 JANUARY 2027 22:23:01", 1799878981);
	expect("13 jan 2027 22:23:01", 1799878981);
	expect("2027 Jan 13 22:23:01", 1799878981);
	expect("22:23:01 13th Jan 2027AD", 1799878981);
	expect("\tWed,13/Jan/2027;22:23:01.500 GMT+0100\t", 1799878981);
	expect("Jan 13 2027 22:23:1", 1799878981);
	expect("Thu, 01-Jan-1970 00:00:00 GMT", 0);
	expect("Thu, 01 Jan 1970 0:0:1 GMT", 1);
	expect("31 Dec 69 23:59:59", 3155759999);
	expect("01 Jan 70 00:00:00", 0);
	expect("31 Dec 99 23:59:59", 946684799);
	expect("01 Jan 00 00:00:00", 946684800);
	expect("Mon, 01 Jan 1601 00:00:00 GMT", -11644473600);
	expect("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799);
	expect("29 Feb 2000 00:00:00", 951782400);
	expect("29 Feb 2028 12:00:00", 1835438400);
	expect("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
}

static void test_no_dates(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "",
	    "0",
	    "-1",
	    "3600",
	    "never",
	    "Sun, 06 Nov 1994",
	    "06 Nov 08:49:37",
	    "Nov 1994 08:49:37",
	    "06 1994 08:49:37",
	    "06 Nov 1994 08:49",
	    "06 Nov 1994 084937",
	    "31 Dec 1600 23:59:59",
	    "01 Jan 101 00:00:00",
	    "01 Jan 10000 00:00:00",
	    "00 Jan 2027 00:00:00",
	    "32 Jan 2027 00:00:00",
	    "31 Nov 2027 00:00:00",
	    "30 Feb 2028 00:00:00",
	    "29 Feb 2027 00:00:00",
	    "29 Feb 1900 00:00:00",
	    "01 Jan 2027 24:00:00",
	    "01 Jan 2027 00:60:00",
	    "01 Jan 2027 00:00:61",
	    "01 Jan 2027 000:00:00",
	    "01 Jan 2027 00:00:000",
	    "01 J\xc3\xa4n 2027 00:00:00",
	    "1 Jan 7 00:00:00",
	    "99999999999999999999 Jan 99999999999999999999 00:00:00",
	    "2027-01-13T22:23:01Z",
	};
	int64_t seconds = 42;
	for (size_t i = 0; i < COUNT(texts); i++) {
		bool is = date_read(slice_of(texts[i]), &seconds);
		if (is)
			print_error("%s\n", texts[i]);
		assert_false(is);
	}
	assert_false(date_read((struct slice){0}, &seconds));
	assert_int_equal(seconds, 42);
}

/* Any start of a date, in memory of just its length. */
static void test_starts(void **state)
{
	(void)state;
	struct slice date = SLICE("Sun, 06 Nov 1994 08:49:37 GMT");
	int64_t seconds;
	for (size_t len = 0; len <= date.len; len++) {
		uint8_t *copy = xmalloc(len);
		memcpy(copy, date.data, len);
		assert_int_equal(date_read((struct slice){copy, len}, &seconds),
				 len >= 24);
		free(copy);
	}
}

static void expect_written(int64_t seconds, const char *text)
{
	uint8_t out[DATE_LEN];
	assert_true(date_write(seconds, out));
	assert_text((struct slice){out, DATE_LEN}, text);
}

static void test_write(void **state)
{
	(void)state;
	uint8_t out[DATE_LEN] = "untouched";
	expect_written(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
	expect_written(0, "Thu, 01 Jan 1970 00:00:00 GMT");
	expect_written(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
	expect_written(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
	expect_written(-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT");
	expect_written(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
	assert_false(date_write(-62135596801, out));
	assert_false(date_write(253402300800, out));
	assert_false(date_write(INT64_MIN, out));
	assert_false(date_write(INT64_MAX, out));
	assert_string_equal((char *)out, "untouched");
}

/* Every day of 8400 years against the C library, which knows them too. */
static void test_days(void **state)
{
	(void)state;
	for (int64_t day = -134774; day <= 2932896; day++) {
		uint8_t out[DATE_LEN];
		char expected[64];
		int64_t back, seconds = day * 86400 + (day + 200000) % 86400;
		time_t when = (time_t)seconds;
		struct tm tm;
		assert_true(date_write(seconds, out));
		assert_true(date_read((struct slice){out, DATE_LEN}, &back));
		assert_int_equal(back, seconds);
		if (day % 7)
			continue;
		gmtime_r(&when, &tm);
		strftime(expected, sizeof expected, "%d %b %Y %H:%M:%S", &tm);
		assert_memory_equal(out + 5, expected, 20);
		strftime(expected, sizeof expected, "%a,", &tm);
		assert_memory_equal(out, expected, 4);
	}
}

static void expect_in(const char *name, const char *value, const char *date)
{
	size_t at, len;
	bool is = date_in_field(slice_of(name), slice_of(value), &at, &len);
	if (is != (date != NULL))
		print_error("%s: %s\n", name, value);
	assert_int_equal(is, date != NULL);
	if (is && date)
		assert_text(slice_to(slice_from(slice_of(value), at), len),
			    date);
}

#define DATE_A "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_B "Wed, 13-Jan-2027 22:23:01 GMT"

/* P26, P27 */
static void test_fields(void **state)
{
	(void)state;
	static const char *const whole[] = {"Date", "expires", "LAST-MODIFIED",
					    "Retry-After"};
	for (size_t i = 0; i < COUNT(whole); i++) {
		expect_in(whole[i], DATE_A, DATE_A);
		expect_in(whole[i], " \t" DATE_B " ", DATE_B);
		expect_in(whole[i], "0", NULL);
		expect_in(whole[i], "-1", NULL);
		expect_in(whole[i], "120", NULL);
		expect_in(whole[i], "", NULL);
	}
	expect_in("Refresh", DATE_A, NULL);
	expect_in("X-Date", DATE_A, NULL);
	expect_in("", DATE_A, NULL);
}

static void test_cookies(void **state)
{
	(void)state;
	static const struct {
		const char *value, *date;
	} rows[] = {
	    {"a=b; Expires=" DATE_B, DATE_B},
	    {"a=b;expires = " DATE_B " ; Path=/", DATE_B},
	    {"a=b; path=/;EXPIRES=" DATE_A "; secure", DATE_A},
	    {"a=b; Expires=\"" DATE_B "\"", DATE_B},
	    {"a=b; Expires='" DATE_B "'", "'" DATE_B "'"},
	    {"a=b; Expires=" DATE_A "; Expires=" DATE_B, DATE_B},
	    {"a=b; Expires=" DATE_A "; Expires=0", DATE_A},
	    {"Expires=" DATE_A, NULL},
	    {"Expires=" DATE_A "; Expires=" DATE_B, DATE_B},
	    {"a=b; XExpires=" DATE_A, NULL},
	    {"a=b; Expires " DATE_A, NULL},
	    {"a=b; Expires=", NULL},
	    {"a=b; Expires=\"", NULL},
	    {"a=b; Expires=\"\"", NULL},
	    {"a=b; Expires", NULL},
	    {"a=b; Expires=-1; Max-Age=0", NULL},
	    {"a=b, Expires=" DATE_A, NULL},
	    {"a=b", NULL},
	    {";", NULL},
	    {"", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_in("set-cookie", rows[i].value, rows[i].date);
	size_t at, len;
	assert_false(
	    date_in_field(SLICE("Set-Cookie"), (struct slice){0}, &at, &len));
}

static void test_move(void **state)
{
	(void)state;
	char head[] = "Date: " DATE_A "\r\nExpires: " DATE_A "\r\n\r\n";
	const struct date dates[] = {{6, 0}, {46, 3600}};
	dates_move((uint8_t *)head, dates, 2, 1799878981);
	assert_string_equal(head, "Date: Wed, 13 Jan 2027 22:23:01 GMT\r\n"
				  "Expires: Wed, 13 Jan 2027 23:23:01 GMT\r\n"
				  "\r\n");
	const struct date beyond[] = {{6, INT64_MAX}, {46, -1799878981}};
	dates_move((uint8_t *)head, beyond, 2, 1799878981);
	assert_string_equal(head, "Date: Wed, 13 Jan 2027 22:23:01 GMT\r\n"
				  "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
				  "\r\n");
	dates_move((uint8_t *)head, NULL, 0, 0);
}

int main(void)
{
	/* Must count for nothing. */
	setenv("TZ", "Asia/Tokyo", 1);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),   cmocka_unit_test(test_no_dates),
	    cmocka_unit_test(test_starts),  cmocka_unit_test(test_write),
	    cmocka_unit_test(test_days),    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_cookies), cmocka_unit_test(test_move),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
