/* The master secrets of sessions that were opened, for connections that resume
 * them without a key exchange of their own (RFC 5246 7.3, RFC 5077). Threads
 * may share one. */
#ifndef CAPTURE_TLS_RESUMPTION_H
#define CAPTURE_TLS_RESUMPTION_H

#include "bytes.h"

#include <stdint.h>

/* More sessions than these are not kept, about 30 MB of them. */
#define TLS_RESUMPTION_MAX (1U << 18)

struct tls_resumption;

struct tls_resumption *tls_resumption_new(void);
void tls_resumption_free(struct tls_resumption *r);

enum tls_session_name {
	TLS_SESSION_ID,     /* up to 32 bytes */
	TLS_SESSION_TICKET, /* of any length */
};

/* The first master secret of a name counts. Names without bytes are none. */
void tls_resumption_add(struct tls_resumption *r, enum tls_session_name kind,
			struct slice name, struct slice master);

/* Copies the master secret out; false if the session is not known. */
bool tls_resumption_find(struct tls_resumption *r, enum tls_session_name kind,
			 struct slice name, uint8_t *master, size_t len);

/* How many names are known: more than before means that connections which were
 * not may now be. */
uint64_t tls_resumption_count(struct tls_resumption *r);

#endif
