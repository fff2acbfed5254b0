/* Scripts and styles that rules change: pages vouch for their digests. */
#ifndef REWRITE_VOUCHED_H
#define REWRITE_VOUCHED_H

#include "apply.h"

/* The digests of every script and style sheet among the answers that the rules
 * change, for original.changed; to be freed by digest_map_free. Applies the
 * rules to each: ask for it once. */
struct digest_map *vouched_find(const struct exchange *exchanges, size_t count,
				const struct rules *rules);

#endif
