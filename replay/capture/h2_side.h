/* Reads one direction of an HTTP/2 connection into its streams. */
#ifndef CAPTURE_H2_SIDE_H
#define CAPTURE_H2_SIDE_H

#include "h2.h"
#include "h2_head.h"
#include "h2_hpack.h"
#include "h2_settings.h"
#include "h2_streams.h"

/* A connection being read: the client's direction first. */
struct h2_reader {
	struct spool *spool;
	struct h2_streams streams;
	struct h2_head head; /* of the block in hand */
	uint64_t budget;     /* bytes that heads may still take: a header block
				can stand for thousands of times its length */
	struct h2_lost lost;
	int client;
	bool https;
	bool loose_gaps;
};

/* A header block in hand (RFC 9113 4.3). */
struct h2_block {
	bool open;    /* CONTINUATION is to follow */
	bool failed;  /* it cannot be decoded */
	bool missing; /* ... for what was not captured */
	bool promise;
	bool last; /* END_STREAM */
	uint32_t frame_stream;
	uint32_t stream; /* that the fields are for */
	const uint8_t *first;
	int64_t time;
};

struct h2_side {
	struct h2_reader *r;
	struct cursor c; /* at its first frame */
	bool asks;       /* it is the client's */
	bool late;       /* its start was not captured */
	struct h2_settings
	    limits;     /* of the other side, for this one's blocks */
	uint32_t limit; /* that holds from the start, if has_limit */
	bool has_limit;
	struct h2_hpack *hpack;
	struct h2_block block;
};

/* Reads the frames to the end. Returns how messages end of which no end was
 * seen: EXCHANGE_CUT, or _GAP or _MALFORMED if the rest could not be read. */
enum exchange_state h2_side_read(struct h2_side *s);

#endif
