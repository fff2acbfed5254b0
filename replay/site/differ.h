/* In what a live request differs from a recorded one: what an analyst reads to
 * write a rule (P14, P16). */
#ifndef SITE_DIFFER_H
#define SITE_DIFFER_H

#include "match.h"

enum differ_kind {
	DIFFERS_METHOD,
	DIFFERS_SCHEME,
	DIFFERS_HOST,
	DIFFERS_PORT,
	DIFFERS_PATH,
	DIFFERS_QUERY,     /* as a whole: too many parameters, or their order */
	DIFFERS_PARAMETER, /* of the query, by name */
	DIFFERS_BODY,
	DIFFERS_BODY_FIELD, /* of a form or JSON object, by name */
	DIFFERS_FIELD,      /* of the header, by name */
};

struct difference {
	enum differ_kind kind;
	struct slice name;            /* data NULL where the kind says all */
	struct slice asked, recorded; /* data NULL: absent, or not to be told */
};

#define DIFFERENCES_MAX 16 /* what comes after is left out */

/* Slices point into the request and the recording, and into text. */
struct differences {
	struct difference list[DIFFERENCES_MAX];
	size_t count;
	struct buf text; /* a recorded body */
};

/* Holds r against exchange i. d is {0} or was used before. */
void differ(const struct table *t, const struct request *r, uint32_t i,
	    struct differences *d);
void differences_release(struct differences *d);

const char *differ_kind_name(enum differ_kind kind);

#endif
