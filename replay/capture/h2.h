/* HTTP/2 (RFC 9113) from byte streams to exchanges, also where it was taken up
 * by an upgrade (RFC 7540 3.2).
 *
 * What is lost stays lost: where a gap is longer than the rest of its frame,
 * all streams that were open end there, and others are read on behind it from
 * where frames stand in a row again; a header block is decoded only as far as
 * it refers to what was captured. */
#ifndef CAPTURE_H2_H
#define CAPTURE_H2_H

#include "exchange.h"

/* Whether a talk is HTTP/2: it begins with the client's preface, or it went
 * over to it. */
bool h2_begins(const struct talk *talk);

/* What is known beside the bytes. */
struct h2_terms {
	bool https;
	bool loose_gaps; /* the lengths of gaps are estimates: no frame reaches
			    over one */
	int client; /* which end is the client; -1: the one with the preface.
		       One that is known needs none */
};

/* What could not be read. */
struct h2_lost {
	uint64_t rests;  /* directions from some place on */
	uint64_t gaps;   /* places where nobody knows which frames are missing,
			    but frames were found again */
	uint64_t blocks; /* header blocks, of what was read */
};

struct h2_found {
	/* Of which the exchanges are parts; NULL: there are none. */
	struct flow *flow;
	/* To be read, as what exchanges_find leaves; each with a flow of its
	 * own. */
	struct talk *tunnels;
	size_t tunnel_count;
	struct h2_lost lost;
};

/* Finds the exchanges of a talk in HTTP/2. Heads, put in the form of HTTP/1.1,
 * go to the spool, bodies stay where they are: the talk's own flow is not
 * needed any more. What is found is to be released after the last use of the
 * exchanges. */
struct h2_found h2_find(const struct talk *talk, struct spool *spool,
			const struct h2_terms *terms, exchange_taker *take,
			void *context);

/* A flow that this or the like has made. */
void h2_flow_free(struct flow *flow);

#endif
