/* The page on the running server that shows what is asked of it (--status).
 *
 * It has a thread of its own, with an event base and a listener that no client
 * of the site can reach. What the loops noted it has from them: it orders each
 * to hand over a copy, which the loop does between two answers, so that there
 * is no lock and nothing is paid for while nobody looks. Candidates and rules
 * are looked for here, in the table that all share. */
#ifndef SITE_STATUS_H
#define SITE_STATUS_H

#include "status_json.h"

struct status;

/* Listens at that address, after which nothing more is opened. options and
 * where stay the caller's. NULL after having said why. loops: how many there
 * are; order: has each of them call status_hand, on any thread. */
struct status *status_open(const struct listen *at,
			   const struct status_facts *facts, size_t loops,
			   void (*order)(void *context), void *context);
/* Starts the thread, and says where it listens. Returns 0, or -1 after having
 * said why not. */
int status_start(struct status *s);
/* Takes the notes. On that loop's thread. */
void status_hand(struct status *s, size_t loop, struct notes *notes);
/* Ends the thread. s may be NULL; no loop may run. */
void status_free(struct status *s);

#endif
