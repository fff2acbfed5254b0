/* The recorded requests that come near to one that missed: several, for a
 * person who looks for the reason. */
#ifndef SITE_STATUS_NEAR_H
#define SITE_STATUS_NEAR_H

#include "match.h"

#define NEAR_LIST 4

/* The nearest first, which is that of nearest_find; no two of the same method
 * and URL. Returns how many. The search is bounded. */
size_t near_list(const struct table *t, const struct request *r,
		 uint32_t out[NEAR_LIST]);

#endif
