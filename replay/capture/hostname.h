/* The written forms of a host: an authority's host part, a valid DNS name. */
#ifndef CAPTURE_HOSTNAME_H
#define CAPTURE_HOSTNAME_H

#include "bytes.h"

#define HOSTNAME_MAX 253 /* RFC 1035 2.3.4, written without the last dot */

/* An authority without its port (RFC 3986 3.2), an IPv6 literal with its
 * brackets. What has no such form comes back whole. */
struct slice hostname_of(struct slice authority);

/* Whether a request target is in absolute form (RFC 9112 3.2.2), and if so
 * its authority without user information. */
bool hostname_authority(struct slice target, struct slice *authority);

/* NULL if name (without a dot at the end) is a DNS name of a host: labels of
 * letters, digits, '-' and '_', which occurs though RFC 1123 has it not;
 * otherwise what is wrong with it. */
const char *hostname_fault(struct slice name);

#endif
