/* PPP, over Ethernet too, and the serial links of its time: Cisco HDLC and
 * frame relay. */
#include "layer.h"

#define PPPOE_LEN 6
#define PPPOE_VERSION 0x11 /* and type: RFC 2516 4 */
#define PPPOE_SESSION 0x00 /* code */

#define PPP_ADDRESS 0xff /* RFC 1662 3.1 */
#define PPP_CONTROL 0x03
/* PPP numbers, IANA. */
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281
#define PPP_MPLS_MULTICAST 0x0283

/* The address byte of Cisco HDLC, which some files call PPP. */
#define CISCO_UNICAST 0x0f
#define CISCO_MULTICAST 0x8f
#define CISCO_HDLC_LEN 4

#define RELAY_LAST 0x01 /* in the last byte of an address: Q.922 3.3.1 */
#define RELAY_ADDRESS_MAX 4
#define RELAY_UI 0x03
/* RFC 2427. */
#define NLPID_SNAP 0x80
#define NLPID_IPV4 0xcc
#define NLPID_IPV6 0x8e

enum layer read_pppoe(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, PPPOE_LEN);
	if (!at)
		return DONE_BROKEN;
	if (at[0] != PPPOE_VERSION || at[1] != PPPOE_SESSION)
		return DONE_OTHER;
	parcel_trim(p, be16(at + 4));
	return LAYER_PPP;
}

static enum layer layer_of_ppp(uint16_t protocol)
{
	switch (protocol) {
	case PPP_IPV4:
	case PPP_IPV6:
		return LAYER_IP;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return LAYER_MPLS;
	default:
		return DONE_OTHER;
	}
}

/* Address and control may be left out, the protocol may be one byte, which is
 * then odd (RFC 1661 6.5, 6.6). */
enum layer read_ppp(struct parcel *p)
{
	if (p->data.len < 2)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	if ((at[0] == CISCO_UNICAST || at[0] == CISCO_MULTICAST) && !at[1])
		return LAYER_CISCO_HDLC;
	if (at[0] == PPP_ADDRESS && at[1] == PPP_CONTROL)
		parcel_take(p, 2);
	at = parcel_take(p, 1);
	if (!at)
		return DONE_BROKEN;
	if (at[0] & 1)
		return layer_of_ppp(at[0]);
	if (!parcel_take(p, 1))
		return DONE_BROKEN;
	return layer_of_ppp(be16(at));
}

enum layer read_cisco_hdlc(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, CISCO_HDLC_LEN);
	return at ? layer_of_type(be16(at + 2)) : DONE_BROKEN;
}

static enum layer read_nlpid(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, 1);
	if (at && *at == 0) /* padding: RFC 2427 3 */
		at = parcel_take(p, 1);
	if (!at)
		return DONE_BROKEN;
	if (*at == NLPID_IPV4 || *at == NLPID_IPV6)
		return LAYER_IP;
	if (*at != NLPID_SNAP)
		return DONE_OTHER;
	return parcel_take(p, 3) ? LAYER_TYPE : DONE_BROKEN;
}

/* RFC 2427, or Cisco's way: the address and an EtherType. */
enum layer read_frame_relay(struct parcel *p)
{
	const uint8_t *at;
	size_t len = 0;
	do {
		at = parcel_take(p, 1);
		if (!at || ++len > RELAY_ADDRESS_MAX)
			return DONE_BROKEN;
	} while (!(*at & RELAY_LAST));
	if (!p->data.len)
		return DONE_BROKEN;
	if (p->data.data[0] != RELAY_UI)
		return LAYER_TYPE;
	parcel_take(p, 1);
	return read_nlpid(p);
}
