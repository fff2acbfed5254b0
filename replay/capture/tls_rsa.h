/* Servers' RSA private keys, which open what clients sent them encrypted: TLS
 * without forward secrecy. */
#ifndef CAPTURE_TLS_RSA_H
#define CAPTURE_TLS_RSA_H

#include "bytes.h"

#define TLS_PREMASTER_LEN 48

struct tls_rsa;

struct tls_rsa *tls_rsa_new(void);
void tls_rsa_free(struct tls_rsa *r);

/* Reads a private key in PEM. Returns 0, or -1 after having said why. */
int tls_rsa_read(struct tls_rsa *r, const char *path);
bool tls_rsa_is_empty(const struct tls_rsa *r);

/* Decrypts a premaster secret, which begins with the version that the client
 * offered (RFC 5246 7.4.7.1). False if it was encrypted to none of the keys. */
bool tls_rsa_decrypt(const struct tls_rsa *r, struct slice encrypted,
		     uint16_t version, uint8_t out[TLS_PREMASTER_LEN]);

#endif
