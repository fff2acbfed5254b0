/* What a QUIC client says first (RFC 9000, RFC 9001): its Initial packets, as
 * browsers send them. */
#ifndef CAPTURES_QUIC_H
#define CAPTURES_QUIC_H

#include "scene.h"

enum quic_shape {
	QUIC_PLAIN,     /* the hello in one frame */
	QUIC_SCRAMBLED, /* in two datagrams, the later part first; in each many
			   frames in no order, PING and PADDING between */
	QUIC_RETRIED,   /* said twice, the second time to another ID */
	QUIC_FOREIGN,   /* its tag does not verify: nobody can read it */
};

/* Looks the name up and begins a connection to UDP port 443, which is answered
 * by something unreadable. version: 1, or 0x6b3343cf for version 2. */
void quic_meet(struct scene *s, const char *name, const char *address,
	       uint32_t version, enum quic_shape shape);

#endif
