/* HTML markup, as a browser's tokenizer reads it (WHATWG HTML 13.2.5), so far
 * as whoever looks for certain elements must know. Pure, in linear time. */
#ifndef REWRITE_MARKUP_H
#define REWRITE_MARKUP_H

#include "capture/bytes.h"

struct tag {
	struct slice name;       /* as written */
	struct slice attributes; /* for tag_attribute */
	bool closing;            /* "</name>" */
};

/* The next tag of rest, which shrinks to what is behind it; comments are
 * stepped over. False if there is no other whole tag. */
bool tag_next(struct slice *rest, struct tag *t);

/* The next attribute of a tag, as written, without quotes. value is empty if
 * there is none. */
bool tag_attribute(struct slice *attributes, struct slice *name,
		   struct slice *value);

/* The content of an element in which tags do not count, such as script: what
 * rest has before the closing tag of that name. rest begins with that tag
 * then, or is empty: *closed. */
struct slice tag_raw_text(struct slice *rest, struct slice name, bool *closed);

#endif
