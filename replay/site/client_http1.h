/* HTTP/1 with a client. */
#ifndef SITE_CLIENT_HTTP1_H
#define SITE_CLIENT_HTTP1_H

#include "client_wire.h"

/* From here on it is HTTP/1. */
void http1_begin(struct client *c);

#endif
