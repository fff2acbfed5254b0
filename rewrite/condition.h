/* Conditions of a rule: read, and held against a request or an answer.
 *
 * The patterns of path and target begin with '/' as a regex does. There a value
 * is a regex if it begins with "/^" or "/(?", or if it ends with '/' and flags,
 * has no other '/' but "\/", and holds what makes no sense in a shell pattern:
 * one of ^ $ + | ( ) {, ".*", or a backslash before any byte but * ? [ ] \ and
 * ','. To force it: /(?:word)/ is a regex, [/]word/ is a shell pattern.
 *
 * "{ip}" as a whole shell pattern of host stands for any written form of an IP
 * address. */
#ifndef REWRITE_CONDITION_H
#define REWRITE_CONDITION_H

#include "rules.h"
#include "scan.h"

/* Whether a condition begins here: a word that goes on with '=' or "!=". */
bool condition_begins(const struct scan *s);

/* Reads it. c keeps slices of the line. */
bool condition_parse(struct scan *s, struct condition *c);
void condition_release(struct condition *c);

/* "type" */
const char *condition_name(enum condition_key key);
/* Whether a word is the name of a key. */
bool condition_is_key(struct slice word);

/* A regex that meets a limit counts as if the condition did not hold, negated
 * or not. */
bool condition_holds(const struct condition *c, struct matcher *m,
		     const struct subject *s);

#endif
