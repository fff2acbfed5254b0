/* A place off the heap for bytes that the capture does not hold in one piece:
 * an unlinked temporary file, mapped. */
#ifndef CAPTURE_SPOOL_H
#define CAPTURE_SPOOL_H

#include "bytes.h"

struct spool;

struct spool *spool_new(void);

/* Room for len bytes, in one piece, for the life of the spool. NULL if the
 * disk is full or len bytes would pass the spool's bound: said once, and the
 * caller goes on without. position: see source_position, of the packet that
 * the bytes stand for. */
uint8_t *spool_take(struct spool *s, size_t len, uint64_t position);

/* Keeps bytes: the same, filled. For many of them, since it is quicker than to
 * fill room that was taken: no page has to be cleared and mapped first. */
const uint8_t *spool_put(struct spool *s, struct slice bytes,
			 uint64_t position);

/* Whether byte lies in the spool, and if so the position it was given. */
bool spool_position(const struct spool *s, const uint8_t *byte,
		    uint64_t *position);

void spool_free(struct spool *s);

/* A new unlinked temporary file in $TMPDIR, else /var/tmp, else /tmp; -1 after
 * having said why. */
int spool_file(void);

#endif
