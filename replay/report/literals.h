/* Links of recorded answers that lead to bare IP addresses: no DNS server is
 * asked for those, so a client that follows one leaves the replay. */
#ifndef REPORT_LITERALS_H
#define REPORT_LITERALS_H

#include "rewrite/apply.h"

/* Bytes of a link that are told. */
#define LITERAL_SHOWN 80U

struct literal {
	struct slice type;  /* the media type, by name or by its bytes */
	struct slice field; /* name of the field; data NULL: in the body */
	size_t line;        /* of the body, from 1; 0 in a field */
	size_t at;          /* bytes before it, in the field's value or in the
			       body, content coding off and UTF-16 as UTF-8 */
	struct slice text;  /* at most LITERAL_SHOWN bytes */
	bool steered;       /* the rules led it elsewhere; its place is that
			       before them */
};

/* What is called with what is found; valid during the call only. */
struct literal_takers {
	void (*link)(void *context, const struct literal *l);
	/* The body as recorded, content coding off and UTF-16 as UTF-8: as much
	 * of it as can be read. NULL: nobody asks. */
	void (*text)(void *context, struct slice text);
	void *context;
};

struct literals;

/* rules may be NULL; borrowed. */
struct literals *literals_new(const struct rules *rules);
void literals_free(struct literals *l);

/* Takes each link of an answer: in any field, any written form of an address,
 * and in a body of any type; and the body's text, once. What of it could not be
 * looked into is appended to trouble in words. */
void literals_find(struct literals *l, const struct exchange *e,
		   const struct literal_takers *takers, struct buf *trouble);

#endif
