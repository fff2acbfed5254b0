/* replay --extract, --extract-zip: what was sent and answered, as files. */
#ifndef REPORT_EXTRACT_H
#define REPORT_EXTRACT_H

#include "archive.h"

#include "capture/recording.h"

/* More of a body, its codings off, is not written. One whose codings give more
 * is written as it was recorded. */
#define EXTRACT_BODY_MAX ((size_t)512 << 20)

/* Puts every body that is not empty into the archive, of requests and of
 * responses, its codings taken off, and an index of them. Takes the archive.
 * Returns 0, or -1 after having said what could not be written. */
int extract(const struct recording *r, struct archive *a);

#endif
