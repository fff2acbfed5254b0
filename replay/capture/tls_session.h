/* A TLS connection as both its ends see it: the handshake, the keys that come
 * of it, and what the records hold. */
#ifndef CAPTURE_TLS_SESSION_H
#define CAPTURE_TLS_SESSION_H

#include "secrets.h"
#include "tls_channel.h"
#include "tls_handshake.h"

enum tls_end { TLS_CLIENT, TLS_SERVER };

/* What the handshake told. */
struct tls_told {
	uint16_t version; /* 0: no ServerHello yet */
	uint16_t suite_id;
	struct tls_suite suite; /* name NULL: not one of ours */
	struct buf server_name, alpn, chain;
	bool asks_certificate, sends_certificate;
	bool compressed;   /* the records are, which is not read */
	bool lacks_secret; /* for a key that was wanted */
	bool lacks_cipher; /* OpenSSL has it not */
};

struct tls_side {
	struct tls_messages messages;
	struct tls_channel channel;
	unsigned epoch;                    /* TLS 1.3: which of its keys */
	uint8_t secret[KEYLOG_SECRET_MAX]; /* of that epoch */
	size_t secret_len;
	bool protected; /* up to TLS 1.2: behind ChangeCipherSpec */
	bool changed;   /* that of the handshake at hand */
	bool skipping;  /* early data that the server refuses */
	bool closed;    /* close_notify */
};

/* The handshake at hand, up to TLS 1.2 also a later one. */
struct tls_agreement {
	uint8_t client_random[TLS_RANDOM_LEN], server_random[TLS_RANDOM_LEN];
	uint8_t session[32]; /* that the server names */
	size_t session_len;
	uint16_t client_version;
	bool encrypt_then_mac, extended_master;
	struct buf offered;   /* ticket of an earlier session */
	struct buf given;     /* ticket for later ones */
	bool full;            /* no earlier session is resumed */
	bool answered;        /* by a ServerHello */
	bool exchanged;       /* the client's key exchange was seen */
	struct buf said[2];   /* the messages up to that */
	struct buf premaster; /* encrypted */
	bool has_block;
	bool passed_on; /* the master secret, to connections that resume it */
	uint8_t master[TLS_MASTER_LEN];
	uint8_t block[TLS_KEY_BLOCK_MAX];
};

/* Begin with tls_session_begin, end with tls_session_release. */
struct tls_session {
	const struct secrets *secrets;
	struct tls_side sides[2]; /* by enum tls_end */
	struct tls_agreement agreed;
	struct tls_told told;
	bool greeted; /* a ClientHello was seen */
	bool waiting; /* it has no answer yet */
	bool retried; /* the answer was a HelloRetryRequest, and no second
			 ClientHello came yet */
	bool offers_early, extensions_seen;
	bool forced; /* nobody waits for the other: what is waited for will not
			come */
};

void tls_session_begin(struct tls_session *s, const struct secrets *secrets);
void tls_session_release(struct tls_session *s);

/* Whether a side's next record can be taken yet, or first the other side's have
 * to: what one side says has a meaning only behind what the other said. */
bool tls_session_is_ready(struct tls_session *s, enum tls_end end,
			  uint8_t type);

/* Goes on with messages that waited for the other side. False if they still
 * do. */
bool tls_session_go_on(struct tls_session *s, enum tls_end end);

/* Takes the next record of a side, which is opened into room: that has as much
 * as its body. True if it held application data. */
bool tls_session_take(struct tls_session *s, enum tls_end end,
		      const struct tls_wire *w, uint8_t *room,
		      struct tls_content *content);

/* Whether it lacks a master secret that another connection of the same session
 * may yet tell. */
bool tls_session_may_resume(const struct tls_session *s);

/* Whether nothing of it will ever be read: told says why. */
bool tls_session_is_hopeless(const struct tls_session *s);

/* Whether the side has come to where application data is sent. */
bool tls_session_is_open(const struct tls_session *s, enum tls_end end);

#endif
