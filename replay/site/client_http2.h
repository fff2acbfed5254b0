/* HTTP/2 with a client (RFC 9113). */
#ifndef SITE_CLIENT_HTTP2_H
#define SITE_CLIENT_HTTP2_H

#include "client_wire.h"

/* From here on it is HTTP/2: the client's preface comes next. */
void http2_begin(struct client *c);

#endif
