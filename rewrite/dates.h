/* Dates in header fields, moved by the time between recording and replay. */
#ifndef REWRITE_DATES_H
#define REWRITE_DATES_H

#include "capture/bytes.h"

/* Every form that browsers read in a field is written again in the one form
 * "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7): that many bytes. */
#define DATE_LEN 29

/* A date in a head that moves with the clock. */
struct date {
	size_t at;     /* its place in the head */
	int64_t ahead; /* seconds after the answer was recorded; may be < 0 */
};

/* An HTTP-date in any of its three forms (RFC 9110 5.6.7), or as RFC 6265
 * 5.1.1 reads cookie dates. Seconds since the epoch. */
bool date_read(struct slice text, int64_t *seconds);
/* Writes DATE_LEN bytes. False if the year is not 1 to 9999. */
bool date_write(int64_t seconds, uint8_t *out);

/* The date in a field's value, as offset and length: Set-Cookie's Expires
 * attribute, the whole value of Date, Expires, Last-Modified and Retry-After.
 * False if it cannot be read, and of other fields. */
bool date_in_field(struct slice name, struct slice value, size_t *at,
		   size_t *len);

/* Puts the dates of a head to what they are at that time (seconds since the
 * epoch). One that would leave date_write's years stays. */
void dates_move(uint8_t *head, const struct date *dates, size_t count,
		int64_t now);

#endif
