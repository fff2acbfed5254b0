/* The rule files read again while the site is served. */
#ifndef SITE_RELOAD_H
#define SITE_RELOAD_H

#include "site.h"

#include "capture/recording.h"

/* Begin with the first four; of the first loop's thread. */
struct reload {
	struct site *site; /* the first loop's */
	const struct recording *recording;
	/* The first loop has a new edition: to give all others one beside it,
	 * and to call reload_done when they have it. */
	void (*hand_out)(void *context);
	void *context;
	bool loading;      /* under way */
	bool again;        /* asked for meanwhile */
	size_t rule_count; /* of the new edition */
};

/* Has the files read by a worker. If there is any mistake in them, which is
 * told, nothing changes; otherwise answers that begin from then on are of a new
 * edition. Each loop takes its own at its own turn, between two answers; once
 * the last one has, that the rules were read is told. Without rule files it
 * does nothing. */
void reload_begin(struct reload *r);
void reload_done(struct reload *r);

#endif
