/* Frames become packets: link layer, tunnels and IP are taken off, what
 * remains is one TCP segment or one UDP datagram. */
#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

#include "address.h"
#include "source.h"
#include "spool.h"

/* TCP flags (RFC 9293 3.1). */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

enum packet_kind {
	PACKET_TCP,
	PACKET_UDP,
	PACKET_QUOTED, /* a TCP header in an ICMP error: from and to alone */
};

/* One TCP segment or UDP datagram. Inside a tunnel the innermost one. */
struct packet {
	enum packet_kind kind;
	struct endpoint from, to;
	struct slice payload; /* valid as long as source and spool */
	uint32_t missing;  /* payload bytes on the wire that were not captured:
			      snap length; they follow payload */
	int64_t time;      /* nanoseconds since the epoch */
	uint32_t seq, ack; /* TCP only */
	uint8_t flags;     /* TCP only */
};

struct packet_counts {
	uint64_t tcp, udp;   /* quoted ones are other */
	uint64_t other;      /* readable, but neither */
	uint64_t broken;     /* headers that contradict themselves or are cut */
	uint64_t link_types; /* frames of link types that nobody reads here */
	uint64_t fragments;  /* seen */
	uint64_t unfinished; /* datagrams whose fragments never came together */
};

/* Holds the fragments that wait for each other; bounded in bytes and number,
 * the oldest go first. */
struct packets;

/* Borrows the source and the spool (reassembled datagrams go there). */
struct packets *packets_new(struct source *source, struct spool *spool);

/* The next packet of the recording. False at its end. */
bool packets_next(struct packets *p, struct packet *out);

const struct packet_counts *packets_counts(const struct packets *p);
void packets_free(struct packets *p);

#endif
