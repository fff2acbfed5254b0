/* An answer at work. Private to apply.c, apply_head.c and apply_body.c. */
#ifndef REWRITE_WORK_H
#define REWRITE_WORK_H

#include "apply.h"
#include "content.h"
#include "fields.h"

struct work {
	const struct rules *rules; /* NULL: none */
	struct matcher *m;
	const struct original *original;
	struct subject subject; /* as recorded; its type as Content-Type says */

	struct fields fields;
	uint32_t *counts; /* for each rule: what it changed */
	struct buf notes;
	const struct rule *noted; /* the last that notes tell of */
	const struct rule *limit; /* that ran into its limit; NULL: none */

	struct buf encoding;       /* Content-Encoding as recorded */
	struct slice content_type; /* as recorded */
	struct slice type;         /* what the body is */
	struct buf type_text;
	struct content content;
	bool has_text;     /* content was read to its end, and is text */
	struct slice text; /* of the body as far as rules made it */
	struct buf made;   /* text, if it is not the content's */
};

/* Tells once why a rule was not applied. */
void work_refuse(struct work *w, const struct rule *r, const char *why,
		 struct slice what);

/* Applies a rule, which fits, to the head; *count grows. Dates are for
 * work_shift. False if it ran into its limit: w->limit. */
bool work_head_rule(struct work *w, const struct rule *r, uint32_t *count);
/* Moves the dates of the fields of that name, "*": of all that have some.
 * Returns how many. */
uint32_t work_shift(struct work *w, struct slice name);

/* Settles what a new status changes of the body, before it is read. */
void work_status(struct work *w, struct rewritten *out);
/* Reads the body if it must be looked at. all: also for rules that do not fit
 * but for the type. */
void work_read(struct work *w, bool all);
/* Applies a rule, which fits, to the text. False as above. */
bool work_body_rule(struct work *w, const struct rule *r, uint32_t *count);
/* How often it would match. */
uint32_t work_body_trial(const struct work *w, const struct rule *r);
/* Makes digests true that name other bodies, or parts of this one. */
void work_mend(struct work *w);
/* Turns the text back into a body. */
void work_body_out(struct work *w, struct rewritten *out);

#endif
