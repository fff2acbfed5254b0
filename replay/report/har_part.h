/* The parts of a HAR that are made of one exchange. Private to har*.c. */
#ifndef REPORT_HAR_PART_H
#define REPORT_HAR_PART_H

#include "object.h"

#include <jansson.h>

/* Named values of a query or a form that are told, each of which takes some
 * 600 bytes of memory: a form of a few bytes each could fill it all. */
#define HAR_VALUES_MAX 100000U

/* har_cookies.c: of the field lines of a head. */
json_t *har_cookies_sent(struct slice fields); /* Cookie */
json_t *har_cookies_set(struct slice fields);  /* Set-Cookie */

/* har_body.c: named values in a query or a form, percent encoding and plus
 * signs undone; at most HAR_VALUES_MAX. */
json_t *har_query(struct slice query);
/* har_multipart.c: the parts of multipart/form-data; of files the names and
 * types alone; at most HAR_VALUES_MAX. */
json_t *har_multipart(struct slice content_type, struct slice body);
/* NULL if the request has no body; *sent: its bytes as recorded. */
json_t *har_post_data(const struct exchange *e, uint64_t *sent);
/* "content" of the response; *received: the body's bytes as recorded. */
json_t *har_content(const struct exchange *e, uint64_t *received);

/* har_text.c */
/* "2017-03-14T10:25:30.123456Z", nine digits where they say more; false, with
 * nothing appended, outside the years 0 to 9999. time: ns since the epoch. */
bool har_date(struct buf *out, int64_t time);
/* The URL that was asked for, with what may not stand in one (RFC 3986) percent
 * encoded. */
void har_url(struct buf *out, const struct exchange *e);

/* har_times.c: "timings", and their sum in milliseconds. */
json_t *har_timings(const struct exchange *e, double *sum);

#endif
