/* Answers put together from bytes of recorded bodies: one range cut out of a
 * whole, or the whole joined from ranges. */
#ifndef SITE_PIECES_H
#define SITE_PIECES_H

#include "range.h"
#include "window.h"

/* A 206 of that range out of exchange i, whose body is the whole. */
void match_cut(struct match *m, uint32_t i, const struct range *range);

/* What is asked for (the whole or a range of it) out of recorded 206 answers
 * of the same URL. Returns the first of them, TABLE_NONE if they do not hold
 * it all. */
uint32_t pieces_join(const struct search *s, enum at at, struct match *m);

#endif
