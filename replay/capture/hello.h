/* A TLS client's first message, the ClientHello (RFC 8446 4.1.2), from the
 * first bytes of its stream; and what its server says in clear. */
#ifndef CAPTURE_HELLO_H
#define CAPTURE_HELLO_H

#include "bytes.h"

/* Of handshake messages no more than this is read. A hello is below 4 kB, with
 * large post-quantum key shares too; a chain of certificates may be longer. */
#define HELLO_MAX ((size_t)1 << 16)

/* Where a stream begins with one: HANDSHAKE_CLIENT_HELLO and so on. */
enum handshake_type {
	HANDSHAKE_NONE = -1, /* no handshake message begins it */
	HANDSHAKE_HELLO_REQUEST = 0,
	HANDSHAKE_CLIENT_HELLO = 1, /* RFC 8446 4 */
	HANDSHAKE_SERVER_HELLO = 2,
	HANDSHAKE_NEW_SESSION_TICKET = 4,
	HANDSHAKE_END_OF_EARLY_DATA = 5,
	HANDSHAKE_ENCRYPTED_EXTENSIONS = 8,
	HANDSHAKE_CERTIFICATE = 11,
	HANDSHAKE_CERTIFICATE_REQUEST = 13,
	HANDSHAKE_SERVER_HELLO_DONE = 14, /* RFC 5246 7.4 */
	HANDSHAKE_CLIENT_KEY_EXCHANGE = 16,
	HANDSHAKE_FINISHED = 20,
	HANDSHAKE_KEY_UPDATE = 24,
};

/* Type of the handshake message that begins the stream, by its first six
 * bytes. */
int handshake_begins(struct slice stream);

/* How many bytes of a stream the handshake message takes that begins it, by its
 * first bytes: up to HELLO_MAX, and that where it lies in several records. */
size_t handshake_extent(struct slice stream);

/* A ClientHello as far as it is there. Slices point into joined. */
struct hello {
	uint16_t version; /* legacy_version */
	struct slice random, session;
	struct slice ciphers;
	struct slice extensions; /* for hello_extension */
	bool whole;              /* none of it is missing, and each length in
				    it fits */
	struct buf joined;       /* the message, taken out of its records */
};

/* False if the stream does not begin with one. Release h in either case. */
bool hello_read(struct hello *h, struct slice stream);
void hello_release(struct hello *h);

/* The same of a message that was taken out of its records, with its head: the
 * slices point into it, and there is nothing to release. */
bool hello_parse(struct hello *h, struct slice message);

/* The next extension of rest, which shrinks; begin with a hello's extensions.
 * The last one is cut where the hello is. */
bool hello_extension(struct slice *rest, uint16_t *type, struct slice *body);

/* Takes the vector (RFC 8446 3.4) at the start of rest, whose length stands in
 * length_bytes bytes (1 or 2) before it: cut to what is there. */
struct slice hello_vector(struct slice *rest, int length_bytes);

/* The server name (RFC 6066 3) that it asks for; no bytes if none. */
struct slice hello_name(const struct hello *h);

/* The same of the first bytes of a stream, as far as the stream is there: what
 * stands behind the name may be cut. name is set to the name: any bytes, at
 * least one. */
bool hello_server_name(struct slice stream, struct buf *name);

/* The first bytes of a server's stream: whether it asks for the client's
 * certificate in clear, which TLS 1.2 and older do (RFC 5246 7.4.4). False
 * too where that stands behind HELLO_MAX. */
bool hello_asks_certificate(struct slice stream);

/* The same: its own certificate, which TLS 1.2 and older send in clear (RFC
 * 5246 7.4.2). der is set to it: any bytes, at least one. False too where it
 * does not end before HELLO_MAX. */
bool hello_certificate(struct slice stream, struct buf *der);

#endif
