/* Perl-style substitution: a pattern and what to put in its place. */
#ifndef REWRITE_SUBSTITUTION_H
#define REWRITE_SUBSTITUTION_H

#include "pattern.h"

/* What to put in place of a match: text in which $1, ${1}, $name, ${name},
 * $& (also $0), ${steer:1} and ${steer:name} stand for groups; $$ and \$ for a
 * dollar sign, \n \r \t \0 \xHH \\ for bytes. */
struct template;

/* Returns NULL and sets *fault if text is none for that pattern, e.g. it names
 * a group that the pattern has not. The text is not kept. */
struct template *template_new(struct slice text, const struct pattern *p,
			      struct fault *fault);
void template_free(struct template *t);

struct substitution {
	struct pattern *pattern;
	struct template *template;
	bool all; /* g: every match, not only the first */
};

void substitution_release(struct substitution *s);

/* Appends subject with its matches replaced to out. zone is that of steering
 * names. A match whose ${steer:N} is no address stays as it is, and does not
 * count. *count: how many were replaced; if none, nothing is appended.
 * After PATTERN_LIMIT and PATTERN_NOT_UTF nothing is appended either. */
enum pattern_result substitute(const struct substitution *s, struct matcher *m,
			       struct slice subject, struct slice zone,
			       struct buf *out, size_t *count);

#endif
