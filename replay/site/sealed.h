/* Servers to which TLS or QUIC was recorded. */
#ifndef SITE_SEALED_H
#define SITE_SEALED_H

#include "capture/recording.h"

struct sealed;

/* By the names and addresses that clients named and came to, whether or not
 * what was said there could be read; names are borrowed. NULL: there are
 * none. */
struct sealed *sealed_new(const struct recording *r);
void sealed_free(struct sealed *s); /* s may be NULL */

/* Why nothing of a host can be had of which nothing else was recorded, for
 * people; NULL if it is not among them. s may be NULL. */
const char *sealed_why(const struct sealed *s, struct slice host);

#endif
