/* Which recorded answer fits a request.
 *
 * The ladder, from the top; the first rung that finds an answer ends it:
 *
 *   exact          method, scheme, host, port, target, Range and the digest of
 *                  the body are equal
 *   head-from-get  HEAD, and GET of the same was recorded: its head
 *   range-cut      Range, and the whole was recorded: a 206 cut out of it
 *   range-whole    the same where no 206 can be cut: If-Range, several
 *                  ranges, one past the end, or the whole is no complete 200
 *   range-joined   206 pieces were recorded that together hold what is asked
 *   steered        all of the above where addresses stand in the target for
 *                  their steering names
 *   target-rule    all of the above where targets are what the rules make of
 *                  them
 *   by-address     nothing was recorded of the host, or none is named: what
 *                  was recorded at the server address that was meant, for
 *                  whatever host; also at another port and in the other
 *                  scheme, and if one host alone lived there by the guesses
 *                  below
 *   no-host        no Host field: the one host that has the target
 *   port, scheme   all of the above at another port of the host; in the other
 *                  scheme
 *   query-order    same parameters in another order
 *   query-values   same parameter names with other values; those with most
 *                  values equal, of these the next in recorded order
 *   body-fields    a form or JSON object with the same field names; chosen in
 *                  the same way
 *   body           same URL, any body, in recorded order
 *   two-differ     two of query, body and place (port or scheme) differ as
 *                  above, and only one recorded request is that near
 *
 * The rungs above by-address are the same thing asked for in another way; they
 * stay under --exact, all others are guesses and go. by-address is one: the
 * server was asked for another host then, and may tell hosts apart. Guesses
 * compare targets as the rules make them.
 *
 * The address that was meant is that of the request (see request_meant) if
 * something was recorded there; nothing else tells it, so a listener at an
 * address of its own, such as 127.0.0.1, changes nothing. Of several hosts at
 * the address those that have the target are held against each other, as
 * below.
 *
 * Inside a rung: a complete answer before one that is not; then equal Host as
 * written, conditions, Cookie and Referer, each where some but not all are
 * equal; then the first that this client was not given yet, in recorded order;
 * then the last. A 304 answers conditional requests alone. */
#ifndef SITE_MATCH_H
#define SITE_MATCH_H

#include "place.h"
#include "table.h"
#include "traits.h"

enum match_step {
	MATCH_NONE,
	MATCH_EXACT,
	MATCH_HEAD_FROM_GET,
	MATCH_RANGE_CUT,
	MATCH_RANGE_WHOLE,
	MATCH_RANGE_JOINED,
	MATCH_STEERED,
	MATCH_TARGET_RULE,
	MATCH_BY_ADDRESS,
	MATCH_NO_HOST,
	MATCH_PORT,
	MATCH_SCHEME,
	MATCH_QUERY_ORDER,
	MATCH_QUERY_VALUES,
	MATCH_BODY_FIELDS,
	MATCH_BODY,
	MATCH_TWO_DIFFER,
};

/* Bodies are compared by their fields as far as this. */
#define BODY_START_MAX (64U << 10)

struct tls_told;

/* A live request. Its slices are borrowed. */
struct request {
	struct slice method;
	struct slice host_field; /* as written, data NULL if none */
	struct url url;
	/* url.target with addresses in the place of steering names; and that
	 * under the target rules. data NULL: the same as before. */
	struct slice unsteered, ruled;
	bool any_port; /* nothing tells the port: any recorded one fits */
	bool steered;  /* url.host stands for a steering name */
	bool proxied;  /* of a proxy, or in its tunnel: local is the proxy's */
	bool any_address; /* listened on: local is what the client meant */
	struct traits traits;
	struct slice referer; /* as sent; data NULL if none */
	uint8_t version;      /* 10 times: 11 for HTTP/1.1 */
	uint64_t flow;        /* the connection's number: journal_flow */
	bool has_body;
	uint8_t digest[DIGEST_LEN]; /* of the body, its transfer coding off */
	struct slice body;          /* empty if longer than BODY_START_MAX */
	struct endpoint client, local;
	const struct tls_told *tls; /* NULL: it came in clear */
};

/* The hosts of the address that was meant, as table_at: the address in the
 * place of the host, or else the one to which the client connected. */
uint32_t request_meant(const struct table *t, const struct request *r);

/* Whether a host, without port and brackets, is an address in any form. */
bool host_literal(struct slice host, struct address *a);

/* The target that guesses are about. */
struct slice request_target(const struct request *r);

/* Bytes of an exchange's response body, transfer coding off. */
struct part {
	uint32_t exchange;
	uint64_t skip, len;
};

struct match {
	enum match_step step;
	uint32_t exchange; /* that answers; TABLE_NONE with MATCH_NONE */
	bool only_304;     /* a miss, though a 304 was recorded: the body was
			      in the victim's cache */
	/* An answer of its own head, made of these; count 0: as recorded. */
	struct part *parts;
	size_t part_count, part_room;
	uint64_t first, last, total; /* bytes first to last of total */
	bool partial;                /* as a 206, else as a 200 */
};

/* m is {0} or was used before. What is given is noted in place. exact leaves
 * out the guesses. */
void match_find(const struct table *t, struct place_of *place,
		const struct request *r, bool exact, struct match *m);
/* The rungs above steered alone: r->unsteered and ruled count for nothing.
 * Returns whether one of them was it; if not, nothing is noted. */
bool match_raw(const struct table *t, struct place_of *place,
	       const struct request *r, struct match *m);
void match_forget(struct match *m); /* nothing was found */
void match_release(struct match *m);

/* What may be said before the body of a request came (Expect: 100-continue):
 * the exchange of that method and URL whose response tells, TABLE_NONE if none
 * was recorded. *bodiless: all of them came without a body. */
uint32_t match_expect(const struct table *t, const struct request *r,
		      bool *bodiless);

const char *match_step_name(enum match_step step);

/* A recorded request's body, transfer coding off, to be compared by fields:
 * nothing if it has gaps or is longer than BODY_START_MAX. out is empty. */
void request_body_read(const struct exchange *e, struct buf *out);

#endif
