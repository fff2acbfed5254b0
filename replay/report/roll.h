/* Values that a recording holds again and again, each once with its count, in
 * the order in which they were first seen; bounded, since hostile traffic may
 * hold any number of them. */
#ifndef REPORT_ROLL_H
#define REPORT_ROLL_H

#include "capture/bytes.h"

/* Longer texts are cut, and are the same if they are up to there. */
#define ROLL_TEXT_MAX 2048U

struct roll_entry {
	struct slice place, text; /* hostile bytes; the roll's */
	size_t count;
	uint64_t bytes; /* the caller's, 0 at first */
	uint32_t first; /* exchange */
	uint64_t hash;
};

/* {.max = N} is an empty one that takes N entries. */
struct roll {
	struct roll_entry *list;
	size_t count, room, max;
	size_t left_out; /* times that something did not fit in */
	uint32_t *slots; /* entry + 1; 0: free */
	size_t slot_count;
};

/* Counts one more of (place, text); copies both. Returns its entry, valid until
 * the next call; NULL if it does not fit in. */
struct roll_entry *roll_add(struct roll *r, struct slice place,
			    struct slice text, uint32_t exchange);
void roll_release(struct roll *r);

#endif
