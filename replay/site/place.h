/* Each client's place among repeated answers (P12): which exchanges it was
 * given in this run. */
#ifndef SITE_PLACE_H
#define SITE_PLACE_H

#include "capture/address.h"

struct places;
struct place_of; /* one client's */

/* Keeps the places of a bounded number of clients, in about 64 MB at most; the
 * one that asked longest ago goes first, and begins anew if it returns. */
struct places *places_new(size_t exchanges);
void places_free(struct places *p);
/* A new run: every client begins at the first answers again. */
void places_reset(struct places *p);

/* The numbers of walks mean others now. */
void places_forget_shortcuts(struct places *p);

/* Valid until the next call, or a reset. */
struct place_of *place_find(struct places *p, const struct address *client);

bool place_given(const struct place_of *c, uint32_t exchange);
void place_give(struct place_of *c, uint32_t exchange);
void place_take_back(struct place_of *c, uint32_t exchange);

/* A shortcut through long chains: from which exchange on a walk under that
 * number has to look. none if it is not known. May be forgotten. */
uint32_t place_resume(const struct place_of *c, uint64_t walk, uint32_t none);
void place_set_resume(struct place_of *c, uint64_t walk, uint32_t exchange);

#endif
