/* How TLS makes keys from secrets: SSL 3.0 (RFC 6101 6), TLS 1.0 and 1.1 (RFC
 * 2246 5), TLS 1.2 (RFC 5246 5), TLS 1.3 (RFC 8446 7). */
#ifndef CAPTURE_TLS_KEYS_H
#define CAPTURE_TLS_KEYS_H

#include "tls_suite.h"

#define SSL_3_0 0x0300
#define TLS_1_0 0x0301
#define TLS_1_1 0x0302
#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

#define TLS_RANDOM_LEN 32
#define TLS_MASTER_LEN 48
#define TLS_SECRET_MAX 64
#define TLS_HASH_MAX 64

/* What both sides of a handshake agreed on, up to TLS 1.2. */
struct tls_agreed {
	uint16_t version;
	enum tls_hash hash; /* TLS 1.2: of the cipher suite */
	const uint8_t *client_random, *server_random;
};

size_t tls_hash_len(enum tls_hash hash);
/* Returns the length; 0 if OpenSSL refuses. */
size_t tls_digest(enum tls_hash hash, struct slice bytes,
		  uint8_t out[TLS_HASH_MAX]);

/* The pseudorandom function of the version; SSL 3.0 has no label. All of these
 * return false if OpenSSL refuses an algorithm. */
bool tls_prf(const struct tls_agreed *a, struct slice secret, const char *label,
	     struct slice seed, uint8_t *out, size_t len);

/* session_hash: of the handshake up to the client's key exchange, where both
 * sides extend the master secret (RFC 7627 4); no bytes otherwise. */
bool tls_master(const struct tls_agreed *a, struct slice premaster,
		struct slice session_hash, uint8_t out[TLS_MASTER_LEN]);

bool tls_key_block(const struct tls_agreed *a,
		   const uint8_t master[TLS_MASTER_LEN], uint8_t *out,
		   size_t len);

/* The hash of the handshake messages for the extended master secret: of MD5
 * and SHA-1 both before TLS 1.2. Returns its length; 0 if it cannot be had. */
size_t tls_session_hash(const struct tls_agreed *a, struct slice messages,
			uint8_t out[TLS_HASH_MAX]);

/* HKDF-Expand-Label with an empty context. */
bool tls_expand_label(enum tls_hash hash, struct slice secret,
		      const char *label, uint8_t *out, size_t len);

#endif
