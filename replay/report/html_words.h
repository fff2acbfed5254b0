/* Shares, times and names as they stand in a page; all of it appends to out. */
#ifndef REPORT_HTML_WORDS_H
#define REPORT_HTML_WORDS_H

#include "words.h"

#include <inttypes.h>

/* "88.2 %", rounded down, on one line. */
void html_share(struct buf *out, uint64_t part, uint64_t whole);
/* <time>, UTC to the second; times in ns, seconds since the epoch. */
void html_time(struct buf *out, int64_t time);
void html_seconds(struct buf *out, int64_t seconds);
/* "0.35 s", "3.1 minutes". */
void html_duration(struct buf *out, int64_t time);
void html_address(struct buf *out, const struct address *a);
/* Port 0: the address alone. */
void html_endpoint(struct buf *out, const struct endpoint *e);
/* A digest in hexadecimal digits; one click selects it. */
void html_digest(struct buf *out, const uint8_t *digest, size_t len);

#endif
