/* Numbers and names as people read them, in text and in pages alike; all of it
 * appends to out. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include "capture/exchange.h"

/* "1 exchange", "17 exchanges". */
void words_count(struct buf *out, uint64_t n, const char *what);
/* Exact where that is short. */
void words_bytes(struct buf *out, uint64_t n);
/* The URL of an exchange, of CONNECT its target; hostile bytes. */
void words_url(struct buf *out, const struct exchange *e);

#endif
