/* One line of a rule file. */
#ifndef REWRITE_RULELINE_H
#define REWRITE_RULELINE_H

#include "rules.h"

enum ruleline_kind {
	RULELINE_NOTHING, /* white space, a comment */
	RULELINE_RULE,
	RULELINE_INCLUDE,
	RULELINE_FAULTY,
};

struct ruleline {
	struct rule rule;     /* without file and line */
	struct buf value;     /* owns rule.value if that is not in the line */
	struct slice include; /* the file, as written, without quotes */
	struct slice comment; /* data NULL: none */
};

/* Reads a line. What is found keeps slices of it. With RULELINE_FAULTY *fault
 * is set, fault->at is an offset in the line, and there is nothing to be
 * released but it. */
enum ruleline_kind ruleline_parse(struct slice line, struct ruleline *l,
				  struct fault *fault);

/* What the rule itself owns. */
void rule_release(struct rule *r);

#endif
