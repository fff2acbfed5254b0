/* Dates in header fields: read in every form, written in one. Calendar and
 * clock are UTC's; neither locale nor time zone of this machine counts. */
#include "dates.h"

#define DAY 86400
#define YEAR_MIN 1601               /* RFC 6265 5.1.1 */
#define FIRST INT64_C(-62135596800) /* of the year 1 */
#define LAST INT64_C(253402300799)  /* of the year 9999 */
#define DAYS_TO_1970 719468         /* from the first of March of the year 0 */
#define DAYS_OF_400_YEARS 146097

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekday_names[] = "SunMonTueWedThuFriSat";

struct civil {
	unsigned year, month, day; /* month and day from 1 */
	unsigned hour, minute, second;
};

/* The year is taken to begin in March, so that the leap day ends it. The first
 * year that may come is 0. */
static int64_t days_of(const struct civil *c)
{
	int64_t year = (int64_t)c->year - (c->month < 3);
	int64_t month = (c->month + 9) % 12;
	int64_t of_year = (153 * month + 2) / 5 + c->day - 1;
	return year * 365 + year / 4 - year / 100 + year / 400 + of_year -
	       DAYS_TO_1970;
}

static struct civil civil_of(int64_t days)
{
	int64_t count = days + DAYS_TO_1970;
	int64_t of_era = count % DAYS_OF_400_YEARS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 -
			of_era / (DAYS_OF_400_YEARS - 1)) /
		       365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct civil c = {0};
	year += count / DAYS_OF_400_YEARS * 400;
	c.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1);
	c.month = (unsigned)(month < 10 ? month + 3 : month - 9);
	c.year = (unsigned)(year + (c.month < 3));
	return c;
}

/* ---- reading (RFC 6265 5.1.1) ---- */

enum found { FOUND_TIME = 1, FOUND_DAY = 2, FOUND_MONTH = 4, FOUND_YEAR = 8 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_delimiter(uint8_t c)
{
	return c == '\t' || (c >= 0x20 && c <= 0x2f) ||
	       (c >= 0x3b && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
	       (c >= 0x7b && c <= 0x7e);
}

static bool next_token(struct slice *text, struct slice *token)
{
	size_t len = 0;
	while (text->len && is_delimiter(text->data[0]))
		*text = slice_from(*text, 1);
	while (len < text->len && !is_delimiter(text->data[len]))
		len++;
	*token = slice_to(*text, len);
	*text = slice_from(*text, len);
	return len > 0;
}

/* least to most digits and then none; s becomes what follows. */
static bool take_number(struct slice *s, size_t least, size_t most,
			unsigned *number)
{
	size_t len = 0;
	unsigned n = 0;
	for (; len < s->len && is_digit(s->data[len]); len++) {
		if (len == most)
			return false;
		n = n * 10 + (s->data[len] - '0');
	}
	if (len < least)
		return false;
	*s = slice_from(*s, len);
	*number = n;
	return true;
}

static bool take_colon(struct slice *s)
{
	bool is = slice_starts(*s, SLICE(":"));
	*s = slice_from(*s, is);
	return is;
}

static bool take_time(struct slice s, struct civil *c)
{
	unsigned hour, minute, second;
	if (!take_number(&s, 1, 2, &hour) || !take_colon(&s) ||
	    !take_number(&s, 1, 2, &minute) || !take_colon(&s) ||
	    !take_number(&s, 1, 2, &second))
		return false;
	c->hour = hour;
	c->minute = minute;
	c->second = second;
	return true;
}

static bool take_month(struct slice token, unsigned *month)
{
	struct slice names = slice_of(month_names);
	for (unsigned i = 0; i < 12; i++) {
		if (!slice_starts_nocase(token,
					 slice_to(slice_from(names, 3 * i), 3)))
			continue;
		*month = i + 1;
		return true;
	}
	return false;
}

/* What the token is, of what is not found yet; 0: nothing. */
static unsigned take_token(struct slice token, unsigned found, struct civil *c)
{
	struct slice s = token;
	if (!(found & FOUND_TIME) && take_time(token, c))
		return FOUND_TIME;
	if (!(found & FOUND_DAY) && take_number(&s, 1, 2, &c->day))
		return FOUND_DAY;
	if (!(found & FOUND_MONTH) && take_month(token, &c->month))
		return FOUND_MONTH;
	if (!(found & FOUND_YEAR) && take_number(&s, 2, 4, &c->year))
		return FOUND_YEAR;
	return 0;
}

static unsigned days_of_month(unsigned month, unsigned year)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* 60 seconds: a leap second (RFC 9110 5.6.7). */
static bool exists(const struct civil *c)
{
	return c->year >= YEAR_MIN && c->day >= 1 &&
	       c->day <= days_of_month(c->month, c->year) && c->hour <= 23 &&
	       c->minute <= 59 && c->second <= 60;
}

bool date_read(struct slice text, int64_t *seconds)
{
	struct civil c = {0};
	struct slice token;
	unsigned found = 0;
	while (next_token(&text, &token))
		found |= take_token(token, found, &c);
	if (found != (FOUND_TIME | FOUND_DAY | FOUND_MONTH | FOUND_YEAR))
		return false;
	if (c.year < 100)
		c.year += c.year < 70 ? 2000 : 1900;
	if (!exists(&c))
		return false;
	*seconds = days_of(&c) * DAY + c.hour * 3600 + c.minute * 60 + c.second;
	return true;
}

/* ---- writing ---- */

bool date_write(int64_t seconds, uint8_t *out)
{
	char text[DATE_LEN + 1];
	if (seconds < FIRST || seconds > LAST)
		return false;
	unsigned of_day = (unsigned)((seconds - FIRST) % DAY);
	int64_t days = (seconds - of_day) / DAY;
	struct civil c = civil_of(days);
	/* The first day of the year 1 was a Monday. */
	const char *weekday =
	    weekday_names + 3 * (((seconds - FIRST) / DAY + 1) % 7);
	snprintf(text, sizeof text, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
		 weekday, c.day % 100, month_names + 3 * (c.month - 1),
		 c.year % 10000, of_day / 3600 % 100, of_day / 60 % 60,
		 of_day % 60);
	memcpy(out, text, DATE_LEN);
	return true;
}

void dates_move(uint8_t *head, const struct date *dates, size_t count,
		int64_t now)
{
	int64_t then;
	for (size_t i = 0; i < count; i++)
		if (!__builtin_add_overflow(now, dates[i].ahead, &then))
			date_write(then, head + dates[i].at);
}

/* ---- in fields ---- */

/* The next part of a list between ';'. */
static struct slice take_part(struct slice *list)
{
	struct slice part = slice_to(*list, slice_find(*list, ';'));
	*list = slice_from(*list, part.len + 1);
	return part;
}

/* The value of an attribute, without quotes around it; data NULL if it is not
 * Expires. */
static struct slice expires_of(struct slice attribute)
{
	struct slice name = slice_to(attribute, slice_find(attribute, '='));
	struct slice value = slice_trim(slice_from(attribute, name.len + 1));
	if (!slice_equal_nocase(slice_trim(name), SLICE("Expires")))
		return (struct slice){0};
	if (value.len >= 2 && value.data[0] == '"' &&
	    value.data[value.len - 1] == '"')
		value = slice_to(slice_from(value, 1), value.len - 2);
	return value;
}

/* RFC 6265 5.2: what begins the value is the cookie itself. Of several dates
 * the last counts, of those that are none nothing (5.2.1, 5.3). */
static struct slice date_of_cookie(struct slice value)
{
	struct slice date = {0};
	int64_t seconds;
	take_part(&value);
	while (value.len) {
		struct slice expires = expires_of(take_part(&value));
		if (date_read(expires, &seconds))
			date = expires;
	}
	return date;
}

static struct slice find_date(struct slice name, struct slice value)
{
	static const struct slice whole[] = {
	    SLICE("Expires"), SLICE("Last-Modified"), SLICE("Date"),
	    SLICE("Retry-After")};
	int64_t seconds;
	if (slice_equal_nocase(name, SLICE("Set-Cookie")))
		return date_of_cookie(value);
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (slice_equal_nocase(name, whole[i]) &&
		    date_read(value, &seconds))
			return slice_trim(value);
	return (struct slice){0};
}

bool date_in_field(struct slice name, struct slice value, size_t *at,
		   size_t *len)
{
	struct slice date = find_date(name, value);
	if (!date.len)
		return false;
	*at = (size_t)(date.data - value.data);
	*len = date.len;
	return true;
}
