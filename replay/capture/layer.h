/* What of a frame is still to be read, and the layers it may be. Private to
 * packet.c and the files that read one layer each. */
#ifndef CAPTURE_LAYER_H
#define CAPTURE_LAYER_H

#include "packet.h"

/* The layer that follows, or how the frame ended. */
enum layer {
	LAYER_ETHERNET, /* from the addresses on */
	LAYER_VLAN,     /* from behind the EtherType on; so all that follow */
	LAYER_VNTAG,
	LAYER_ITAG,
	LAYER_TYPE, /* an EtherType and what it names */
	LAYER_LLC,
	LAYER_MPLS,
	LAYER_PPPOE,
	LAYER_PPP,
	LAYER_CISCO_HDLC,
	LAYER_FRAME_RELAY,
	LAYER_FAMILY, /* an address family in four bytes, then IP */
	LAYER_PFLOG,
	LAYER_NFLOG,
	LAYER_TOKEN_RING,
	LAYER_SLL,
	LAYER_SLL2,
	LAYER_WIFI,
	LAYER_AMSDU, /* subframes of an 802.11 frame */
	LAYER_RADIOTAP,
	LAYER_PRISM, /* or AVS */
	LAYER_PPI,
	LAYER_PKTAP,
	LAYER_IP, /* of either version */
	LAYER_GRE,
	LAYER_ICMP,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_VXLAN,
	LAYER_GENEVE,
	LAYER_GTP,
	LAYER_TEREDO,
	LAYERS, /* how many */

	DONE_PACKET = LAYERS, /* out is filled */
	DONE_WAITING,         /* a fragment, kept until the others come */
	DONE_OTHER,           /* see struct packet_counts */
	DONE_BROKEN,
	DONE_UNKNOWN_LINK,
};

struct fragments;

/* A frame being read: a parcel within parcels. */
struct parcel {
	struct slice data; /* from the layer at hand to the captured end */
	size_t wire;       /* how long that was on the wire, >= data.len */
	/* Of the innermost IP header so far: source, then destination. */
	const uint8_t *addresses;
	uint8_t version; /* of IP */
	bool datagram;   /* out is a UDP datagram, to hand out if what it
			    carries turns out not to be a tunnel */
	bool quoted;     /* it is the beginning of a packet, in an ICMP error */
	struct packet *out;
	/* What remains of an 802.11 frame that carries several packets. */
	struct slice subframes;
	const struct frame *frame;
	struct fragments *fragments;
	struct packet_counts *counts;
};

/* Steps over the next n bytes and returns their place; NULL if they were not
 * captured. */
static inline const uint8_t *parcel_take(struct parcel *p, size_t n)
{
	if (n > p->data.len)
		return NULL;
	const uint8_t *at = p->data.data;
	p->data.data += n;
	p->data.len -= n;
	p->wire -= n;
	return at;
}

/* Cuts off what a length field says is no part of the layer (padding, frame
 * check sequence). One that says more than there was is not believed. */
static inline void parcel_trim(struct parcel *p, size_t len)
{
	if (len >= p->wire)
		return;
	p->wire = len;
	if (p->data.len > len)
		p->data.len = len;
}

static inline uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static inline uint16_t le16(const uint8_t *at)
{
	return (uint16_t)(at[1] << 8 | at[0]);
}

static inline uint32_t le32(const uint8_t *at)
{
	return (uint32_t)le16(at + 2) << 16 | le16(at);
}

/* link.c */
enum layer link_begin(struct parcel *p, uint32_t link_type);
/* The layer that an EtherType names; DONE_OTHER if none read here. */
enum layer layer_of_type(uint16_t type);
enum layer read_ethernet(struct parcel *p);
enum layer read_vlan(struct parcel *p);
enum layer read_vntag(struct parcel *p);
enum layer read_itag(struct parcel *p);
enum layer read_type(struct parcel *p);
enum layer read_llc(struct parcel *p);
enum layer read_mpls(struct parcel *p);
enum layer read_family(struct parcel *p);
enum layer read_pflog(struct parcel *p);
enum layer read_nflog(struct parcel *p);
enum layer read_token_ring(struct parcel *p);
enum layer read_sll(struct parcel *p);
enum layer read_sll2(struct parcel *p);
enum layer read_pktap(struct parcel *p);

/* ppp.c */
enum layer read_pppoe(struct parcel *p);
enum layer read_ppp(struct parcel *p);
enum layer read_cisco_hdlc(struct parcel *p);
enum layer read_frame_relay(struct parcel *p);

/* wifi.c */
enum layer read_wifi(struct parcel *p);
enum layer read_amsdu(struct parcel *p);
enum layer read_radiotap(struct parcel *p);
enum layer read_prism(struct parcel *p);
enum layer read_ppi(struct parcel *p);

/* ip.c */
enum layer read_ip(struct parcel *p);
enum layer read_icmp(struct parcel *p);
enum layer read_tcp(struct parcel *p);
enum layer read_udp(struct parcel *p);

/* tunnel.c */
enum layer read_gre(struct parcel *p);
enum layer read_vxlan(struct parcel *p);
enum layer read_geneve(struct parcel *p);
enum layer read_gtp(struct parcel *p);
enum layer read_teredo(struct parcel *p);
/* The tunnel that UDP between these ports may be; DONE_PACKET if none. */
enum layer tunnel_of_ports(uint16_t from, uint16_t to);

#endif
