/* The order of exchanges in a recording. */
#ifndef CAPTURE_RANKS_H
#define CAPTURE_RANKS_H

#include "exchange.h"

/* Where an exchange stands in the recording and in memory. */
struct rank {
	uint64_t position;
	const struct exchange *exchange;
};

/* Sorts by position; spare is as long. Returns which of both holds the result.
 * The order of equal positions stays. */
struct rank *ranks_sort(struct rank *ranks, struct rank *spare, size_t count);

#endif
