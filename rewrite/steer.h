/* IP literals and the DNS names that stand for them, so that a client which
 * would go to a bare address asks the decoy DNS server instead. */
#ifndef REWRITE_STEER_H
#define REWRITE_STEER_H

#include "capture/address.h"

#define STEER_ZONE "ip.test"
/* With the longest label (39) and a dot a name still has 253 bytes. */
#define STEER_ZONE_MAX 213

/* Sets zone to that of --zone: a dot at its end taken off, and in lower case,
 * as browsers write names. False if it is no DNS name, or too long. */
bool steer_zone(const char *text, struct buf *zone);

/* Appends the steering name: "192-0-2-7.ip.test", for IPv6 all eight groups,
 * "2001-db8-0-0-0-0-0-1.ip.test". The shortened form is not used: it could
 * begin or end with '-', which no host name may (RFC 1123 2.1). */
void steer_name(struct buf *out, const struct address *a, struct slice zone);

/* The address that a steering name stands for. Without case, a dot at the end
 * is accepted; otherwise only what steer_name writes. */
bool steer_address(struct slice name, struct slice zone, struct address *a);

/* Whether a host as written in a URL or Host field (no port) is an IP literal:
 * IPv6 in brackets, or any form of IPv4 that browsers accept: one to four
 * parts, decimal, octal or hexadecimal (WHATWG URL, "IPv4 parser"). */
bool steer_literal(struct slice host, struct address *a);

#endif
