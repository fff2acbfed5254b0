/* A recorded answer opened, for reports that look into it. */
#ifndef REPORT_OPENED_H
#define REPORT_OPENED_H

#include "rewrite/content.h"

#include "capture/exchange.h"

/* The field lines of an answer; empty if there is none. */
struct slice opened_fields(const struct exchange *e);

/* Not to be moved: the content points into it. */
struct opened {
	struct body_reader reader;
	struct slice piece; /* of it, not yet given out */
	struct original original;
	struct content content; /* the caller's, to be released */
};

/* Opens the body with its content codings taken off, up to max bytes of it: all
 * that there is, also pieces (206), and what of a broken coding can be read.
 * As content_open. */
bool opened_body(struct opened *o, const struct exchange *e, size_t max);

#endif
