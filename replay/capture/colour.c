/* The few colours of what people read. */
#include "colour.h"

#include "terminal.h"

#include <stdlib.h>

bool colour_wanted(enum colour_when when, int fd)
{
	const char *no = getenv("NO_COLOR");
	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	return terminal_is(fd) && !(no && *no);
}

const char *colour_begin(bool wanted, enum colour colour)
{
	/* ECMA-48 8.3.117 */
	static const char *const codes[] = {
	    [COLOUR_NONE] = "",          [COLOUR_TITLE] = "\x1b[1m",
	    [COLOUR_PLACE] = "\x1b[36m", [COLOUR_GOOD] = "\x1b[32m",
	    [COLOUR_BAD] = "\x1b[31m",   [COLOUR_DOUBT] = "\x1b[35m",
	};
	return wanted ? codes[colour] : "";
}

const char *colour_end(bool wanted, enum colour colour)
{
	return wanted && colour ? "\x1b[m" : "";
}
