/* A request that nothing recorded matches: what comes nearest to it. */
#ifndef SITE_NEAREST_H
#define SITE_NEAREST_H

#include "match.h"

/* The exchange that a person would look at first: the same URL under another
 * method, the same path with another query, the same path on another host,
 * else the host's exchange whose target begins most alike. TABLE_NONE if there
 * is none of these. The search is bounded. */
uint32_t nearest_find(const struct table *t, const struct request *r);

#endif
