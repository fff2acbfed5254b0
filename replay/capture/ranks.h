/* The order of exchanges in a recording. */
#ifndef CAPTURE_RANKS_H
#define CAPTURE_RANKS_H

#include "exchange.h"

struct ranked {
	const struct exchange *list;
	size_t count;
};

/* All exchanges of some lists by their position, those of equal ones in the
 * order given; the caller frees them. count: how many there are. If there are
 * several lists, it is taken that there are as many cores. */
struct exchange *ranked_join(const struct ranked *lists, unsigned lists_len,
			     size_t *count);

#endif
