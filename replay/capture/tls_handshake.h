/* The handshake messages of TLS: joined from records, and read. */
#ifndef CAPTURE_TLS_HANDSHAKE_H
#define CAPTURE_TLS_HANDSHAKE_H

#include "hello.h"
#include "tls_keys.h"

/* A longer message is not read, nor what follows it up to the next loss. The
 * longest chains of certificates have some 30 kB. */
#define TLS_MESSAGE_MAX ((size_t)1 << 18)
#define TLS_MESSAGE_HEAD 4

/* The messages of one side, from the content of its handshake records. */
struct tls_messages {
	struct buf bytes;
	size_t at; /* of the first one that was not taken */
	bool lost;
};

void tls_messages_add(struct tls_messages *m, struct slice content);
/* The first message, with its head, if it is whole. It stays the first until
 * tls_messages_pass, and valid until more is added. */
bool tls_messages_first(const struct tls_messages *m, struct slice *message);
void tls_messages_pass(struct tls_messages *m);
/* After a loss: what was begun will not be ended. */
void tls_messages_drop(struct tls_messages *m);
void tls_messages_release(struct tls_messages *m);

/* Slices point into the message. */
struct tls_server_hello {
	uint16_t version; /* that was chosen */
	uint16_t suite;
	uint8_t compression;
	struct slice random, session;
	struct slice alpn;     /* up to TLS 1.2; no bytes if none */
	bool retry;            /* HelloRetryRequest */
	bool encrypt_then_mac; /* RFC 7366 */
	bool extended_master;  /* RFC 7627 */
	bool resumes;          /* TLS 1.3: with a key of an earlier session */
};

bool tls_server_hello_read(struct tls_server_hello *h, struct slice message);

/* Whether a ClientHello comes with data (RFC 8446 4.2.10). */
bool tls_hello_has_early_data(const struct hello *h);

/* Up to TLS 1.2 (RFC 5077 3.2 and 3.3): the ticket that a client shows, and
 * that a server gives; no bytes if none. */
struct slice tls_hello_ticket(const struct hello *h);
struct slice tls_ticket_read(struct slice message);

/* TLS 1.3: EncryptedExtensions. */
struct tls_extensions {
	struct slice alpn;
	bool early_data; /* it was taken */
};

void tls_extensions_read(struct tls_extensions *e, struct slice message);

/* Certificates in DER, the sender's own first, each with its length in three
 * bytes before it. Appends as many as are whole. */
void tls_certificates_read(struct slice message, uint16_t version,
			   struct buf *chain);

/* The next certificate of such a chain, which shrinks. */
bool tls_certificate_next(struct slice *chain, struct slice *der);

/* RSA key transport: the encrypted premaster secret; SSL 3.0 puts no length
 * before it. */
struct slice tls_key_exchange_read(struct slice message, uint16_t version);

#endif
