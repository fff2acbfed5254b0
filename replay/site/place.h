/* Each client's place among repeated answers (P12): which exchanges it was
 * given in this run.
 *
 * A client's connections may come in on several event loops, and its place is
 * one. So the loops share the places, and each sees them through a struct
 * places of its own: places_new makes the first, places_beside the others.
 *
 * No lock is taken for an answer. What a client was given is a bit an exchange,
 * set by an atomic instruction, and that only the first time; which of two
 * loops gave it, if both did at once, place_give tells. Where a client's bits
 * are each loop knows from the first time on; that time takes a lock, as do
 * places_reset and places_beside. Bits that a loop looks at are not written
 * over for another client, see place_find.
 *
 * The other way, all connections of a client on one loop (SO_REUSEPORT with a
 * filter on the source address), would leave one browser one core. */
#ifndef SITE_PLACE_H
#define SITE_PLACE_H

#include "capture/address.h"

struct places;
struct place_of; /* one client's */

/* Keeps the places of a bounded number of clients, in about 64 MB at most; the
 * one that asked longest ago goes first, and begins anew if it returns. (Of
 * those that asked since the last newcomer came, any.) */
struct places *places_new(size_t exchanges);
/* The same places, for another thread. */
struct places *places_beside(struct places *p);
void places_free(struct places *p); /* when no other thread is at any of them */
/* A new run: every client begins at the first answers again, on all threads.
 * What is given at that moment belongs to the run before. For any of the
 * threads. */
void places_reset(struct places *p);

/* The numbers of walks mean others now, on this thread. */
void places_forget_shortcuts(struct places *p);

/* Valid until the next call of this thread, also if the place is taken from
 * the client meanwhile. */
struct place_of *place_find(struct places *p, const struct address *client);

bool place_given(const struct place_of *c, uint32_t exchange);
/* The exchange was chosen because it was not given yet; none: the choice was
 * another. */
void place_promise(struct place_of *c, uint32_t exchange);
/* False if the exchange is the promised one, but another thread gave it after
 * the promise: then choose again. That ends, since each promise that is broken
 * was kept elsewhere. */
bool place_give(struct place_of *c, uint32_t exchange);
void place_take_back(struct place_of *c, uint32_t exchange);

/* A shortcut through long chains: from which exchange on a walk under that
 * number has to look. none if it is not known. May be forgotten. */
uint32_t place_resume(const struct place_of *c, uint64_t walk, uint32_t none);
void place_set_resume(struct place_of *c, uint64_t walk, uint32_t exchange);

#endif
