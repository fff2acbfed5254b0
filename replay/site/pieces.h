/* Answers put together from bytes of recorded bodies: one range cut out of a
 * whole, or the whole joined from ranges. */
#ifndef SITE_PIECES_H
#define SITE_PIECES_H

#include "range.h"
#include "window.h"

/* Walks the bytes of parts, in the pieces in which they lie. Begin with the
 * first three. */
struct parts_reader {
	const struct table *table;
	const struct part *parts; /* borrowed */
	size_t count;
	struct body_reader body;
	uint64_t skip, left; /* of the part in hand; after the end: left tells
				that a body was shorter than its part */
};

bool parts_next(struct parts_reader *r, struct slice *bytes);

/* A 206 of that range out of exchange i, whose body is the whole. */
void match_cut(struct match *m, uint32_t i, const struct range *range);

/* What is asked for (the whole or a range of it) out of recorded 206 answers
 * of the same URL, if that is one of the first ten thousand of its path; no
 * request waits for a longer search. Returns the first of them, TABLE_NONE if
 * they do not hold it all. */
uint32_t pieces_join(const struct search *s, enum at at, struct match *m);

/* The whole of which exchange i, a 206, is a piece, out of what was recorded
 * of the same URL: its parts and total go to m, which is {0}. False if that
 * does not hold all of it, or the answer is no single range. */
bool pieces_whole(const struct table *t, uint32_t i, struct match *m);

#endif
