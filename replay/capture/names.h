/* Names that a recording holds beside its HTTP messages: what DNS answered and
 * which servers TLS and QUIC clients named. */
#ifndef CAPTURE_NAMES_H
#define CAPTURE_NAMES_H

#include "address.h"

enum name_kind {
	NAME_ADDRESS, /* a DNS answer gave the name this address */
	NAME_MISSING, /* a DNS answer said that the name does not exist */
	NAME_TLS,     /* a TLS client named the server at this address (SNI) */
	NAME_QUIC,    /* the same of a QUIC client */
};

struct name {
	enum name_kind kind;
	struct slice text; /* as recorded, without a dot at the end: hostile
			      bytes, any of them; belongs to the names */
	struct address address; /* version 0 for NAME_MISSING */
};

struct names;

struct names *names_new(void);
/* One DNS message (RFC 1035 4). Answers are taken, CNAMEs followed to the name
 * that was asked for; all else is ignored. */
void names_add_dns(struct names *n, struct slice message);
/* The first bytes of a client's stream to that server: a TLS ClientHello's
 * server name (RFC 6066 3), if it is one. */
void names_add_tls(struct names *n, struct slice hello,
		   const struct endpoint *server);
/* The same of a QUIC client's ClientHello, as quic_add gives it. */
void names_add_quic(struct names *n, struct slice hello,
		    const struct endpoint *server);
/* Whether a ClientHello, with a server name or without, was sent to the port
 * of any server, over TCP or UDP: whoever speaks QUIC also tries TLS there. */
bool names_tls_port(const struct names *n, uint16_t port);
/* Each kind, text and address once, in the order recorded. */
size_t names_count(const struct names *n);
const struct name *names_get(const struct names *n, size_t i);
void names_free(struct names *n);

#endif
