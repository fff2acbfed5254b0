/* The site as one set of rules makes it. Read-only but for its store; an
 * answer in flight holds the edition that it began with.
 *
 * Each event loop has an edition of its own, with a store of its own, so that
 * neither holding it nor looking into the store takes more than an event
 * loop's own memory; table and rules are shared by the editions of all loops,
 * and go with the last of them. What the rules make of an answer is so made
 * once for each loop that is asked for it. */
#ifndef SITE_EDITION_H
#define SITE_EDITION_H

#include "store.h"

struct site_options;

struct edition {
	size_t holders; /* of the loop's thread */
	struct basis *basis;
	/* these are the basis's */
	struct table *table;
	struct rules *rules; /* NULL: none */
	struct changes *changes;
	struct store *store; /* NULL: every answer goes out as recorded */
	/* Of answers recorded over TLS and asked for in clear, their codings
	 * taken off; NULL: there are none, or store does that. */
	struct store *decoding;
};

/* Takes table and rules, which may be NULL. Held once. workers NULL:
 * whoever asks the store for an answer has time, see store_new. */
struct edition *edition_new(struct table *table, struct rules *rules,
			    const struct site_options *options,
			    struct workers *workers);
/* Of a supplement, to which rules do not apply. Its dates move to the clients'
 * clock, wherever that stands. */
struct edition *edition_new_supplement(struct table *table,
				       const struct site_options *options,
				       struct workers *workers);
/* Of the same table and rules, for another loop, whose workers these are. */
struct edition *edition_beside(const struct edition *e,
			       struct workers *workers);
struct edition *edition_hold(struct edition *e);
void edition_release(struct edition *e); /* e may be NULL */

#endif
