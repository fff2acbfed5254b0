/* The keys of a TLS connection, as its handshake comes to them: from the
 * secrets that are given, into the channels of a session. */
#ifndef CAPTURE_TLS_SCHEDULE_H
#define CAPTURE_TLS_SCHEDULE_H

#include "tls_session.h"

/* The keys of TLS 1.3, in their order; each update adds one. */
enum tls_epoch {
	EPOCH_CLEAR,
	EPOCH_EARLY,
	EPOCH_HANDSHAKE,
	EPOCH_TRAFFIC,
};

/* Up to TLS 1.2: whether the keys of the handshake at hand can be had. */
bool schedule_block(struct tls_session *s);

/* Up to TLS 1.2, once a record of the server's was opened and so proves the
 * master secret: those that resume the session get it too. */
void schedule_pass_on(struct tls_session *s);

/* Gives a side its keys, behind ChangeCipherSpec. Without them told says
 * why. */
void schedule_change_cipher(struct tls_session *s, enum tls_end end);

/* TLS 1.3: whether there is any secret of the connection. */
bool schedule_has_secrets(const struct tls_session *s);

void schedule_enter(struct tls_session *s, enum tls_end end, unsigned epoch);

/* Where the message that ended an epoch was lost, or could not be read: the
 * record may belong to a later one. False if it does to none. */
bool schedule_open_later(struct tls_session *s, enum tls_end end,
			 const struct tls_wire *w, uint8_t *room,
			 struct tls_content *content);

#endif
