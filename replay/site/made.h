/* A recorded answer as it goes out under the rules. */
#ifndef SITE_MADE_H
#define SITE_MADE_H

#include "changes.h"

#include "rewrite/finish.h"

/* What answers are made by; all borrowed. */
struct maker {
	const struct table *table;
	const struct rules *rules; /* NULL: none */
	struct changes *changes;   /* NULL: no bodies change */
	bool shift_dates;
	bool dates_stay; /* also where rules would move them */
	bool recode;     /* take codings off, also where no rule fits */
};

/* {0} is an empty one. */
struct made {
	bool rewritten; /* by rules or in its dates */
	bool decoded;   /* its content coding is off, for the client's sake */
	struct finished finished; /* neither: it goes out as recorded, and only
				     told counts */
	uint16_t status;          /* of finished.head */
};

/* Makes the answer of exchange i, which has one; m is empty. coded: with the
 * content coding that it has, if it can be made. Of a piece (206) body is the
 * whole's. For any thread; pure, but for the log. */
void made_by(const struct maker *by, uint32_t i, bool coded,
	     struct matcher *matcher, struct made *m);
void made_release(struct made *m);

/* Whether there is more to do to an answer than to send it. */
bool made_differs(const struct made *m);

/* Whether a client with that Accept-Encoding takes the answer as it is coded.
 * data NULL: it sent none; RFC 9110 lets us, but curl and nc decode nothing. */
bool made_accepted(const struct exchange *e, struct slice accept);
/* Whether it is coded as browsers take it over TLS alone: br, zstd. */
bool made_secure(const struct exchange *e);

#endif
