/* What a cipher suite of TLS says, told from its name (IANA's registry). */
#ifndef CAPTURE_TLS_SUITE_H
#define CAPTURE_TLS_SUITE_H

#include "bytes.h"

enum tls_hash { TLS_MD5, TLS_SHA1, TLS_SHA256, TLS_SHA384, TLS_HASHES };

enum tls_algorithm {
	TLS_NULL,
	TLS_RC4,
	TLS_DES,
	TLS_3DES,
	TLS_IDEA,
	TLS_SEED,
	TLS_AES_128_CBC,
	TLS_AES_256_CBC,
	TLS_CAMELLIA_128_CBC,
	TLS_CAMELLIA_256_CBC,
	TLS_ARIA_128_CBC,
	TLS_ARIA_256_CBC,
	TLS_AES_128_GCM,
	TLS_AES_256_GCM,
	TLS_ARIA_128_GCM,
	TLS_ARIA_256_GCM,
	TLS_AES_128_CCM,
	TLS_AES_256_CCM,
	TLS_CHACHA20,
	TLS_ALGORITHMS
};

struct tls_suite {
	uint16_t id;
	const char *name;
	enum tls_algorithm algorithm;
	enum tls_hash mac;  /* of what is no AEAD */
	enum tls_hash hash; /* of key derivation from TLS 1.2 on */
	uint8_t tag_len;    /* of an AEAD; 0: none */
	bool rsa;           /* the premaster secret goes encrypted by RSA */
};

/* False if it is none that can be read: unknown, or weakened for export. */
bool tls_suite_of(uint16_t id, struct tls_suite *suite);

#endif
