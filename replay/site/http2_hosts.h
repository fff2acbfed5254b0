/* Servers to which HTTP/2 was recorded. */
#ifndef SITE_HTTP2_HOSTS_H
#define SITE_HTTP2_HOSTS_H

#include "hosts.h"

#include "capture/recording.h"

/* By the names that were asked for and the addresses at which they were; names
 * are borrowed. supplement may be NULL. */
struct hosts *http2_hosts_new(const struct recording *r,
			      const struct recording *supplement);
void http2_hosts_free(struct hosts *h); /* h may be NULL */

#endif
