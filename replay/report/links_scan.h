/* The answer in hand. Private to links.c, links_text.c and links_markup.c. */
#ifndef REPORT_LINKS_SCAN_H
#define REPORT_LINKS_SCAN_H

#include "links.h"

struct links {
	link_taker *take;
	void *context;
	uint64_t budget; /* bytes of bodies that may still be read */
	size_t left;     /* links of this one that may still be told */

	struct buf base;     /* against which references are resolved */
	struct buf codebase; /* of the applet or object; empty: none */
	bool has_base;       /* an element said so: the first counts */
	bool conditional;    /* inside of what not each browser reads */
	unsigned depth;      /* of pages within attributes */

	struct buf url;  /* for links_tell */
	struct buf text; /* a string with its escapes undone */
};

/* Tells a reference, resolved; one that is none is passed over. */
void links_tell(struct links *l, enum link_kind kind, struct slice reference);

/* Absolute URLs in any text; those in strings that lack the scheme; and strings
 * that may be a reference, as LINK_POSSIBLE. kind: of the absolute ones. */
void links_in_text(struct links *l, enum link_kind kind, struct slice text);

/* url() and @import of a style sheet, and its strings as LINK_POSSIBLE. */
void links_in_style(struct links *l, struct slice text);

/* HTML, or if xml XML of any kind. */
void links_in_markup(struct links *l, struct slice text, bool xml);

/* The URL of a Refresh field or <meta> (HTML 4.2.5.3, "shared declarative
 * refresh steps"); empty if there is none. */
struct slice links_refresh(struct slice value);

/* Whether a word of a list separated by white space is that one, without
 * case. */
bool links_has_word(struct slice list, const char *word);

#endif
