/* What lies around an IP packet in a frame: link layers and tunnels. */
#include "envelope.h"

#include <arpa/inet.h>
#include <string.h>

#define ETHER_IPV4 0x0800
#define ETHER_VLAN 0x8100
#define ETHER_IPV6 0x86dd
#define ETHER_MPLS 0x8847
#define ETHER_PPPOE 0x8864
#define ETHER_QINQ 0x88a8
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PROTOCOL_IPIP 4
#define PROTOCOL_UDP 17
#define PROTOCOL_6IN4 41
#define PROTOCOL_GRE 47
#define PORT_VXLAN 4789
#define BSD_AF_INET 2
#define BSD_AF_INET6 30 /* as macOS writes it */

struct end end_of(const char *address, uint16_t port)
{
	struct end e = {.port = port};

	e.version = strchr(address, ':') ? 6 : 4;
	if (inet_pton(e.version == 6 ? AF_INET6 : AF_INET, address, e.ip) != 1)
		fail("not an address: %s", address);
	return e;
}

void end_print(struct str *out, const struct end *e)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(e->version == 6 ? AF_INET6 : AF_INET, e->ip, text,
		  sizeof(text));
	str_printf(out, e->version == 6 ? "[%s]:%u" : "%s:%u", text, e->port);
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t word;
	uint8_t tail[4] = {0};

	for (; len >= 4; at += 4, len -= 4) {
		memcpy(&word, at, 4);
		sum += word;
	}
	memcpy(tail, at, len);
	memcpy(&word, tail, 4);
	return sum + word;
}

uint16_t checksum_end(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void ipv4_header(uint8_t header[20], const struct end *from,
		 const struct end *to, uint8_t protocol, uint16_t id,
		 size_t payload)
{
	size_t len = payload + 20;
	uint16_t sum;

	memset(header, 0, 20);
	header[0] = 0x45;
	header[2] = (uint8_t)(len >> 8);
	header[3] = (uint8_t)len;
	header[4] = id >> 8;
	header[5] = id & 0xff;
	header[8] = 64;
	header[9] = protocol;
	memcpy(header + 12, from->ip, 4);
	memcpy(header + 16, to->ip, 4);
	sum = checksum_end(checksum_add(0, header, 20));
	memcpy(header + 10, &sum, 2);
}

void frame_prepend(struct frame *f, const void *data, size_t len)
{
	if (len > f->start)
		fail("no room for a header");
	f->start -= len;
	memcpy(f->bytes + f->start, data, len);
}

static void prepend16(struct frame *f, uint16_t v)
{
	uint8_t bytes[2] = {v >> 8, v & 0xff};

	frame_prepend(f, bytes, 2);
}

static uint16_t ether_type(const struct end *e)
{
	return e->version == 6 ? ETHER_IPV6 : ETHER_IPV4;
}

/* Locally administered, the address's last bytes. */
static void mac(uint8_t out[6], const struct end *e)
{
	out[0] = 0x02;
	out[1] = 0x00;
	memcpy(out + 2, e->ip + (e->version == 6 ? 12 : 0), 4);
}

static void wrap_ethernet(struct frame *f, const struct end *from,
			  const struct end *to, uint16_t type)
{
	uint8_t header[14] = {[12] = type >> 8, [13] = type & 0xff};

	mac(header, to);
	mac(header + 6, from);
	frame_prepend(f, header, sizeof(header));
}

static void wrap_tags(enum envelope e, struct frame *f, const struct end *from,
		      const struct end *to)
{
	prepend16(f, ether_type(from));
	prepend16(f, 42); /* VLAN */
	if (e == QINQ) {
		prepend16(f, ETHER_VLAN);
		prepend16(f, 7);
	}
	wrap_ethernet(f, from, to, e == QINQ ? ETHER_QINQ : ETHER_VLAN);
}

static void wrap_mpls(struct frame *f, const struct end *from,
		      const struct end *to)
{
	frame_prepend(f, "\x00\x01\x21\x3f", 4); /* bottom of stack */
	frame_prepend(f, "\x00\x01\x10\x3f", 4);
	wrap_ethernet(f, from, to, ETHER_MPLS);
}

static void wrap_ppp(struct frame *f, const struct end *from)
{
	prepend16(f, from->version == 6 ? PPP_IPV6 : PPP_IPV4);
}

static void wrap_pppoe(struct frame *f, const struct end *from,
		       const struct end *to)
{
	wrap_ppp(f, from);
	prepend16(f, (uint16_t)(f->end - f->start));
	prepend16(f, 0x0011); /* session */
	prepend16(f, 0x1100); /* version 1, type 1, code 0 */
	wrap_ethernet(f, from, to, ETHER_PPPOE);
}

/* Between two routers of the way. */
static void wrap_outer(struct frame *f, uint8_t protocol)
{
	const struct end a = end_of("198.18.0.1", 0);
	const struct end b = end_of("198.18.0.2", 0);
	uint8_t header[20];

	ipv4_header(header, &a, &b, protocol, 1, f->end - f->start);
	frame_prepend(f, header, sizeof(header));
	wrap_ethernet(f, &a, &b, ETHER_IPV4);
}

static void wrap_vxlan(struct frame *f, const struct end *from,
		       const struct end *to)
{
	wrap_ethernet(f, from, to, ether_type(from));
	frame_prepend(f, "\x08\0\0\0\0\0\x7b\0", 8); /* network 123 */
	prepend16(f, 0); /* UDP without checksum: RFC 7348 5 */
	prepend16(f, (uint16_t)(f->end - f->start + 6));
	prepend16(f, PORT_VXLAN);
	prepend16(f, 54321);
	wrap_outer(f, PROTOCOL_UDP);
}

static void wrap_gre(struct frame *f, const struct end *from)
{
	prepend16(f, ether_type(from));
	prepend16(f, 0); /* no checksum, key or sequence number */
	wrap_outer(f, PROTOCOL_GRE);
}

static void wrap_sll(struct frame *f, const struct end *from)
{
	uint8_t header[16] = {[3] = 1, [5] = 6};

	mac(header + 6, from);
	header[14] = ether_type(from) >> 8;
	header[15] = ether_type(from) & 0xff;
	frame_prepend(f, header, sizeof(header));
}

static void wrap_sll2(struct frame *f, const struct end *from)
{
	uint8_t header[20] = {[7] = 2, [9] = 1, [11] = 6};

	header[0] = ether_type(from) >> 8;
	header[1] = ether_type(from) & 0xff;
	mac(header + 12, from);
	frame_prepend(f, header, sizeof(header));
}

static void wrap_bsd(enum envelope e, struct frame *f, const struct end *from)
{
	uint8_t family = from->version == 6 ? BSD_AF_INET6 : BSD_AF_INET;
	uint8_t header[4] = {0};

	/* NULL has the byte order of the capturing host, LOOP the wire's */
	header[e == BSD_LOOP ? 3 : 0] = family;
	frame_prepend(f, header, sizeof(header));
}

static void wrap_wlan(enum envelope e, struct frame *f, const struct end *from,
		      const struct end *to)
{
	uint8_t header[26] = {0x88, 0x01}; /* QoS data, to the access point */

	prepend16(f, ether_type(from));
	frame_prepend(f, "\xaa\xaa\x03\0\0\0", 6); /* LLC, SNAP */
	memcpy(header + 4, "\x02\0\0\0\0\x01", 6);
	mac(header + 10, from);
	mac(header + 16, to);
	frame_prepend(f, header, sizeof(header));
	if (e == RADIOTAP)
		frame_prepend(f, "\0\0\x08\0\0\0\0\0", 8); /* no fields */
}

static void wrap_tunnel(enum envelope e, struct frame *f,
			const struct end *from, const struct end *to)
{
	if (e == GRE)
		wrap_gre(f, from);
	else if (e == VXLAN)
		wrap_vxlan(f, from, to);
	else
		wrap_outer(f,
			   from->version == 6 ? PROTOCOL_6IN4 : PROTOCOL_IPIP);
}

void envelope_wrap(enum envelope e, struct frame *f, const struct end *from,
		   const struct end *to)
{
	switch (e) {
	case ETHERNET:
		wrap_ethernet(f, from, to, ether_type(from));
		break;
	case VLAN:
	case QINQ:
		wrap_tags(e, f, from, to);
		break;
	case MPLS:
		wrap_mpls(f, from, to);
		break;
	case PPPOE:
		wrap_pppoe(f, from, to);
		break;
	case GRE:
	case VXLAN:
	case IPIP:
		wrap_tunnel(e, f, from, to);
		break;
	case SLL:
		wrap_sll(f, from);
		break;
	case SLL2:
		wrap_sll2(f, from);
		break;
	case RAW:
		break;
	case BSD_NULL:
	case BSD_LOOP:
		wrap_bsd(e, f, from);
		break;
	case PPP:
		wrap_ppp(f, from);
		frame_prepend(f, "\xff\x03", 2); /* RFC 1662 3.1 */
		break;
	case WLAN:
	case RADIOTAP:
		wrap_wlan(e, f, from, to);
		break;
	}
}

uint16_t envelope_link(enum envelope e)
{
	static const uint16_t links[] = {
	    [SLL] = LINK_SLL,       [SLL2] = LINK_SLL2,
	    [RAW] = LINK_RAW,       [BSD_NULL] = LINK_NULL,
	    [BSD_LOOP] = LINK_LOOP, [PPP] = LINK_PPP,
	    [WLAN] = LINK_80211,    [RADIOTAP] = LINK_RADIOTAP,
	};

	return links[e] || e == BSD_NULL ? links[e] : LINK_ETHERNET;
}
