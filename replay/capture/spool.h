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

/* Keeps bytes: the same, filled. */
const uint8_t *spool_put(struct spool *s, struct slice bytes,
			 uint64_t position);

/* For many bytes made one after the other, of which nobody reads any yet: they
 * are written in large blocks, which is several times quicker than to fill room
 * that was taken. spool_begin gives room to make up to len bytes in, valid
 * until the next call of any of these; NULL as spool_take, or past
 * SPOOL_MADE_MAX. spool_end keeps the first len of them, and says where they
 * will stand after spool_flush. */
#define SPOOL_MADE_MAX ((size_t)64 << 10)
uint8_t *spool_begin(struct spool *s, size_t len);
const uint8_t *spool_end(struct spool *s, size_t len, uint64_t position);
void spool_flush(struct spool *s);

/* Whether byte lies in the spool, and if so the position it was given. */
bool spool_position(const struct spool *s, const uint8_t *byte,
		    uint64_t *position);

void spool_free(struct spool *s);

/* A new unlinked temporary file in $TMPDIR, else /var/tmp, else /tmp; -1 after
 * having said why. */
int spool_file(void);

/* Where it looks for a place, in that order. Borrowed from the environment. */
#define SPOOL_PLACES 3
void spool_places(const char *places[SPOOL_PLACES]);
/* Whether one of them can only have files that had a name for a moment. */
bool spool_needs_names(void);

#endif
