/* What a recording holds beside its HTTP exchanges: connections and datagrams
 * of other protocols, told by port and first bytes. */
#ifndef REPORT_TRAFFIC_H
#define REPORT_TRAFFIC_H

#include "capture/fingerprint.h"
#include "capture/recording.h"

enum traffic_kind {
	TRAFFIC_TLS,         /* encrypted: without keys nothing is read */
	TRAFFIC_QUIC,        /* UDP: HTTP/3 */
	TRAFFIC_HTTP2_CLEAR, /* HTTP/2 by prior knowledge (RFC 9113 3.3) */
	TRAFFIC_OTHER,       /* a protocol that is no web: named */
	TRAFFIC_UNKNOWN,     /* neither port nor bytes tell; or HTTP of which no
				exchange could be read, named "HTTP" */
	TRAFFIC_SILENT,      /* opened, and the client said nothing; also
				refused connections */
};

/* What is listed is bounded. What comes after that is only counted. */
#define TRAFFIC_MAX 65536U
#define TRAFFIC_CLIENTS_MAX 4096U
#define TRAFFIC_SINGLE_MAX 16384U

/* Connections, or conversations of datagrams, of one client to one server
 * address and port. Of TLS it is one connection, unless there are more entries
 * than TRAFFIC_SINGLE_MAX before it. */
struct traffic {
	enum traffic_kind kind;
	const char *why;      /* TLS: it could not be read, for people;
				 NULL: of no other kind, or not known */
	const char *protocol; /* "TLS", "SMTP", "FTP", "DNS over TLS" ...,
				 "unknown"; never NULL */
	bool by_bytes;        /* told by its bytes, not by the port alone;
				 what a TLS connection carries always by the
				 port */
	bool udp;
	bool asks_certificate;  /* TLS: the server asked for the client's
				   certificate in clear (TLS 1.2 and older) */
	struct endpoint client; /* port 0: several */
	struct endpoint server;
	uint32_t stream;   /* TCP: Wireshark's, of the first connection */
	struct slice name; /* TLS, QUIC: SNI, data NULL: none; hostile bytes */
	struct fingerprint print; /* of their clients, of the first whose hello
				     is whole; ja4 empty: none */
	struct slice certificate; /* TLS: the server's, DER, any bytes; no
				     bytes: not seen */
	size_t connections;       /* of DNS over UDP: questions */
	uint64_t bytes;           /* payload that was recorded, both sides */
	uint64_t sent, received;  /* the same, as the client saw it */
	int64_t begins, ends;     /* of the first packet, and of the last one
				     with payload; ns since the epoch */
};

/* How a client begins TLS: each fingerprint of an address once. */
struct traffic_client {
	struct address client;
	struct fingerprint print;
	size_t connections;
};

struct traffics {
	struct traffic *list; /* in the order of their first packet */
	size_t count;
	struct traffic_client *clients; /* likewise */
	size_t client_count;
	/* What was not listed for its number: TCP connections, UDP
	 * conversations, bytes of both; and clients' hellos. */
	uint64_t more_connections, more_bytes, more_hellos;
	struct buf store; /* private: what names point into */
};

/* All that was not read as HTTP. */
void traffics_collect(struct traffics *t, const struct recording *r);
void traffics_release(struct traffics *t);

#endif
