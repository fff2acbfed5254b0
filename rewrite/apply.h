/* Rules applied: to a request's target, and to an answer. Pure: what they need
 * comes in, what they make goes out. */
#ifndef REWRITE_APPLY_H
#define REWRITE_APPLY_H

#include "charset.h"
#include "dates.h"
#include "original.h"
#include "rules.h"

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
	struct buf plain; /* the body before the rules, coding off and UTF-16
			     as UTF-8 (charset_encode gives its recorded
			     bytes): only if asked for by keep_plain, and if
			     rules looked at it */
	bool keep_plain;
	enum charset charset; /* of body; CHARSET_BYTES if nobody looked */
	struct buf encoding;  /* the content coding in which body is to go out;
				 empty: none */
	bool cut;
	uint64_t missing;
	enum http_framing framing;
	struct date *dates; /* in head */
	size_t date_count;
	struct buf told; /* for the log, one line: what changed by which rule;
			    why something was left as recorded */
};

/* Returns whether anything changed; if not, out->told may still say why. All
 * conditions look at the answer as recorded. An answer on which a rule runs
 * into its limit is left as recorded whole, with a warning, once a rule.
 * shift_all: as if "date * shift" was among the rules. out is {0} or was
 * released, but for keep_plain. rules may be NULL. tallies: rules->count of
 * them, which are added to, or NULL. */
bool apply(const struct rules *rules, struct matcher *m,
	   const struct original *o, bool shift_all, struct tally *tallies,
	   struct rewritten *out);
void rewritten_release(struct rewritten *w);

#endif
