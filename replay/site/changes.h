/* Scripts, styles and the like that the rules change, by the digests with
 * which pages vouch for them. */
#ifndef SITE_CHANGES_H
#define SITE_CHANGES_H

#include "table.h"
#include "workers.h"

#include "rewrite/integrity.h"

struct changes;

/* NULL if the rules change no bodies. Borrows all. workers: whether they end
 * is asked while the map is made; NULL: they never do. */
struct changes *changes_new(const struct table *table,
			    const struct rules *rules,
			    const struct workers *workers);
void changes_free(struct changes *c);

/* The map, made at the first call, which takes as long as to rewrite all
 * scripts; for any thread. context is a struct changes, so that original's
 * changed may be this. */
const struct digest_map *changes_map(void *context);

#endif
