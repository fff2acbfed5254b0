/* Text for people at a terminal: lines broken between words, headings
 * coloured. */
#ifndef REPORT_PROSE_H
#define REPORT_PROSE_H

#include "capture/colour.h"
#include "capture/bytes.h"

/* What a line begins with, up to its colon: "does not come back". */
struct prose_heading {
	const char *text;
	enum colour colour;
};

struct prose {
	size_t width; /* 0: lines stay as they are */
	bool colour;
	const struct prose_heading *headings; /* a text NULL ends them */
};

/* Appends the lines of text, which holds no control bytes but their ends. What
 * does not fit goes on in a line that is indented further. A word that is wider
 * than the terminal stays whole, so that it can be copied. A line that is not
 * indented and has a colon begins with a heading: coloured as listed, else as
 * COLOUR_TITLE. */
void prose_add(struct buf *out, const struct prose *p, struct slice text);

#endif
