/* Header blocks of one direction of an HTTP/2 connection (RFC 7541), decoded by
 * nghttp2. */
#ifndef CAPTURE_H2_HPACK_H
#define CAPTURE_H2_HPACK_H

#include "bytes.h"

struct h2_hpack;

/* late: what the other side's table holds at the beginning is not known. */
struct h2_hpack *h2_hpack_new(bool late);
void h2_hpack_free(struct h2_hpack *h);

/* The receiver's SETTINGS_HEADER_TABLE_SIZE; at its acknowledgement, between
 * two blocks. */
void h2_hpack_limit(struct h2_hpack *h, uint32_t size);
/* One that is not known. */
void h2_hpack_limit_unknown(struct h2_hpack *h);

/* From here on the table is not known, within a block or between two: bytes of
 * blocks are missing. What is added to it later is known: entries are counted
 * from the newest. A reference to any other cannot be decoded. */
void h2_hpack_lose(struct h2_hpack *h, bool gap);

/* Whether bytes of the table are missing for what was not captured, and not
 * for a faulty block. */
bool h2_hpack_is_late(const struct h2_hpack *h);

/* name and value are valid during the call. */
typedef void h2_field_taker(void *context, struct slice name,
			    struct slice value);

/* Decodes the next bytes of a block. False if it cannot be decoded: the rest of
 * the block is then not to be fed. */
bool h2_hpack_feed(struct h2_hpack *h, struct slice bytes, h2_field_taker *take,
		   void *context);

/* After the last bytes of a block. False if it is not whole. */
bool h2_hpack_end(struct h2_hpack *h, h2_field_taker *take, void *context);

#endif
