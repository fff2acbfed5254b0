/* Which protocol a conversation speaks: by its first bytes, else by the
 * server's port. */
#ifndef REPORT_PROTOCOL_H
#define REPORT_PROTOCOL_H

#include "capture/bytes.h"

/* What is known of a conversation. */
struct evidence {
	struct slice client, server; /* what each said first; may be empty */
	uint16_t client_port, port;  /* port: the server's */
	bool udp;
	bool from_start; /* these are the first bytes of all */
};

enum protocol_class {
	PROTOCOL_UNKNOWN,
	PROTOCOL_TLS,
	PROTOCOL_QUIC,
	PROTOCOL_HTTP,  /* HTTP/1, HTTP/0.9 */
	PROTOCOL_HTTP2, /* its preface: RFC 9113 3.4 */
	PROTOCOL_OTHER,
};

struct guess {
	enum protocol_class class;
	const char *name; /* never NULL */
	bool by_bytes;
};

struct guess protocol_guess(const struct evidence *e);

/* Whether servers of some protocol listen on that port. */
bool protocol_has_port(bool udp, uint16_t port);

#endif
