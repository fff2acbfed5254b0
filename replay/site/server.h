/* Listeners, signals and the event loop of the pseudo web site. */
#ifndef SITE_SERVER_H
#define SITE_SERVER_H

#include "site.h"

/* Serves until a signal ends it. Returns 0, or -1 if it cannot begin, after
 * having said why. */
int server_run(const struct table *table, const struct site_options *options);

#endif
