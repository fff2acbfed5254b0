/* Servers to which a replay's client went without having been told their
 * addresses by DNS: only a network in which every address is local catches
 * those requests. */
#ifndef REPORT_COMPARE_ADDRESSES_H
#define REPORT_COMPARE_ADDRESSES_H

#include "capture/recording.h"

#define LONE_PORTS_MAX 16

struct lone_address {
	struct address address;
	uint16_t ports[LONE_PORTS_MAX]; /* ascending; those past it are left
					   out */
	size_t port_count;
	size_t requests;
	size_t others; /* connections that carried none, or were refused */
	bool written;  /* a link in an answer of the replay has it. If not, a
			  program made it: a script, say */
};

struct lone_addresses {
	struct lone_address *list; /* sorted */
	size_t count, room;
};

void lone_addresses_collect(struct lone_addresses *l,
			    const struct recording *replayed);
void lone_addresses_release(struct lone_addresses *l);

#endif
