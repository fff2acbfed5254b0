/* replay --list --format har: the table and its bodies as an HTTP Archive
 * (HAR 1.2), which browsers' developer tools, proxies and Wireshark's
 * neighbours open.
 *
 * What a HAR has no place for stands in members whose names begin with "_". */
#ifndef REPORT_HAR_H
#define REPORT_HAR_H

#include "capture/recording.h"

/* A body longer than this, its codings off, is left out. */
#define HAR_BODY_MAX ((size_t)64 << 20)

/* Writes to standard output, one entry after the other: no more than one is in
 * memory. captures: the names under which they were read, in that order.
 * Returns 0, or -1 if standard output cannot be written (said). */
int har_print(const struct recording *r, char *const captures[], size_t count);

#endif
