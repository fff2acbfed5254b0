/* Requests that were recorded several times with answers that differ: pages
 * that show themselves once, that count, that wait for something. */
#ifndef REPORT_REPEATS_H
#define REPORT_REPEATS_H

#include "capture/recording.h"

/* Sets differs, one for each exchange, where a complete answer to the very same
 * request (method, URL, body) has another status, Location or body. */
void repeats_find(const struct recording *r, bool *differs);

#endif
