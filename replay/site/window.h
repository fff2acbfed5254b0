/* Several recorded answers fit one request: which of them it gets. */
#ifndef SITE_WINDOW_H
#define SITE_WINDOW_H

#include "match.h"
#include "params.h"

/* One look-up in hand. */
struct search {
	const struct table *t;
	const struct request *r;
	struct place_of *place;
	uint32_t host;
	struct slice target; /* in whichever form it is looked for */
	bool ruled;          /* as the rules make it: table_find_ruled */
	bool conditional;    /* the request may be answered by 304 */
	struct params query; /* of the request, for guesses */
	struct params body;
};

/* The next exchange of the same key, and the target of one, in the form that
 * is looked for. */
uint32_t search_next(const struct search *s, uint32_t i);
struct slice search_target(const struct search *s, uint32_t i);

/* Where an exchange may have happened, as against the URL asked for. */
enum at { AT_ASKED, AT_OTHER_PORT, AT_OTHER_SCHEME, AT_ANY };

bool usable(const struct search *s, uint32_t i, enum at at);

/* So many of a chain are held against each other: the last of those that the
 * client was given, and what comes after. */
#define WINDOW 64

/* {0} is an empty one. */
struct window {
	uint32_t list[WINDOW]; /* in recorded order */
	size_t count;
	bool moved; /* list[0] is not the first any more */
	bool full;  /* there was no room for some that come after */
};

/* False if there is no room for i, and will be none. */
bool window_add(const struct search *s, struct window *w, uint32_t i);
/* Adds the usable exchanges of a key: the complete ones, or if there are none
 * all others. first: see table_find. */
void window_of_key(const struct search *s, uint32_t first, enum at at,
		   struct window *w);
/* TABLE_NONE if the window is empty. That it was not given yet is promised to
 * the place; so is what cannot be true, if other threads gave so much meanwhile
 * that the window would move now. */
uint32_t window_choose(const struct search *s, const struct window *w);

#endif
