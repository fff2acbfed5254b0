/* The target rules that would make a request that missed be answered by a
 * recorded exchange, as lines for a rule file. */
#ifndef SITE_STATUS_RULE_H
#define SITE_STATUS_RULE_H

#include "match.h"

enum rule_outcome {
	RULE_LINES, /* these */
	RULE_NOW,   /* none is needed: the rules as they are join both */
	RULE_NONE,  /* none can, or none that a person should read */
};

/* m: the request, i: the exchange; both under the table's rules, beside which
 * the lines are meant to stand, behind them. exact: --exact. With RULE_LINES
 * lines are appended to out, each with its line feed; with RULE_NONE *why says
 * why, in words of ours.
 *
 * Values that differ become the recorded ones: whatever is asked, if this is
 * all that was recorded of the path, else that very value. Parameters that the
 * recorded request has not are taken out. Else the one target becomes the
 * other. */
enum rule_outcome rule_suggest(const struct table *t, const struct request *r,
			       uint32_t i, bool exact, struct buf *out,
			       const char **why);

/* The same of two targets alone, for that host. path: of the request before any
 * rule, at which conditions look. alone: nothing else was recorded of it.
 * False: they are too long. */
bool rule_targets(struct slice host, struct slice path, struct slice asked,
		  struct slice recorded, bool alone, struct buf *out);

#endif
