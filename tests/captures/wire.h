/* TCP connections and UDP datagrams as packets on a wire. */
#ifndef CAPTURES_WIRE_H
#define CAPTURES_WIRE_H

#include "envelope.h"

/* TCP flags (RFC 9293 3.1) */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

enum side { CLIENT, SERVER };

/* Ways in which packets go wrong between the wire and the file. */
struct faults {
	bool bad_checksums; /* the capturing host leaves them to its card */
	bool length_zero;   /* so with the IP length of large segments */
	bool padding;       /* Ethernet frames are filled up to 60 bytes */
	bool ip_options;    /* IPv4 options, IPv6 extension headers */
	bool shuffle;       /* fragments leave last one first */
	unsigned twice;     /* in 1000 packets, captured twice */
};

struct net {
	struct writer *writer;
	enum envelope envelope;
	struct faults faults;
	int64_t now;   /* ns since the epoch */
	int64_t step;  /* from packet to packet */
	unsigned mss;  /* TCP payload of a packet, at most */
	unsigned mtu;  /* IP packets above it are sent as fragments; 0: none */
	uint64_t seed; /* state of net_random */
	uint16_t ip_id;
};

uint64_t net_random(struct net *n);

void net_udp(struct net *n, const struct end *from, const struct end *to,
	     const void *data, size_t len);

/* One segment, numbers as on the wire. */
void net_tcp(struct net *n, const struct end ends[2], enum side from,
	     uint32_t seq, uint32_t ack, uint8_t flags, const void *data,
	     size_t len);

/* A connection. What a side says waits in said, and leaves as segments in
 * whatever order and shape a scenario likes. */
struct conn {
	struct net *net;
	struct end ends[2];
	uint32_t first[2]; /* sequence number of said[i]'s first byte */
	struct str said[2];
	size_t sent[2]; /* of said: how far segments went */
	bool fin[2];
};

/* Ready to use without a packet sent: numbers are random. */
struct conn conn_begin(struct net *n, struct end client, struct end server);
/* The same, then the handshake. */
struct conn conn_open(struct net *n, struct end client, struct end server);
void conn_handshake(struct conn *c);

void conn_say(struct conn *c, enum side side, const void *data, size_t len);

/* One segment of len bytes at an offset of said, whatever was sent before. */
void conn_segment(struct conn *c, enum side side, size_t offset, size_t len);
/* The same place, other bytes. */
void conn_forge(struct conn *c, enum side side, size_t offset, const void *data,
		size_t len);
/* Steps over bytes that no packet of the capture holds. */
void conn_lose(struct conn *c, enum side side, size_t len);
/* A segment without payload. */
void conn_flags(struct conn *c, enum side side, uint8_t flags);
/* At most that many segments of what waits; true if more waits. An
 * acknowledgement follows every second one. */
bool conn_push(struct conn *c, enum side side, unsigned segments);
/* All that waits. */
void conn_flush(struct conn *c, enum side side);
/* Drops what was said and sent, so that memory stays bounded; offsets begin
 * at 0 again. */
void conn_forget(struct conn *c);

void conn_fin(struct conn *c, enum side side);
/* FIN of both sides, side first; frees. */
void conn_close(struct conn *c, enum side side);
/* RST from side; frees. */
void conn_reset(struct conn *c, enum side side);
/* Frees, without a packet. */
void conn_abandon(struct conn *c);

#endif
