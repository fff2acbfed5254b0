/* The causal chains of recording and replay, and the order of requests. */
#ifndef REPORT_COMPARE_CHAIN_H
#define REPORT_COMPARE_CHAIN_H

#include "compare.h"

/* Sets before_cause and before of all rows. */
void compare_orders(struct comparison *c);
/* Sets parts_at. */
void compare_chains(struct comparison *c);

/* A forest in the order in which it is told: each exchange behind its cause,
 * the tree of the first page first. New memory. */
struct walk_step {
	uint32_t exchange;
	uint32_t depth; /* 0: a root */
};
struct walk_step *chain_walk(const struct chain *c);

/* The cause of exchange i of a chain, CHAIN_NONE if it has none. */
uint32_t chain_cause(const struct chain *c, uint32_t i);

/* The exchange of the recording for which the cause of a request of the replay
 * stands; COMPARE_NONE: it has no cause, or that stands for none. */
uint32_t compare_live_cause(const struct comparison *c, uint32_t asking);

#endif
