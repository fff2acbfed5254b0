/* The bytes of one answer, in the order in which they are sent: recorded ones
 * as they lie in the recording, and what little is our own. */
#ifndef SITE_ANSWER_H
#define SITE_ANSWER_H

#include "match.h"

#define ANSWER_READY 128 /* pieces in hand, for one writev */

struct answer {
	uint16_t status;  /* 0: none */
	bool close;       /* the connection ends after it */
	bool reset;       /* ... by a reset */
	bool decoded;     /* its content coding was taken off */
	const char *note; /* why it is not what it might be; NULL: it is */

	struct slice ready[ANSWER_READY]; /* the next bytes: from .. to - 1 */
	unsigned from, to;

	struct buf own;     /* head, or all, of an answer of our own */
	struct slice start; /* what is sent first */
	struct span_reader raw;
	const struct table *table;
	const struct part *parts; /* borrowed from the match */
	size_t part_count;
	struct body_reader body;
	uint64_t skip, left; /* of the part in hand */
};

/* Each begins an answer; a is {0} or was used before.
 *
 * What was recorded, raw; without its interim responses if they were sent
 * already; the final head alone for HEAD answered from GET. */
void answer_recorded(struct answer *a, const struct exchange *e,
		     bool interim_sent, bool head_alone);
/* The recorded interim responses alone. False if there are none. */
bool answer_interim(struct answer *a, const struct exchange *e);
/* A 206 or 200 made of parts. */
void answer_parts(struct answer *a, const struct table *t,
		  const struct match *m, bool head_alone);
/* What was recorded with its content coding off, if the client with that
 * Accept-Encoding (data NULL: it sent none, and decodes nothing) does not take
 * it. False, with a untouched, if it does or the coding cannot be taken off. */
bool answer_decoded(struct answer *a, const struct exchange *e,
		    struct slice accept);
/* Our own words: status and reason, and what was asked for. */
void answer_refusal(struct answer *a, const char *status, struct slice asked,
		    bool head_alone);
void answer_continue(struct answer *a); /* 100 */
/* The connection ends without an answer, as it was recorded. */
void answer_nothing(struct answer *a, const struct exchange *e);

/* Fills ready. False if nothing is left to send. */
bool answer_fill(struct answer *a);
void answer_sent(struct answer *a, size_t bytes); /* of ready */
void answer_release(struct answer *a);

#endif
