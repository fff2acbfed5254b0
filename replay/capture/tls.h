/* TLS connections of which the secrets are known become flows of what they
 * carry: two streams with times and gaps, as if nobody had encrypted them. */
#ifndef CAPTURE_TLS_H
#define CAPTURE_TLS_H

#include "flow.h"
#include "secrets.h"
#include "spool.h"

/* What the handshake told. Slices lie in the spool; any bytes. */
struct tls_facts {
	uint16_t version;         /* 0x0303 is TLS 1.2 */
	const char *cipher;       /* suite, IANA's name */
	struct slice server_name; /* SNI; no bytes if none */
	struct slice alpn;        /* that was chosen; no bytes if none */
	struct slice chain;       /* the server's certificates: for
				     tls_certificate_next of tls_handshake.h; no
				     bytes in a resumed session */
	bool asks_certificate;    /* the server, for the client's */
	bool sends_certificate;   /* the client did */
};

/* Why a connection was read, or not. */
enum tls_result {
	TLS_READ,
	TLS_NO_HANDSHAKE,   /* its beginning was not recorded */
	TLS_NO_SECRETS,     /* none are given for it */
	TLS_NO_SECRETS_YET, /* the same, but another connection that is still to
			       be opened may have had the same session */
	TLS_WRONG_SECRETS,  /* those for it do not fit */
	TLS_NO_CIPHER,      /* not one that can be read */
	TLS_COMPRESSED,
	TLS_CUT, /* it ended before anything was encrypted */
};

/* For people; NULL for TLS_READ. */
const char *tls_result_words(enum tls_result result);

struct tls_opened {
	struct flow flow; /* ends, number and time as the connection's */
	struct tls_facts facts;
};

/* Where what is found goes, and where it stood. */
struct tls_means {
	const struct secrets *secrets; /* prepared */
	struct spool *spool;
	/* source_position of a byte of the flow. */
	uint64_t (*position)(const void *context, const uint8_t *byte);
	const void *context;
};

/* Whether a flow begins with TLS on both sides, from these places on. */
bool tls_begins(const struct flow *flow, const struct place from[2]);

/* Opens the TLS there. *opened is NULL but for TLS_READ; free it with
 * tls_opened_free. */
enum tls_result tls_open(const struct flow *flow, const struct place from[2],
			 const struct tls_means *means,
			 struct tls_opened **opened);
void tls_opened_free(struct tls_opened *o);

#endif
