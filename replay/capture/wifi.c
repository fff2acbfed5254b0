/* IEEE 802.11 frames and the headers that capture programs put before them. */
#include "layer.h"

/* Frame control (IEEE 802.11-2020 9.2.4.1), first byte: */
#define TYPE_MASK 0x0f /* version and type */
#define TYPE_DATA 0x08
#define SUBTYPE_QOS 0x80
#define SUBTYPE_NULL 0x40 /* no data */
/* second byte: */
#define TO_DS 0x01
#define FROM_DS 0x02
#define PROTECTED 0x40
#define ORDER 0x80

#define HEADER_LEN 24
#define ADDRESS_LEN 6
#define QOS_LEN 2
#define HT_LEN 4
#define QOS_AMSDU 0x80

#define SUBFRAME_LEN 14 /* addresses, length: 9.3.2.2.2 */
#define SUBFRAME_ALIGN 4

/* https://www.radiotap.org/fields/defined */
#define RADIOTAP_MIN 8
#define RADIOTAP_TSFT 0x00000001u
#define RADIOTAP_FLAGS 0x00000002u
#define RADIOTAP_MORE 0x80000000u /* another word of these follows */
#define RADIOTAP_TSFT_LEN 8
#define FLAG_PADDED 0x20 /* the header is padded to a multiple of 4 */

#define AVS_MAGIC 0x80211000u /* and a version in the last four bits */
#define AVS_MIN 8
#define PRISM_LEN 144

#define PPI_MIN 8

/* The length of the 802.11 header, from its first bytes. */
static size_t header_len(const uint8_t *at)
{
	size_t len = HEADER_LEN;
	if ((at[1] & (TO_DS | FROM_DS)) == (TO_DS | FROM_DS))
		len += ADDRESS_LEN;
	if (at[0] & SUBTYPE_QOS) {
		len += QOS_LEN;
		if (at[1] & ORDER)
			len += HT_LEN;
	}
	return len;
}

static bool is_amsdu(const uint8_t *at, size_t len)
{
	if (!(at[0] & SUBTYPE_QOS))
		return false;
	size_t qos = len - QOS_LEN - (at[1] & ORDER ? HT_LEN : 0);
	return at[qos] & QOS_AMSDU;
}

/* padded: some chips align what follows the header. */
static enum layer frame_read(struct parcel *p, bool padded)
{
	if (p->data.len < 2)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	if ((at[0] & TYPE_MASK) != TYPE_DATA || at[0] & SUBTYPE_NULL ||
	    at[1] & PROTECTED)
		return DONE_OTHER;
	size_t len = header_len(at);
	if (!parcel_take(p, padded ? (len + 3) & ~(size_t)3 : len))
		return DONE_BROKEN;
	if (!is_amsdu(at, len))
		return LAYER_LLC;
	p->subframes = p->data;
	return LAYER_AMSDU;
}

enum layer read_wifi(struct parcel *p)
{
	return frame_read(p, false);
}

/* One subframe is read now; the others stay in p->subframes. */
enum layer read_amsdu(struct parcel *p)
{
	const uint8_t *at = parcel_take(p, SUBFRAME_LEN);
	if (!at) {
		p->subframes.len = 0;
		return DONE_BROKEN;
	}
	size_t len = be16(at + 12);
	size_t padded = (SUBFRAME_LEN + len + SUBFRAME_ALIGN - 1) &
			~(size_t)(SUBFRAME_ALIGN - 1);
	p->subframes = slice_from(p->subframes, padded);
	parcel_trim(p, len);
	return LAYER_LLC;
}

/* The flags among the fields of a radiotap header, 0 if not told. */
static uint8_t radiotap_flags(struct slice header)
{
	uint32_t present = le32(header.data + 4);
	size_t at = 4;
	do {
		at += 4;
		if (at + 4 > header.len)
			break;
	} while (le32(header.data + at - 4) & RADIOTAP_MORE);
	if (!(present & RADIOTAP_FLAGS))
		return 0;
	if (present & RADIOTAP_TSFT) /* aligned to its length */
		at = (at + RADIOTAP_TSFT_LEN - 1) / RADIOTAP_TSFT_LEN *
			 RADIOTAP_TSFT_LEN +
		     RADIOTAP_TSFT_LEN;
	return at < header.len ? header.data[at] : 0;
}

enum layer read_radiotap(struct parcel *p)
{
	if (p->data.len < RADIOTAP_MIN)
		return DONE_BROKEN;
	size_t len = le16(p->data.data + 2);
	struct slice header = slice_to(p->data, len);
	if (len < RADIOTAP_MIN || !parcel_take(p, len))
		return DONE_BROKEN;
	return frame_read(p, radiotap_flags(header) & FLAG_PADDED);
}

enum layer read_prism(struct parcel *p)
{
	if (p->data.len < AVS_MIN)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	bool avs = (be32(at) & 0xfffffff0u) == AVS_MAGIC;
	size_t len = avs ? be32(at + 4) : PRISM_LEN;
	if (len < AVS_MIN || !parcel_take(p, len))
		return DONE_BROKEN;
	return LAYER_WIFI;
}

/* Per-Packet Information: a header that tells its length and the link type
 * behind it. */
enum layer read_ppi(struct parcel *p)
{
	if (p->data.len < PPI_MIN)
		return DONE_BROKEN;
	const uint8_t *at = p->data.data;
	size_t len = le16(at + 2);
	if (len < PPI_MIN || !parcel_take(p, len))
		return DONE_BROKEN;
	return link_begin(p, le32(at + 4));
}
