/* Hosts as lines of dnsmasq's configuration. */
#ifndef DNSGEN_DNSMASQ_H
#define DNSGEN_DNSMASQ_H

#include "hosts.h"

/* Writes the lines for all hosts, sorted, and the one that denies the rest.
 * Each host gets the given addresses; with count 0 those of the recording. */
void dnsmasq_write(FILE *out, struct hosts *hosts,
		   const struct address *addresses, size_t count);

#endif
