/* Listeners, signals and the event loop of the pseudo web site. */
#ifndef SITE_SERVER_H
#define SITE_SERVER_H

#include "site.h"

/* Serves until a signal ends it. Returns 0, or -1 if it cannot begin, after
 * having said why. Takes rules, which may be NULL. */
int server_run(const struct recording *recording, struct rules *rules,
	       const struct site_options *options);

#endif
