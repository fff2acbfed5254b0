/* Link layers: what a capture file calls the link type, up to the header of
 * IP. PPP and its kin are in ppp.c, 802.11 in wifi.c. */
#include "layer.h"

/* EtherTypes (IEEE 802 Numbers, IANA), and GRE's use of them. */
#define TYPE_IPV4 0x0800
#define TYPE_TRANS_ETHER 0x6558 /* RFC 1701 */
#define TYPE_VLAN 0x8100        /* IEEE 802.1Q */
#define TYPE_IPV6 0x86dd
#define TYPE_PPP 0x880b /* RFC 2637 4.1 */
#define TYPE_MPLS 0x8847
#define TYPE_MPLS_MULTICAST 0x8848
#define TYPE_PPPOE 0x8864 /* RFC 2516 4 */
#define TYPE_QINQ 0x88a8  /* IEEE 802.1ad */
#define TYPE_ITAG 0x88e7  /* IEEE 802.1ah */
#define TYPE_VNTAG 0x8926 /* Cisco VN-Tag, IEEE 802.1BR */
#define TYPE_QINQ_1 0x9100
#define TYPE_QINQ_2 0x9200

#define ETHERNET_LEN 14
#define LENGTH_MAX 1500 /* below it the field is a length: IEEE 802.3 3.2.6 */
#define TYPE_MIN 0x0600

/* 802.2 service access points and what follows them (RFC 1042, RFC 2684). */
#define SAP_SNAP 0xaa
#define SAP_IP 0x06
#define LLC_UI 0x03
#define OUI_BRIDGED 0x0080c2
#define BRIDGED_ETHERNET_FCS 0x0001
#define BRIDGED_ETHERNET 0x0007

#define MPLS_BOTTOM 0x01 /* of the third byte: RFC 3032 2.1 */

#define PFLOG_MIN 4
#define SLL_LEN 16
#define SLL_LLC 0x0004 /* Linux' ETH_P_802_2 */
#define SLL2_LEN 20
#define PKTAP_MIN 12

#define NFLOG_PAYLOAD 9 /* NFULA_PAYLOAD of Linux' nfnetlink_log.h */
#define NFLOG_TYPE_MAX 0xff

#define TOKEN_RING_LEN 14
#define TOKEN_RING_LLC 0x40    /* frame type, the two top bits: 802.5 3.2.3 */
#define TOKEN_RING_ROUTED 0x80 /* first bit of the source address */
#define TOKEN_RING_ROUTE_LEN 0x1f

struct link {
	uint16_t type; /* LINKTYPE_, https://www.tcpdump.org/linktypes.html */
	uint8_t skip;  /* bytes of no interest before the layer */
	enum layer layer;
};

static const struct link links[] = {
    {0, 0, LAYER_FAMILY},        /* NULL */
    {1, 0, LAYER_ETHERNET},      /* ETHERNET */
    {6, 0, LAYER_TOKEN_RING},    /* IEEE802_5 */
    {9, 0, LAYER_PPP},           /* PPP */
    {10, 13, LAYER_LLC},         /* FDDI: frame control, addresses */
    {12, 0, LAYER_IP},           /* DLT_RAW of most systems */
    {14, 0, LAYER_IP},           /* DLT_RAW of OpenBSD */
    {50, 0, LAYER_PPP},          /* PPP_HDLC */
    {51, 0, LAYER_PPPOE},        /* PPP_ETHER */
    {100, 0, LAYER_LLC},         /* ATM_RFC1483 */
    {101, 0, LAYER_IP},          /* RAW */
    {104, 0, LAYER_CISCO_HDLC},  /* C_HDLC */
    {105, 0, LAYER_WIFI},        /* IEEE802_11 */
    {107, 0, LAYER_FRAME_RELAY}, /* FRELAY */
    {108, 0, LAYER_FAMILY},      /* LOOP */
    {109, 12, LAYER_IP},         /* ENC: family, SPI, flags */
    {113, 0, LAYER_SLL},         /* LINUX_SLL */
    {117, 0, LAYER_PFLOG},       /* PFLOG */
    {119, 0, LAYER_PRISM},       /* IEEE802_11_PRISM */
    {122, 16, LAYER_LLC},        /* IP_OVER_FC: addresses */
    {127, 0, LAYER_RADIOTAP},    /* IEEE802_11_RADIOTAP */
    {138, 16, LAYER_TYPE},       /* APPLE_IP_OVER_IEEE1394: addresses */
    {163, 0, LAYER_PRISM},       /* IEEE802_11_AVS */
    {192, 0, LAYER_PPI},         /* PPI */
    {204, 1, LAYER_PPP},         /* PPP_WITH_DIR: direction */
    {205, 1, LAYER_CISCO_HDLC},  /* C_HDLC_WITH_DIR */
    {206, 1, LAYER_FRAME_RELAY}, /* FRELAY_WITH_DIR */
    {219, 0, LAYER_MPLS},        /* MPLS */
    {226, 24, LAYER_IP},         /* IPNET: Solaris' header */
    {228, 0, LAYER_IP},          /* IPV4 */
    {229, 0, LAYER_IP},          /* IPV6 */
    {239, 0, LAYER_NFLOG},       /* NFLOG */
    {258, 0, LAYER_PKTAP},       /* PKTAP */
    {276, 0, LAYER_SLL2},        /* LINUX_SLL2 */
};

enum layer link_begin(struct parcel *p, uint32_t link_type)
{
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		if (links[i].type != link_type)
			continue;
		if (!parcel_take(p, links[i].skip))
			return DONE_BROKEN;
		return links[i].layer;
	}
	return DONE_UNKNOWN_LINK;
}

enum layer layer_of_type(uint16_t type)
{
	switch (type) {
	case TYPE_IPV4:
	case TYPE_IPV6:
		return LAYER_IP;
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_1:
	case TYPE_QINQ_2:
		return LAYER_VLAN;
	case TYPE_VNTAG:
		return LAYER_VNTAG;
	case TYPE_ITAG:
		return LAYER_ITAG;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST:
		return LAYER_MPLS;
	case TYPE_PPPOE:
		return LAYER_PPPOE;
	case TYPE_PPP:
		return LAYER_PPP;
	case TYPE_TRANS_ETHER:
		return LAYER_ETHERNET;
	default:
		return DONE_OTHER;
	}
}

/* A field of Ethernet that is an EtherType, or the length of an LLC frame. */
static enum layer type_or_length(struct parcel *p, uint16_t field)
{
	if (field >= TYPE_MIN)
		return layer_of_type(field);
	if (field > LENGTH_MAX)
		return DONE_OTHER;
	parcel_trim(p, field);
	return LAYER_LLC;
}

enum layer read_ethernet(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, ETHERNET_LEN);
	return at ? type_or_length(p, be16(at + 12)) : DONE_BROKEN;
}

enum layer read_vlan(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 4);
	return at ? type_or_length(p, be16(at + 2)) : DONE_BROKEN;
}

enum layer read_vntag(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 6);
	return at ? type_or_length(p, be16(at + 4)) : DONE_BROKEN;
}

/* IEEE 802.1ah: a service tag, then the customer's whole frame. */
enum layer read_itag(struct parcel *p)
{
	return parcel_take(p, 4) ? LAYER_ETHERNET : DONE_BROKEN;
}

enum layer read_type(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 2);
	return at ? layer_of_type(be16(at)) : DONE_BROKEN;
}

/* What OUI and number of SNAP name. */
static enum layer layer_of_snap(struct parcel *p, uint32_t oui, uint16_t number)
{
	if (oui != OUI_BRIDGED)
		return layer_of_type(number);
	if (number == BRIDGED_ETHERNET || number == BRIDGED_ETHERNET_FCS)
		return parcel_take(p, 2) ? LAYER_ETHERNET : DONE_BROKEN;
	return DONE_OTHER;
}

enum layer read_llc(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 3);
	if (!at)
		return DONE_BROKEN;
	if (at[0] == SAP_IP && at[1] == SAP_IP && at[2] == LLC_UI)
		return LAYER_IP;
	if (at[0] != SAP_SNAP || at[1] != SAP_SNAP || at[2] != LLC_UI)
		return DONE_OTHER;
	at = parcel_take(p, 5);
	if (!at)
		return DONE_BROKEN;
	return layer_of_snap(p, be32(at) >> 8, be16(at + 3));
}

/* Labels do not tell what they carry: IP shows its version, a pseudowire
 * (RFC 4448) may begin with a control word whose first bits are zero. */
enum layer read_mpls(struct parcel *p)
{
	const uint8_t *label;
	do {
		label = parcel_take(p, 4);
		if (!label)
			return DONE_BROKEN;
	} while (!(label[2] & MPLS_BOTTOM));
	uint8_t first = p->data.len ? p->data.data[0] >> 4 : 0;
	if (first == 4 || first == 6)
		return LAYER_IP;
	if (first == 0 && !parcel_take(p, 4))
		return DONE_BROKEN;
	return LAYER_ETHERNET;
}

/* In the byte order of the system that captured. */
enum layer read_family(struct parcel *p)
{
	/* BSD and all others; IPv6 of Linux, Windows, OpenBSD and NetBSD,
	 * FreeBSD, macOS. */
	static const uint8_t families[] = {2, 10, 23, 24, 28, 30};
	const uint8_t *at = parcel_take(p, 4);
	if (!at)
		return DONE_BROKEN;
	for (size_t i = 0; i < sizeof families; i++)
		if (be32(at) == families[i] || le32(at) == families[i])
			return LAYER_IP;
	return DONE_OTHER;
}

enum layer read_pflog(struct parcel *p)
{
	size_t len = p->data.len ? p->data.data[0] : 0;
	if (len < PFLOG_MIN || !parcel_take(p, (len + 3) & ~(size_t)3))
		return DONE_BROKEN;
	return LAYER_IP;
}

/* Attributes, length and type in the byte order of the system that captured;
 * one of them is the packet. */
enum layer read_nflog(struct parcel *p)
{
	if (!parcel_take(p, 4)) /* family, version, resource */
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	bool little = p->data.len >= 4 && le16(at + 2) <= NFLOG_TYPE_MAX;
	while ((at = parcel_take(p, 4))) {
		size_t len = little ? le16(at) : be16(at);
		uint16_t type = little ? le16(at + 2) : be16(at + 2);
		if (len < 4)
			return DONE_BROKEN;
		if (type == NFLOG_PAYLOAD) {
			parcel_trim(p, len - 4);
			return LAYER_IP;
		}
		if (!parcel_take(p, ((len + 3) & ~(size_t)3) - 4))
			return DONE_BROKEN;
	}
	return DONE_OTHER;
}

enum layer read_token_ring(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, TOKEN_RING_LEN);
	if (!at)
		return DONE_BROKEN;
	if ((at[1] & 0xc0) != TOKEN_RING_LLC)
		return DONE_OTHER;
	if (at[8] & TOKEN_RING_ROUTED) {
		size_t len =
		    p->data.len ? p->data.data[0] & TOKEN_RING_ROUTE_LEN : 0;
		if (len < 2 || !parcel_take(p, len))
			return DONE_BROKEN;
	}
	return LAYER_LLC;
}

enum layer read_sll(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, SLL_LEN);
	if (!at)
		return DONE_BROKEN;
	uint16_t type = be16(at + 14);
	return type == SLL_LLC ? LAYER_LLC : layer_of_type(type);
}

enum layer read_sll2(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, SLL2_LEN);
	if (!at)
		return DONE_BROKEN;
	uint16_t type = be16(at);
	return type == SLL_LLC ? LAYER_LLC : layer_of_type(type);
}

/* Apple's: a header that tells its length and the link type behind it. */
enum layer read_pktap(struct parcel *p)
{
	if (p->data.len < PKTAP_MIN)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	uint32_t len = le32(at);
	if (len < PKTAP_MIN || !parcel_take(p, len))
		return DONE_BROKEN;
	return link_begin(p, le32(at + 8));
}
