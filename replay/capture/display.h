/* How the programs show what they tell: the options -q, -v and --color, which
 * mean the same in all of them, and progress. */
#ifndef CAPTURE_DISPLAY_H
#define CAPTURE_DISPLAY_H

#include "colour.h"
#include "options.h"
#include "progress.h"

enum display_key {
	DISPLAY_COLOUR = 768, /* above those of inputs.h */
};

/* For a program's table of options. What the two mean beyond that in this
 * program: string literals, that begin with "\n", or "". */
#define DISPLAY_SPECS(quiet, verbose)                                          \
	{'q', "quiet", NULL,                                                   \
	 "on standard error only what is wrong: no counts, no\n"               \
	 "progress" quiet},                                                    \
	    {'v', "verbose", NULL, "tell more" verbose},                       \
	{                                                                      \
		DISPLAY_COLOUR, "color", "always|never|auto",                  \
		    "in colour; auto (default): on a terminal,\n"              \
		    "unless NO_COLOR is set"                                   \
	}

struct display {
	bool quiet, verbose;
	enum colour_when when;
	/* After display_begin: whether standard output is coloured, and its
	 * width if it is a terminal, else 0. */
	bool colour;
	size_t width;
	struct progress *progress; /* NULL: none is shown */
};

/* Takes an option. False if it is none of these. */
bool display_take(struct display *d, int key, const char *value);

/* Once all options are known, before the process is confined. */
void display_begin(struct display *d);
void display_release(struct display *d);

#endif
