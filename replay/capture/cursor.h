/* A place in a stream that moves on: over pieces and over gaps. */
#ifndef CAPTURE_CURSOR_H
#define CAPTURE_CURSOR_H

#include "flow.h"

struct cursor {
	const struct stream *stream;
	struct place at; /* never at the end of a piece, but of the last */
	uint64_t offset; /* bytes passed, gaps included */
	int side;        /* of the flow, for the caller */
};

struct cursor cursor_of(const struct stream *stream, struct place at, int side);

/* What is left of the piece it stands in; data NULL: of a gap. False at the
 * stream's end. */
bool cursor_bytes(const struct cursor *c, struct slice *bytes);
bool cursor_at_end(const struct cursor *c);

/* Moves on by up to n bytes and returns by how many. missing, if not NULL, is
 * raised by those that lay in gaps. */
uint64_t cursor_skip(struct cursor *c, uint64_t n, uint64_t *missing);
void cursor_skip_line_breaks(struct cursor *c);

/* To the start of the next piece. False if there is none. */
bool cursor_next_piece(struct cursor *c);

/* When the byte here, or the one before, was captured; 0 if there is none. */
int64_t cursor_time(const struct cursor *c);
int64_t cursor_last_time(const struct cursor *c);

#endif
