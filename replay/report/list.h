/* replay --list: the table, one exchange a line. */
#ifndef REPORT_LIST_H
#define REPORT_LIST_H

#include "capture/recording.h"

/* LIST_HAR is har.h's. */
enum list_format { LIST_TSV, LIST_JSON, LIST_CSV, LIST_HAR };

/* Writes to standard output. digests: sha256 of each body, else "-". Returns
 * 0, or -1 if standard output cannot be written (said). */
int list_print(const struct recording *r, enum list_format format,
	       bool digests);

#endif
