/* Listeners, signals and the event loop of the pseudo web site. */
#ifndef SITE_SERVER_H
#define SITE_SERVER_H

#include "site.h"

/* Serves until a signal ends it. Returns 0, or -1 if it cannot begin, after
 * having said why. Takes rules, which may be NULL.
 *
 * supplement, which may be NULL, is a second recording. It answers requests
 * that name one of its hosts: if the recording has that host, only what the
 * recording has no answer for, be it a guess; if not, before the recording is
 * searched for the address that was meant. Rules do not apply to it. */
int server_run(const struct recording *recording,
	       const struct recording *supplement, struct rules *rules,
	       const struct site_options *options);

#endif
