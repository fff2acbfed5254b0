/* What lies around an IP packet in a frame: link layers and tunnels. */
#ifndef CAPTURES_ENVELOPE_H
#define CAPTURES_ENVELOPE_H

#include "writer.h"

/* An address and port. */
struct end {
	uint8_t version; /* 4 or 6 */
	uint8_t ip[16];
	uint16_t port;
};

struct end end_of(const char *address, uint16_t port);
/* "192.0.2.1:80", "[2001:db8::1]:80" */
void end_print(struct str *out, const struct end *e);

enum envelope {
	ETHERNET,
	VLAN,
	QINQ,
	MPLS,
	PPPOE,
	GRE,
	VXLAN,
	IPIP, /* 6in4 if the inner one is IPv6 */
	SLL,
	SLL2,
	RAW,
	BSD_NULL,
	BSD_LOOP,
	PPP,
	WLAN,
	RADIOTAP,
};

#define FRAME_ROOM 128 /* for what an envelope puts before */
#define FRAME_MAX (FRAME_ROOM + 65536 + 64)

/* Bytes being wrapped: headers are put before them. */
struct frame {
	size_t start, end;
	uint8_t bytes[FRAME_MAX];
};

void frame_prepend(struct frame *f, const void *data, size_t len);

/* Wraps the IP packet in f. */
void envelope_wrap(enum envelope e, struct frame *f, const struct end *from,
		   const struct end *to);
uint16_t envelope_link(enum envelope e);

/* Internet checksum (RFC 1071) in the byte order of the wire, of data whose
 * sum so far is sum: sums may be chained over parts of even length. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t len);
uint16_t checksum_end(uint64_t sum);

/* An IPv4 header of 20 bytes, its checksum right. */
void ipv4_header(uint8_t header[20], const struct end *from,
		 const struct end *to, uint8_t protocol, uint16_t id,
		 size_t payload);

#endif
