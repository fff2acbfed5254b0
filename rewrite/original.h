/* A recorded answer, as rules take it. */
#ifndef REWRITE_ORIGINAL_H
#define REWRITE_ORIGINAL_H

#include "integrity.h"

#include "capture/exchange.h"

struct original {
	struct slice method, host, target; /* of its request, see subject */
	bool https;
	int64_t time;      /* of its first byte, seconds since the epoch */
	bool dates_stay;   /* the client's clock stands at that time: no date
			      moves, whatever the rules say */
	struct slice head; /* of the final response, with its empty line; empty:
			      it is not whole, and nothing is rewritten */
	uint16_t status;

	/* The next bytes of its body, transfer coding off, content coding on;
	 * false at the end. NULL: there is no body to work on. */
	bool (*next)(void *context, struct slice *bytes);
	void *context;
	bool cut;         /* the body ends before it should */
	uint64_t missing; /* if so: of Content-Length */
	enum http_framing framing;

	/* Bodies that rules change, by their digests: asked for only if the
	 * answer names digests. NULL: nobody knows. */
	const struct digest_map *(*changed)(void *context);
	void *changed_context;
};

/* The answer to an exchange. reader is the caller's, and is what next reads.
 * Pieces of a body (206) are not worked on: they come with an original of the
 * whole. */
struct original original_of(const struct exchange *e,
			    struct body_reader *reader);

#endif
