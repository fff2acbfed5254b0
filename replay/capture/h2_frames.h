/* The frames of one direction of an HTTP/2 connection (RFC 9113 4 and 6). */
#ifndef CAPTURE_H2_FRAMES_H
#define CAPTURE_H2_FRAMES_H

#include "cursor.h"

enum h2_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
};

enum h2_flag {
	H2_END_STREAM = 0x01,
	H2_ACK = 0x01, /* of SETTINGS */
	H2_END_HEADERS = 0x04,
	H2_PADDED = 0x08,
	H2_HAS_PRIORITY = 0x20,
};

struct h2_frame {
	const uint8_t *first; /* its first byte */
	int64_t time;         /* of that byte */
	uint32_t len;         /* of the payload */
	uint32_t stream;
	uint8_t type, flags;
};

enum h2_result {
	H2_FRAME,
	H2_END,  /* the stream ends, maybe within a frame's header */
	H2_GAP,  /* bytes of the header are missing: where the next frame
		    begins is not known */
	H2_FALSE /* no frame can look like this (RFC 9113 6) */
};

/* Reads a frame's header; the cursor then stands at its payload. */
enum h2_result h2_frame_next(struct cursor *c, struct h2_frame *f);

/* Whether frames begin at c, as far as can be told: for streams of which the
 * start was not recorded. Three in a row make chance unlikely: each by itself
 * passes for one in 2^17. */
bool h2_frames_begin(struct cursor c);

/* A frame's payload, being consumed from the cursor. */
struct h2_payload {
	struct cursor *c;
	uint64_t end; /* in c->offset */
	uint32_t pad; /* bytes before that which are padding */
	bool gap;     /* a part of what was read is missing */
};

struct h2_payload h2_payload_of(struct cursor *c, const struct h2_frame *f);

/* The next bytes of one piece without the padding; data NULL: of a gap. False
 * at the end, of the payload or of the stream. */
bool h2_payload_next(struct h2_payload *p, struct slice *bytes);

/* Exactly n bytes, copied. False if they are not all there. */
bool h2_payload_copy(struct h2_payload *p, uint8_t *out, size_t n);

enum h2_padding {
	H2_PADDING_KNOWN,
	H2_PADDING_MISSING, /* how long it is was not captured */
	H2_PADDING_FALSE,   /* longer than the payload */
};

/* Takes the padding off, where the frame has some. First of all. */
enum h2_padding h2_payload_strip(struct h2_payload *p,
				 const struct h2_frame *f);

/* Moves the cursor behind the payload, padding included. False if the stream
 * ends before. */
bool h2_payload_end(struct h2_payload *p);

#endif
