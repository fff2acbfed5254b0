/* What the loops noted, as one JSON document for the page and for programs. */
#ifndef SITE_STATUS_JSON_H
#define SITE_STATUS_JSON_H

#include "site.h"
#include "status_notes.h"

/* What does not change while it serves. Borrowed. */
struct status_facts {
	const struct site_options *options;
	size_t exchanges, hosts;
	struct slice where; /* it listens */
	int64_t started;    /* microseconds since the epoch */
};

/* Appends the document. notes: of each loop, NULL where nothing is known yet.
 * now: microseconds since the epoch; up: since it was started, by a clock that
 * nobody sets. Every string comes from json_add: what clients said cannot end
 * it. */
void status_json(const struct status_facts *f, struct notes *const notes[],
		 size_t count, int64_t now, int64_t up, struct buf *out);

#endif
