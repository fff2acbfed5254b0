/* The hosts of a recording, with their addresses: those that were asked, in the
 * order of their first request, then those that DNS or TLS alone named. */
#ifndef REPORT_HTML_HOSTS_H
#define REPORT_HTML_HOSTS_H

#include "findings.h"
#include "intern.h"

#define HTML_HOST_ADDRESSES 8 /* more are counted */

struct html_host {
	struct slice name;      /* lower case; hostile bytes; the list's */
	size_t exchanges, lost; /* those that do not come back */
	uint32_t first;         /* exchange; only if there is one */
	uint64_t bytes;         /* of bodies */
	struct address addresses[HTML_HOST_ADDRESSES];
	size_t address_count, more_addresses;
	bool https, missing; /* DNS said that there is no such name */
};

struct html_hosts {
	struct html_host *list;
	size_t count;
	uint32_t *of; /* host of each exchange */
	struct intern names;
};

void html_hosts_collect(struct html_hosts *h, const struct findings *f);
void html_hosts_release(struct html_hosts *h);

#endif
