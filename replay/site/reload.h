/* The rule files read again while the site is served. */
#ifndef SITE_RELOAD_H
#define SITE_RELOAD_H

#include "site.h"

#include "capture/recording.h"

/* Begin with the first two; of the loop's thread. */
struct reload {
	struct site *site; /* whose edition is exchanged for the new one */
	const struct recording *recording;
	struct loading *loading; /* under way */
	bool again;              /* asked for meanwhile */
};

/* Has the files read by a worker. If there is any mistake in them, which is
 * told, nothing changes; otherwise answers that begin from then on are of a new
 * edition. Without rule files it does nothing. */
void reload_begin(struct reload *r);

#endif
