/* What TLS servers showed to be known by: their certificates, each kept once,
 * and who showed them. */
#ifndef CAPTURE_CERTIFICATES_H
#define CAPTURE_CERTIFICATES_H

#include "address.h"

/* A longer certificate is not kept, nor one past these. */
#define CERTIFICATE_MAX ((size_t)64 << 10)
#define CERTIFICATES_MAX 65536U
#define CERTIFICATES_BYTES_MAX ((uint64_t)256 << 20) /* of disk */
/* Servers: what comes later is not found. */
#define CERTIFICATES_SERVERS_MAX 65536U

struct certificates;

struct certificates *certificates_new(void);
void certificates_free(struct certificates *c);

/* Keeps a server's own certificate (DER, any bytes); the same bytes come back
 * as the same slice, which lives as long as c. No bytes where it is not kept.
 * Several threads may keep at a time. */
struct slice certificates_keep(struct certificates *c, struct slice der);

/* Notes who showed a certificate that is kept: the server of that name (SNI,
 * any bytes; without case and a dot at its end), without a name the one at that
 * address. Of several the first counts. */
void certificates_note(struct certificates *c, struct slice name,
		       const struct address *address, struct slice kept);

/* What the server of that name showed; if nothing is known of it, or the name
 * is empty, what the one at the address showed to those who named none. No
 * bytes: neither is known. */
struct slice certificates_find(const struct certificates *c, struct slice name,
			       const struct address *address);

#endif
