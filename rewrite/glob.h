/* Shell patterns, as fnmatch has them without FNM_PATHNAME: * stands for any
 * bytes, ? for one, [...] for one of a class ([!...] and [^...] for one of
 * none), and a backslash takes the next byte as it is. '/' is a byte like
 * others. */
#ifndef REWRITE_GLOB_H
#define REWRITE_GLOB_H

#include "capture/bytes.h"

enum glob_option {
	GLOB_NOCASE = 1, /* ASCII letters alone */
	GLOB_DIGITS = 2, /* x outside of a class stands for any digit */
};

/* Whether the pattern fits all of text. At most pattern times text steps. */
bool glob_match(struct slice pattern, struct slice text, unsigned options);

/* NULL if it is a pattern; otherwise what is wrong with it, at *at. */
const char *glob_fault(struct slice pattern, size_t *at);

/* Takes the next pattern off a comma-separated list; begin with what
 * glob_fault has passed. A comma in a class or after a backslash is none.
 * False at the end. An empty list has one pattern, the empty one. */
bool glob_next(struct slice *list, struct slice *pattern);

/* Whether there is a byte that stands for others in it. */
bool glob_wild(struct slice pattern);

#endif
