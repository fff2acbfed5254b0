/* The effective URL of a request (RFC 9112 3.3), recorded and live alike.
 *
 * As little as possible is made uniform (P18): the host's case and trailing
 * dot are left to whoever compares hosts, path and query stay raw. */
#ifndef CAPTURE_URL_H
#define CAPTURE_URL_H

#include "bytes.h"

struct url {
	bool https;
	bool names_port;     /* the request itself told the port */
	uint16_t port;       /* host order */
	struct slice host;   /* without port, brackets and trailing dot; empty:
				the request names none */
	struct slice target; /* path and query; "*" and what CONNECT asks for
				as they are */
};

/* host is the Host field's value. https and port are those of the connection,
 * for what the request leaves open. */
struct url url_of(struct slice method, struct slice target, struct slice host,
		  bool https, uint16_t port);

/* Splits a target at its first question mark, which belongs to neither. */
struct slice url_path(struct slice target);
struct slice url_query(struct slice target);

/* "http://host:port/path", the port where it is not the scheme's. */
void url_print(struct buf *out, const struct url *u);

#endif
