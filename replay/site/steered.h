/* Steering names in what a client asks, put back to the addresses for which
 * they stand: a page that was steered builds requests from its own name. */
#ifndef SITE_STEERED_H
#define SITE_STEERED_H

#include "capture/bytes.h"

/* Whether text may hold steering names of the zone (lower case). Quick. */
bool steered_maybe(struct slice text, struct slice zone);

/* Appends text with its steering names put back, IPv6 in brackets, and behind
 * percent encoding in that too. False, with nothing appended, if it holds
 * none. */
bool steered_back(struct slice text, struct slice zone, struct buf *out);

#endif
