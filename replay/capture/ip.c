/* IPv4 and IPv6 up to the payload of a TCP segment or UDP datagram. */
#include "layer.h"

#include "fragments.h"

#include <string.h>

/* Protocol numbers, IANA. */
#define PROTOCOL_HOP_BY_HOP 0
#define PROTOCOL_ICMP 1
#define PROTOCOL_IPV4 4
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_IPV6 41
#define PROTOCOL_ROUTING 43
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_GRE 47
#define PROTOCOL_AUTHENTICATION 51
#define PROTOCOL_ICMPV6 58
#define PROTOCOL_DESTINATION 60
#define PROTOCOL_MOBILITY 135
#define PROTOCOL_HIP 139
#define PROTOCOL_SHIM6 140

#define IPV4_MIN 20 /* RFC 791 3.1 */
#define IPV4_MORE 0x2000
#define IPV4_OFFSET 0x1fff

#define IPV6_LEN 40 /* RFC 8200 3 */
#define IPV6_MORE 0x0001
#define IPV6_OFFSET 0xfff8
/* RFC 8200 4.1 knows seven; more are no packet that anybody answers. */
#define EXTENSIONS_MAX 16

#define ICMP_LEN 8 /* RFC 792, RFC 4443: the errors among its types */
#define ICMP_UNREACHABLE 3
#define ICMP_QUENCH 4
#define ICMP_REDIRECT 5
#define ICMP_EXCEEDED 11
#define ICMP_PARAMETER 12
#define ICMPV6_ECHO 128 /* those below are errors */

/* Packets without a length, left to the network card to cut: Linux makes none
 * longer (GSO_MAX_SIZE). */
#define OFFLOAD_MAX 524288

#define TCP_MIN 20 /* RFC 9293 3.1 */
#define UDP_LEN 8  /* RFC 768 */

static enum layer layer_of_protocol(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return LAYER_ICMP;
	case PROTOCOL_TCP:
		return LAYER_TCP;
	case PROTOCOL_UDP:
		return LAYER_UDP;
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
		return LAYER_IP;
	case PROTOCOL_GRE:
		return LAYER_GRE;
	default:
		return DONE_OTHER;
	}
}

static bool is_extension(uint8_t protocol)
{
	switch (protocol) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_FRAGMENT:
	case PROTOCOL_AUTHENTICATION:
	case PROTOCOL_DESTINATION:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return true;
	default:
		return false;
	}
}

/* The fragment header of IPv6 (RFC 8200 4.5). True if protocol now is what
 * stands next: the datagram was whole, or is now. */
static bool read_fragment(struct parcel *p, uint8_t *protocol,
			  enum layer *ended)
{
	const uint8_t *at = parcel_take(p, 8);
	*ended = DONE_BROKEN;
	if (!at)
		return false;
	uint16_t place = be16(at + 2);
	*protocol = at[0];
	if (!(place & (IPV6_OFFSET | IPV6_MORE)))
		return true; /* an atomic fragment: RFC 6946 */
	*ended = DONE_OTHER;
	if (p->quoted)
		return false;
	struct fragment piece = {.id = be32(at + 4),
				 .offset = place & IPV6_OFFSET,
				 .more = place & IPV6_MORE,
				 .protocol = at[0]};
	*ended = DONE_WAITING;
	return fragments_add(p->fragments, p, &piece, protocol);
}

static bool skip_extension(struct parcel *p, uint8_t *protocol)
{
	if (p->data.len < 8)
		return false;
	const uint8_t *at = p->data.data;
	/* Authentication counts in other units: RFC 4302 2.2. */
	size_t len = *protocol == PROTOCOL_AUTHENTICATION
			 ? ((size_t)at[1] + 2) * 4
			 : ((size_t)at[1] + 1) * 8;
	*protocol = at[0];
	return parcel_take(p, len);
}

static enum layer read_extensions(struct parcel *p, uint8_t protocol)
{
	for (int i = 0; is_extension(protocol); i++) {
		if (i == EXTENSIONS_MAX)
			return DONE_BROKEN;
		if (protocol == PROTOCOL_FRAGMENT) {
			enum layer ended;
			if (!read_fragment(p, &protocol, &ended))
				return ended;
		} else if (!skip_extension(p, &protocol)) {
			return DONE_BROKEN;
		}
	}
	return layer_of_protocol(protocol);
}

static enum layer read_ipv4_fragment(struct parcel *p, const uint8_t *at)
{
	uint16_t place = be16(at + 6);
	uint8_t protocol = at[9];
	struct fragment piece = {.id = be16(at + 4),
				 .offset = (uint32_t)(place & IPV4_OFFSET) * 8,
				 .more = place & IPV4_MORE,
				 .protocol = protocol};
	/* Those of a datagram that nobody wants need not wait. */
	enum layer next = layer_of_protocol(protocol);
	if (p->quoted || next == LAYER_ICMP ||
	    (next == DONE_OTHER && protocol != PROTOCOL_AUTHENTICATION))
		return DONE_OTHER;
	if (!fragments_add(p->fragments, p, &piece, &protocol))
		return DONE_WAITING;
	return read_extensions(p, protocol);
}

/* 0 is the length of a jumbogram (RFC 2675), and of a packet that the network
 * card was to cut into pieces: the frame's length counts then. */
static void trim_to_length(struct parcel *p, size_t len)
{
	if (len)
		parcel_trim(p, len);
	else
		parcel_trim(p, p->data.len > OFFLOAD_MAX ? p->data.len
							 : OFFLOAD_MAX);
}

static enum layer read_ipv4(struct parcel *p)
{
	if (p->data.len < IPV4_MIN)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	size_t head = (size_t)(at[0] & 0x0f) * 4;
	size_t total = be16(at + 2);
	trim_to_length(p, total);
	if (head < IPV4_MIN || !parcel_take(p, head))
		return DONE_BROKEN;
	p->version = 4;
	p->addresses = at + 12;
	if (be16(at + 6) & (IPV4_MORE | IPV4_OFFSET))
		return read_ipv4_fragment(p, at);
	uint8_t protocol = at[9];
	return protocol == PROTOCOL_AUTHENTICATION
		   ? read_extensions(p, protocol)
		   : layer_of_protocol(protocol);
}

static enum layer read_ipv6(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, IPV6_LEN);
	if (!at)
		return DONE_BROKEN;
	trim_to_length(p, be16(at + 4));
	p->version = 6;
	p->addresses = at + 8;
	return read_extensions(p, at[6]);
}

/* The version counts, not what the layer below called it. */
enum layer read_ip(struct parcel *p)
{
	if (!p->data.len)
		return DONE_BROKEN;
	switch (p->data.data[0] >> 4) {
	case 4:
		return read_ipv4(p);
	case 6:
		return read_ipv6(p);
	default:
		return DONE_BROKEN;
	}
}

static void endpoint_fill(struct endpoint *e, const struct parcel *p,
			  size_t which, uint16_t port)
{
	size_t len = p->version == 4 ? 4 : 16;
	*e = (struct endpoint){.address.version = p->version, .port = port};
	memcpy(e->address.bytes, p->addresses + which * len, len);
}

/* What remains of p is the payload. */
static void packet_fill(struct parcel *p, enum packet_kind kind, uint16_t from,
			uint16_t to)
{
	struct packet *out = p->out;
	out->kind = kind;
	endpoint_fill(&out->from, p, 0, from);
	endpoint_fill(&out->to, p, 1, to);
	out->payload =
	    (struct slice){frame_home(p->frame, p->data.data), p->data.len};
	out->missing = (uint32_t)(p->wire - p->data.len);
	out->time = p->frame->time;
}

/* An ICMP error quotes the packet that it is about: IP header and eight bytes
 * at least (RFC 792, RFC 4443 3). */
enum layer read_icmp(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, ICMP_LEN);
	if (!at)
		return DONE_BROKEN;
	uint8_t type = at[0];
	bool error = p->version == 6
			 ? type < ICMPV6_ECHO
			 : type == ICMP_UNREACHABLE || type == ICMP_QUENCH ||
			       type == ICMP_REDIRECT || type == ICMP_EXCEEDED ||
			       type == ICMP_PARAMETER;
	if (!error || p->quoted)
		return DONE_OTHER;
	p->quoted = true;
	return LAYER_IP;
}

static enum layer read_quoted_tcp(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 8);
	if (!at)
		return DONE_OTHER;
	p->data.len = 0;
	packet_fill(p, PACKET_QUOTED, be16(at), be16(at + 2));
	return DONE_PACKET;
}

enum layer read_tcp(struct parcel *p)
{
	if (p->quoted)
		return read_quoted_tcp(p);
	const uint8_t *at = parcel_take(p, TCP_MIN);
	if (!at)
		return DONE_BROKEN;
	size_t head = (size_t)(at[12] >> 4) * 4;
	if (head < TCP_MIN || head - TCP_MIN > p->wire)
		return DONE_BROKEN;
	/* Nobody needs the options: they may be cut by the snap length. */
	size_t options = head - TCP_MIN;
	if (!parcel_take(p, options)) {
		p->wire -= options;
		p->data.len = 0;
	}
	packet_fill(p, PACKET_TCP, be16(at), be16(at + 2));
	p->out->seq = be32(at + 4);
	p->out->ack = be32(at + 8);
	p->out->flags = at[13];
	return DONE_PACKET;
}

enum layer read_udp(struct parcel *p)
{
	if (p->quoted)
		return DONE_OTHER;
	const uint8_t *at = parcel_take(p, UDP_LEN);
	if (!at)
		return DONE_BROKEN;
	size_t len = be16(at + 4);
	if (len && len < UDP_LEN)
		return DONE_BROKEN;
	if (len)
		parcel_trim(p, len - UDP_LEN);
	uint16_t from = be16(at);
	uint16_t to = be16(at + 2);
	packet_fill(p, PACKET_UDP, from, to);
	p->out->seq = p->out->ack = p->out->flags = 0;
	enum layer tunnel = tunnel_of_ports(from, to);
	p->datagram = tunnel != DONE_PACKET;
	return tunnel;
}
