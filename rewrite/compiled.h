/* A compiled expression, as pattern.c makes it and matcher.c uses it. */
#ifndef REWRITE_COMPILED_H
#define REWRITE_COMPILED_H

#include "pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* How the cost of trying one place grows with the length of the subject. */
enum growth { GROWTH_NONE, GROWTH_LINEAR, GROWTH_STEEP };

/* GROWTH_NONE and GROWTH_LINEAR: so many places are tried in one call that its
 * cost is bounded. GROWTH_STEEP: a callout looks at the clock between places;
 * then PCRE2 finds them more slowly. */

struct pattern {
	pcre2_code *code;
	enum growth growth;
	unsigned ways; /* through alternatives, at most, that are no steps */
	bool utf;
	bool anchored; /* matches at one place, if at all */
	bool by_line;  /* only at the beginnings of lines: begins with .* */
	bool link_led; /* begins with {link}, ... */
	bool ip_next;  /* ... which {ip} follows */
	unsigned groups;
};

/* Numbers of callouts in the expression. */
enum callout {
	CALLOUT_FORK = 250, /* an alternative is tried */
	CALLOUT_PLACE,      /* a place is tried */
	CALLOUT_LINK,
	CALLOUT_LINK_END,
	CALLOUT_HOST,
	CALLOUT_HOST_END
};

#endif
