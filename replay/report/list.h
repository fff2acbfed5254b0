/* replay --list: the table, one exchange a line. */
#ifndef REPORT_LIST_H
#define REPORT_LIST_H

#include "capture/display.h"
#include "capture/recording.h"

/* LIST_HAR is har.h's. */
enum list_format {
	LIST_AUTO, /* nobody said: LIST_COLUMNS on a terminal, else LIST_TSV */
	LIST_TSV,
	LIST_JSON,
	LIST_CSV,
	LIST_HAR,
	LIST_COLUMNS, /* for a terminal: aligned, as wide as it is */
};

struct list_options {
	enum list_format format;       /* not LIST_AUTO */
	bool digests;                  /* sha256 of each body, else "-" */
	const struct display *display; /* NULL: no terminal */
};

/* Writes to standard output. Returns 0, or -1 if it cannot be written (said).
 */
int list_print(const struct recording *r, const struct list_options *o);

#endif
