/* Tunnels: GRE over IP, and those that look like UDP datagrams. Reserved bits
 * are ignored, as receivers must. What proves such a tunnel is the packet that
 * comes out of it: see parcel.datagram. */
#include "layer.h"

/* GRE: RFC 2784, RFC 2890, RFC 1701; version 1 in RFC 2637 4.1. */
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_ACKNOWLEDGE 0x0080 /* version 1 */
#define GRE_VERSION 0x0007
/* Mirrored Ethernet frames (draft-foschiano-erspan). */
#define TYPE_ERSPAN 0x88be
#define TYPE_ERSPAN_3 0x22eb
#define ERSPAN_LEN 8
#define ERSPAN_3_LEN 12
#define ERSPAN_3_OPTION 0x01 /* of the last byte: 8 more follow */

#define PORT_VXLAN 4789 /* RFC 7348 */
#define PORT_VXLAN_LINUX 8472
#define PORT_GENEVE 6081   /* RFC 8926 */
#define PORT_GTP_USER 2152 /* 3GPP TS 29.281 */
#define PORT_TEREDO 3544   /* RFC 4380 */

#define VXLAN_LEN 8
#define VXLAN_IDENTIFIED 0x08 /* the flag I */

#define GENEVE_LEN 8
#define GENEVE_OPTIONS 0x3f /* with version 0 before them; in words */

#define GTP_LEN 8
#define GTP_VERSION 0x30 /* version 1, protocol GTP */
#define GTP_VERSION_MASK 0xf8
#define GTP_OPTIONAL 0x07 /* any of these flags: four bytes more */
#define GTP_EXTENSION 0x04
#define GTP_DATA 0xff /* message type */
#define GTP_EXTENSIONS_MAX 8

#define TEREDO_ORIGIN_LEN 8
#define TEREDO_AUTH_LEN 13 /* and identifier and authentication value */

/* Source routes end by an empty one. */
static bool skip_routes(struct parcel *p)
{
	const uint8_t *at;
	while ((at = parcel_take(p, 4))) {
		if (!at[3])
			return be16(at) == 0;
		if (!parcel_take(p, at[3]))
			return false;
	}
	return false;
}

static size_t gre_options(uint16_t flags)
{
	return (flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0) +
	       (flags & GRE_KEY ? 4 : 0) + (flags & GRE_SEQUENCE ? 4 : 0);
}

static enum layer read_erspan_3(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, ERSPAN_3_LEN);
	if (!at)
		return DONE_BROKEN;
	if (at[ERSPAN_3_LEN - 1] & ERSPAN_3_OPTION && !parcel_take(p, 8))
		return DONE_BROKEN;
	return LAYER_ETHERNET;
}

/* PPTP's: the key holds the length, and may stand alone to acknowledge. */
static enum layer read_gre_1(struct parcel *p, uint16_t flags, uint16_t type)
{
	const uint8_t *key = parcel_take(p, 4);
	if (!key)
		return DONE_BROKEN;
	if (!(flags & GRE_SEQUENCE))
		return DONE_OTHER;
	if (!parcel_take(p, flags & GRE_ACKNOWLEDGE ? 8 : 4))
		return DONE_BROKEN;
	parcel_trim(p, be16(key));
	return layer_of_type(type);
}

enum layer read_gre(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 4);
	if (!at)
		return DONE_BROKEN;
	uint16_t flags = be16(at);
	uint16_t type = be16(at + 2);
	if ((flags & GRE_VERSION) == 1)
		return read_gre_1(p, flags, type);
	if (flags & GRE_VERSION)
		return DONE_OTHER;
	if (!parcel_take(p, gre_options(flags)) ||
	    (flags & GRE_ROUTING && !skip_routes(p)))
		return DONE_BROKEN;
	if (type == TYPE_ERSPAN_3)
		return read_erspan_3(p);
	if (type != TYPE_ERSPAN)
		return layer_of_type(type);
	/* Type I has neither a number nor a header. */
	if (flags & GRE_SEQUENCE && !parcel_take(p, ERSPAN_LEN))
		return DONE_BROKEN;
	return LAYER_ETHERNET;
}

static enum layer tunnel_of_port(uint16_t port)
{
	switch (port) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
		return LAYER_VXLAN;
	case PORT_GENEVE:
		return LAYER_GENEVE;
	case PORT_GTP_USER:
		return LAYER_GTP;
	case PORT_TEREDO:
		return LAYER_TEREDO;
	default:
		return DONE_PACKET;
	}
}

enum layer tunnel_of_ports(uint16_t from, uint16_t to)
{
	enum layer tunnel = tunnel_of_port(to);
	return tunnel != DONE_PACKET ? tunnel : tunnel_of_port(from);
}

enum layer read_vxlan(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, VXLAN_LEN);
	return at && at[0] & VXLAN_IDENTIFIED ? LAYER_ETHERNET : DONE_OTHER;
}

enum layer read_geneve(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, GENEVE_LEN);
	if (!at || at[0] & ~GENEVE_OPTIONS)
		return DONE_OTHER;
	if (!parcel_take(p, (size_t)at[0] * 4))
		return DONE_OTHER;
	return layer_of_type(be16(at + 2));
}

/* Each tells its length in words and what follows it. */
static bool skip_gtp_extensions(struct parcel *p, uint8_t next)
{
	for (int i = 0; next; i++) {
		size_t len = p->data.len ? (size_t)p->data.data[0] * 4 : 0;
		if (!len || i == GTP_EXTENSIONS_MAX)
			return false;
		const uint8_t *at = parcel_take(p, len);
		if (!at)
			return false;
		next = at[len - 1];
	}
	return true;
}

enum layer read_gtp(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, GTP_LEN);
	if (!at || (at[0] & GTP_VERSION_MASK) != GTP_VERSION ||
	    at[1] != GTP_DATA || be16(at + 2) > p->wire)
		return DONE_OTHER;
	parcel_trim(p, be16(at + 2));
	if (at[0] & GTP_OPTIONAL) {
		const uint8_t *more = parcel_take(p, 4);
		if (!more)
			return DONE_OTHER;
		if (at[0] & GTP_EXTENSION && !skip_gtp_extensions(p, more[3]))
			return DONE_OTHER;
	}
	return LAYER_IP;
}

/* Indicators may stand before the packet: RFC 4380 5.1.1. */
enum layer read_teredo(struct parcel *p)
{
	if (p->data.len >= 4 && be16(p->data.data) == 0x0001) {
		const uint8_t *at = p->data.data;
		if (!parcel_take(p, TEREDO_AUTH_LEN + (size_t)at[2] + at[3]))
			return DONE_OTHER;
	}
	if (p->data.len >= 2 && be16(p->data.data) == 0x0000 &&
	    !parcel_take(p, TEREDO_ORIGIN_LEN))
		return DONE_OTHER;
	bool ipv6 = p->data.len && p->data.data[0] >> 4 == 6;
	return ipv6 ? LAYER_IP : DONE_OTHER;
}
