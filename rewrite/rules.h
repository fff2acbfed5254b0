/* Rule files become rules. Each expression is compiled here, once; rules are
 * then read-only and may be used by several threads. */
#ifndef REWRITE_RULES_H
#define REWRITE_RULES_H

#include "substitution.h"

#include <stdatomic.h>

enum condition_key {
	CONDITION_TYPE, /* media type without parameters, in lower case */
	CONDITION_HOST, /* without port */
	CONDITION_PATH, /* target up to its question mark */
	CONDITION_TARGET,
	CONDITION_METHOD,
	CONDITION_STATUS,
	CONDITION_SCHEME, /* http or https */
};

/* key=VALUE, or key!=VALUE. A shell pattern (* ? [...]; for status also x for
 * any digit), for keys other than path and target a comma-separated list of
 * them; or /regex/ with flags. Types, hosts, methods and schemes are compared
 * without case. */
struct condition {
	enum condition_key key;
	bool negated;
	struct slice globs;    /* as written; data NULL if it is a regex */
	struct pattern *regex; /* NULL if it is a shell pattern */
};

enum rule_part {
	PART_BODY,
	PART_HEADER,
	PART_TARGET,
	PART_STATUS, /* "200 OK" */
	PART_DATE,   /* of a field */
};

enum rule_action {
	ACTION_SUBSTITUTE,
	ACTION_SET,
	ACTION_DELETE,
	ACTION_SHIFT, /* PART_DATE alone */
};

struct rule {
	struct slice file; /* as it was named */
	unsigned line;     /* of its first line, from 1 */
	struct slice text; /* as written, on one line */

	struct condition *conditions; /* all must hold */
	size_t condition_count;
	enum rule_part part;
	struct slice name; /* of the field: PART_HEADER; PART_DATE, where "*"
			      means every field that holds a date */
	enum rule_action action;
	struct substitution substitution; /* ACTION_SUBSTITUTE */
	struct slice value;               /* ACTION_SET */
	atomic_bool warned; /* that it ran into its limit: set by whoever
			       applies it, though the rules are const */
};

struct rules {
	struct rule *list; /* in the order of the files */
	size_t count;
	struct slice zone; /* of steering names; borrowed */
	bool has_targets;  /* PART_TARGET is among them */
	struct buf *texts; /* what the slices point into */
	size_t text_count;
};

/* Reads the files in order, and those that they include. NULL if there is any
 * mistake, after having told each on standard error as
 *
 *   rules.conf:12:8: unknown part "hedaer"
 *       type=text/html hedaer Location delete
 *                      ^
 *
 * zone must outlive the rules. count 0: no rules at all. */
struct rules *rules_read(const char *const paths[], size_t count,
			 struct slice zone);
void rules_free(struct rules *r);

/* Whether both make the same of every target. Either may be NULL: no rules. */
bool rules_same_targets(const struct rules *a, const struct rules *b);

/* What conditions look at. */
struct subject {
	struct slice method;
	struct slice host;   /* without port and brackets */
	struct slice target; /* path and query, as recorded or asked */
	bool https;
	uint16_t status;   /* 0: a request */
	struct slice type; /* media type in lower case; empty: not known */
};

enum rule_fit {
	FIT_NO,
	FIT_BUT_TYPE, /* all conditions hold but those on the type */
	FIT_YES,
};

enum rule_fit rule_fits(const struct rule *r, struct matcher *m,
			const struct subject *s);

#endif
