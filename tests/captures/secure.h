/* TLS connections: both ends are OpenSSL's, and what they say to each other
 * goes over a connection of the capture. The same seed makes the same bytes. */
#ifndef CAPTURES_SECURE_H
#define CAPTURES_SECURE_H

#include "scene.h"

#include <openssl/types.h>

struct secure_kind {
	int version;      /* TLS1_2_VERSION or TLS1_3_VERSION, that alone */
	const char *alpn; /* as in the extension, "\x02h2"; NULL: none */
	bool asks_certificate; /* the server, and the client has one */
	const char *suite;     /* NULL: any */
};

struct secure {
	struct scene *scene;
	struct conn conn;
	SSL *ssl[2];
};

/* Looks the name up, connects to port 443, shakes hands. Writes the secrets to
 * the scene's key log, if there is one. */
struct secure secure_open(struct scene *s, const char *name,
			  const char *address, const struct secure_kind *kind);
void secure_say(struct secure *t, enum side side, const void *data, size_t len);
/* An exchange of HTTP/1.1. With a key log it stands in the truth, as complete;
 * without one nobody can read it. */
void secure_exchange(struct secure *t, const struct ask *ask,
		     const struct answer *answer);
/* The client says that it ends, and closes. */
void secure_close(struct secure *t);

#endif
