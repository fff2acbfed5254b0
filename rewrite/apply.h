/* Rules applied: to a request's target, and to an answer. Pure: what they need
 * comes in, what they make goes out. */
#ifndef REWRITE_APPLY_H
#define REWRITE_APPLY_H

#include "dates.h"
#include "integrity.h"
#include "rules.h"

#include "capture/exchange.h"

/* Bodies longer than this, their content coding off, are left as recorded. */
#define APPLY_BODY_MAX ((size_t)64 << 20)
/* Processor time for one answer, and for one target. */
#define APPLY_SECONDS 2.0
#define APPLY_TARGET_SECONDS 0.05

/* The key's target of a request under the target rules, appended to out. False,
 * with nothing appended, if they leave it as it is. type and status of s count
 * for nothing. rules may be NULL. */
bool apply_target(const struct rules *rules, struct matcher *m,
		  const struct subject *s, struct buf *out);

/* A recorded answer. */
struct original {
	struct slice method, host, target; /* of its request, see subject */
	bool https;
	int64_t time;      /* of its first byte, seconds since the epoch */
	struct slice head; /* of the final response, with its empty line */
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

/* The answer to an exchange. reader is the caller's, and is what next reads. */
struct original original_of(const struct exchange *e,
			    struct body_reader *reader);

/* For whoever wants to know how often: one for each rule, or NULL. */
struct tally {
	uint32_t matches;  /* places replaced, fields set, deleted, moved */
	uint32_t but_type; /* matches that there would have been, were it not
			      for the type */
};

/* What rules make of an answer. {0} is an empty one. */
struct rewritten {
	bool head_changed, body_changed;
	struct buf head;  /* with its empty line; what tells the length and
			     coding of the body is still as recorded */
	struct buf body;  /* if changed: content coding off; else empty */
	struct buf plain; /* the body before the rules, coding off: only if
			     asked for by keep_plain */
	bool keep_plain;
	struct buf encoding; /* the content coding that body had; empty: none */
	bool cut;
	uint64_t missing;
	enum http_framing framing;
	struct date *dates; /* in head */
	size_t date_count;
	struct buf told; /* for the log, one line: what changed by which rule;
			    why something was left as recorded */
};

/* Returns whether anything changed. Without a change out->told may still say
 * why. shift_all: as if "date * shift" was among the rules. out is {0} or was
 * released. rules may be NULL. tallies: rules->count of them, or NULL. */
bool apply(const struct rules *rules, struct matcher *m,
	   const struct original *o, bool shift_all, struct tally *tallies,
	   struct rewritten *out);
void rewritten_release(struct rewritten *w);

/* A rewritten answer as it goes out. */
struct finished {
	struct buf head;
	struct buf body;    /* with its framing; only if body_changed */
	bool body_changed;  /* else the body goes out as recorded */
	bool close;         /* the connection must end after it */
	struct date *dates; /* in head */
	size_t date_count;
	struct buf told;
};

/* coded: in the content coding that the body had. Makes true or takes out what
 * would now lie: Content-Length, Transfer-Encoding, Content-Encoding, Trailer,
 * Content-MD5, Digest, Content-Digest, Repr-Digest, strong ETags; and tells
 * so. False, with f untouched, if the coding cannot be made. */
bool rewritten_finish(const struct rewritten *w, bool coded,
		      struct finished *f);
void finished_release(struct finished *f);

#endif
