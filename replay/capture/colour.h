/* The few colours of what people read. None is the only carrier of its meaning,
 * and all can be read on light and on dark. */
#ifndef CAPTURE_COLOUR_H
#define CAPTURE_COLOUR_H

#include <stdbool.h>

enum colour {
	COLOUR_NONE,
	COLOUR_TITLE, /* names what follows */
	COLOUR_PLACE, /* says where, or that it was changed on purpose */
	COLOUR_GOOD,
	COLOUR_BAD,
	COLOUR_DOUBT, /* neither */
};

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* Whether what goes to the descriptor is coloured. Left to us: on a terminal
 * that can, unless NO_COLOR is set and not empty (https://no-color.org/). */
bool colour_wanted(enum colour_when when, int fd);

/* What stands before and behind a text of that colour: "" if wanted is false,
 * or the colour none. */
const char *colour_begin(bool wanted, enum colour colour);
const char *colour_end(bool wanted, enum colour colour);

#endif
