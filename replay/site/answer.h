/* The bytes of one answer, in the order in which they are sent: recorded ones
 * as they lie in the recording, and what little is our own. */
#ifndef SITE_ANSWER_H
#define SITE_ANSWER_H

#include "made.h"
#include "pieces.h"

#define ANSWER_READY 128 /* pieces in hand, for one writev */

struct answer {
	uint16_t status;   /* 0: none */
	bool close;        /* the connection ends after it */
	bool reset;        /* ... by a reset */
	bool cut;          /* ... before the answer is whole */
	bool rewritten;    /* by rules, or in its dates */
	bool decoded;      /* its content coding was taken off */
	const char *note;  /* why it is not what it might be; NULL: it is */
	struct slice head; /* of the final response; empty: none */
	uint64_t before;   /* bytes that go out before its body */

	struct slice ready[ANSWER_READY]; /* the next bytes: from .. to - 1 */
	unsigned from, to;

	struct buf own;             /* head, or all, of an answer of our own */
	struct span_reader interim; /* what is sent first; then */
	struct slice start, rest;
	struct span_reader raw;
	struct parts_reader parts; /* borrows the match's */
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
/* What the rules made of it, or its coding taken off. m must stay. now: seconds
 * since the epoch. */
void answer_made(struct answer *a, const struct exchange *e,
		 const struct made *m, bool interim_sent, bool head_alone,
		 int64_t now);
/* The same of an answer made of parts; of a body that changed, its bytes from
 * m->first to m->last. */
void answer_made_parts(struct answer *a, const struct table *t,
		       const struct match *m, const struct made *made,
		       bool head_alone, int64_t now);
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
