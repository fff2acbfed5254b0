/* Scripts, styles and the like that rules change: pages vouch for their
 * digests (Subresource Integrity). */
#ifndef REWRITE_VOUCHED_H
#define REWRITE_VOUCHED_H

#include "apply.h"

/* Whether pages vouch for what that exchange answers, by its type. */
bool vouched_is(const struct exchange *e);

/* Adds what the rules make of its body, if they change it. */
void vouched_add(struct digest_map *map, const struct exchange *e,
		 const struct rules *rules, struct matcher *m);

struct recording;
/* Of all exchanges, to be freed by digest_map_free. */
struct digest_map *vouched_all(const struct recording *r,
			       const struct rules *rules);

#endif
