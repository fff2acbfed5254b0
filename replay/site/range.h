/* Byte ranges (RFC 9110 14): one asked for, one recorded. */
#ifndef SITE_RANGE_H
#define SITE_RANGE_H

#include "capture/bytes.h"

/* Bytes first to last, both included, of total. */
struct range {
	uint64_t first, last, total;
};

/* "bytes=0-99", "bytes=100-", "bytes=-100" of total bytes. False if it is none
 * of these, several, or has no byte in common with the whole; *r is spoilt. */
bool range_asked(struct slice field, uint64_t total, struct range *r);

/* "bytes 0-99/1000" of Content-Range. False if it is something else. */
bool range_recorded(struct slice field, struct range *r);

#endif
