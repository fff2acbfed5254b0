/* The protection of TLS records: taken off, and only where it holds. */
#ifndef CAPTURE_TLS_CIPHER_H
#define CAPTURE_TLS_CIPHER_H

#include "tls_keys.h"

#define TLS_RECORD_HEAD 5

/* OpenSSL's algorithms, also those of its legacy provider. Threads may share
 * one. */
struct tls_library;

struct tls_library *tls_library_new(void);
/* Reads OpenSSL's configuration and the modules that tls_library_new and it ask
 * for: a confined process cannot. They stay until the end. */
void tls_library_preload(void);
void tls_library_free(struct tls_library *l);

/* Record types: RFC 8446 5.1. */
enum tls_record_type {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
};

struct tls_record {
	uint8_t type;
	uint16_t version;
	struct slice body;
};

/* Of one direction. */
struct tls_cipher;

struct tls_protection {
	uint16_t version;
	struct tls_suite suite;
	bool encrypt_then_mac; /* RFC 7366 */
};

/* How much of the key block a connection takes, up to TLS 1.2. */
size_t tls_cipher_key_block(const struct tls_protection *p);
#define TLS_KEY_BLOCK_MAX 512

/* Up to TLS 1.2. side: 0 for what the client sends. NULL if OpenSSL lacks the
 * algorithm. */
struct tls_cipher *tls_cipher_from_block(const struct tls_library *l,
					 const struct tls_protection *p,
					 const uint8_t *block, int side);

/* TLS 1.3. */
struct tls_cipher *tls_cipher_from_secret(const struct tls_library *l,
					  const struct tls_protection *p,
					  struct slice secret);
void tls_cipher_free(struct tls_cipher *c);

/* Takes the protection off a record with that sequence number. out has room
 * for the body; what is taken off stands in it: its length, and its true type.
 * False if it does not verify; then what out holds means nothing. */
bool tls_cipher_open(struct tls_cipher *c, uint64_t sequence,
		     const struct tls_record *r, uint8_t *out, size_t *len,
		     uint8_t *type);

/* Ciphertext that was not opened stands before the next record: up to TLS 1.0
 * the next one's vector is its end. */
void tls_cipher_pass(struct tls_cipher *c, struct slice ciphertext);

/* A stream cipher: what is lost of it takes the rest along. */
bool tls_cipher_is_stream(const struct tls_cipher *c);

/* How much longer than its content a record's body is, at least; and at most,
 * for what is not padded at will. */
size_t tls_cipher_overhead(const struct tls_cipher *c);

/* The number that the sender put into the record to make its nonce unique.
 * Often they go up by one. False if there is none. */
bool tls_cipher_nonce(const struct tls_cipher *c, struct slice body,
		      uint64_t *nonce);

#endif
