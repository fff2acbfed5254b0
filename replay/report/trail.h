/* The way from the first page through all that followed from it, and where it
 * breaks first. */
#ifndef REPORT_TRAIL_H
#define REPORT_TRAIL_H

#include "chain.h"
#include "findings.h"
#include "traffic.h"

/* A place at which it breaks. */
struct trail_break {
	enum reason reason; /* REASON_NONE: nothing is broken */
	uint32_t exchange;  /* that does not come back, or whose answer has */
	const struct unfollowed *link; /* this link; NULL: the exchange */
};

struct trail {
	/* Exchanges of the first page's tree, each before what it caused and
	 * otherwise in recorded order. */
	uint32_t *order;
	uint16_t *depths; /* of each in order; the first page 0 */
	uint32_t count;
	uint32_t *sizes; /* of each exchange: how many its tree has */

	struct trail_break first;    /* of all */
	struct trail_break exchange; /* of the exchanges */
};

void trail_find(struct trail *t, const struct chain *c,
		const struct findings *f, const struct traffics *traffics);
void trail_release(struct trail *t);

#endif
