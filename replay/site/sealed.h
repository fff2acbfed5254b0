/* Servers to which TLS was recorded. */
#ifndef SITE_SEALED_H
#define SITE_SEALED_H

#include "hosts.h"

#include "capture/recording.h"

/* By the names and addresses that clients named and came to, whether or not
 * what was said there could be read; names are borrowed. NULL: there are
 * none. */
struct hosts *sealed_new(const struct recording *r);
void sealed_free(struct hosts *h); /* h may be NULL */

#endif
