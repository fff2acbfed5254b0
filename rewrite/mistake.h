/* Mistakes in rule files, told to whoever wrote them. */
#ifndef REWRITE_MISTAKE_H
#define REWRITE_MISTAKE_H

#include "rulefile.h"

/* So many are shown; the rest is counted. */
#define MISTAKES_MAX 50

/* {0} is an empty one. */
struct mistakes {
	size_t count;
};

/* A mistake at that byte of f->line: tells place, text, the line and a caret,
 * on standard error. */
void mistake_at(struct mistakes *m, const struct rulefile *f,
		const uint8_t *byte, struct slice text);
/* One of a whole file, "path: text". */
void mistake_in(struct mistakes *m, const char *path, struct slice text);

/* Tells how many were not shown. */
void mistakes_end(const struct mistakes *m);

#endif
