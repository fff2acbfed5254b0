/* The ClientHello of QUIC connections (RFC 9000, RFC 9001): the one thing in
 * them that can be read without secrets. */
#ifndef CAPTURE_QUIC_H
#define CAPTURE_QUIC_H

#include "bytes.h"

/* A longer hello is not put together. */
#define QUIC_HELLO_MAX 16384U
/* So many connections can be in their handshake at once; of those that began
 * before, what was not whole by then is lost. */
#define QUIC_CONNECTIONS_MAX 1024U
/* So many packets may be in vain, in one connection. */
#define QUIC_FAILURES_MAX 16
/* Of a datagram no more packets are looked at: clients put an Initial, a 0-RTT
 * and a Handshake packet into one. */
#define QUIC_PACKETS_MAX 4

struct quic;

struct quic *quic_new(void);
void quic_free(struct quic *q);

/* Whether a client can begin with the datagram: it holds an Initial packet of a
 * version that is known here, and is as long as servers demand (RFC 9000
 * 14.1). Servers' datagrams may look the same. */
bool quic_is_initial(struct slice datagram);

/* Takes a datagram for which quic_is_initial holds. connection: a number that
 * stands for its two ends, counted up from 0; side: which of them sent it, 0 or
 * 1. Hellos may be split over packets and datagrams in any order; where copies
 * of a byte overlap, the first counts.
 *
 * True if more of the connection's hello is known by it: hello is set to that
 * message, with its head and without gaps, as far as it is there (hello_parse),
 * until the next call. A further connection between the same ends begins it
 * anew, as does a Retry. */
bool quic_add(struct quic *q, uint32_t connection, int side,
	      struct slice datagram, struct slice *hello);

#endif
