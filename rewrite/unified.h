/* Two texts as a unified diff, safe for a terminal. */
#ifndef REWRITE_UNIFIED_H
#define REWRITE_UNIFIED_H

#include "diff.h"

#include "capture/colour.h"

#include <stdio.h>

/* A line that is longer is shown as windows around what differs. */
#define UNIFIED_LINE_LEN 500U

struct unified {
	FILE *out;
	bool colour; /* and what differs within a line is marked */
	bool full;   /* long lines whole: patch(1) takes the result */
};

/* The hunks of what differs, without the two lines that name the texts. See
 * visible_print for the bytes; where every line of both texts ends in CR LF, CR
 * is left out. effort: see diff_find. */
void unified_print(const struct unified *u, struct slice old, struct slice new,
		   size_t *effort);

/* Writes what makes a terminal show that style, and what ends it. */
void unified_begin(const struct unified *u, enum colour colour);
void unified_end(const struct unified *u);

#endif
