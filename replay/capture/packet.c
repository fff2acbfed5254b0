/* Frames become packets: walks the layers of each frame, one reader a layer,
 * until a TCP segment or a UDP datagram is left. */
#include "packet.h"

#include "fragments.h"
#include "layer.h"

#include <stdlib.h>

#define DEPTH_MAX 16 /* layers in one frame, tunnels included */

struct packets {
	struct source *source; /* borrowed */
	struct frame frame;
	struct parcel parcel;
	struct fragments *fragments;
	struct packet_counts counts;
};

static enum layer (*const readers[LAYERS])(struct parcel *) = {
    [LAYER_ETHERNET] = read_ethernet,
    [LAYER_VLAN] = read_vlan,
    [LAYER_VNTAG] = read_vntag,
    [LAYER_ITAG] = read_itag,
    [LAYER_TYPE] = read_type,
    [LAYER_LLC] = read_llc,
    [LAYER_MPLS] = read_mpls,
    [LAYER_PPPOE] = read_pppoe,
    [LAYER_PPP] = read_ppp,
    [LAYER_CISCO_HDLC] = read_cisco_hdlc,
    [LAYER_FRAME_RELAY] = read_frame_relay,
    [LAYER_FAMILY] = read_family,
    [LAYER_PFLOG] = read_pflog,
    [LAYER_NFLOG] = read_nflog,
    [LAYER_TOKEN_RING] = read_token_ring,
    [LAYER_SLL] = read_sll,
    [LAYER_SLL2] = read_sll2,
    [LAYER_WIFI] = read_wifi,
    [LAYER_AMSDU] = read_amsdu,
    [LAYER_RADIOTAP] = read_radiotap,
    [LAYER_PRISM] = read_prism,
    [LAYER_PPI] = read_ppi,
    [LAYER_PKTAP] = read_pktap,
    [LAYER_IP] = read_ip,
    [LAYER_GRE] = read_gre,
    [LAYER_ICMP] = read_icmp,
    [LAYER_TCP] = read_tcp,
    [LAYER_UDP] = read_udp,
    [LAYER_VXLAN] = read_vxlan,
    [LAYER_GENEVE] = read_geneve,
    [LAYER_GTP] = read_gtp,
    [LAYER_TEREDO] = read_teredo,
};

struct packets *packets_new(struct source *source, struct spool *spool)
{
	struct packets *p = xcalloc(1, sizeof *p);
	p->source = source;
	p->fragments = fragments_new(source, spool, &p->counts);
	p->parcel.frame = &p->frame;
	p->parcel.fragments = p->fragments;
	return p;
}

/* Reads layer after layer; a frame of more than DEPTH_MAX is broken. */
static enum layer parcel_read(struct parcel *p, enum layer layer)
{
	for (int depth = 0; depth < DEPTH_MAX && layer < LAYERS; depth++)
		layer = readers[layer](p);
	if (layer < LAYERS)
		layer = DONE_BROKEN;
	return p->datagram && layer != DONE_WAITING ? DONE_PACKET : layer;
}

/* Begins what is next: a further part of the frame at hand, or a frame. */
static bool parcel_begin(struct packets *p, enum layer *layer)
{
	struct parcel *parcel = &p->parcel;
	parcel->datagram = parcel->quoted = false;
	if (parcel->subframes.len) {
		parcel->data = parcel->subframes;
		parcel->wire = parcel->subframes.len;
		*layer = LAYER_AMSDU;
		return true;
	}
	if (!source_next(p->source, &p->frame))
		return false;
	parcel->data = p->frame.data;
	parcel->wire = p->frame.wire_len;
	*layer = link_begin(parcel, p->frame.link_type);
	return true;
}

/* DONE_WAITING was counted as a fragment. */
static void count_loss(struct packet_counts *counts, enum layer end)
{
	counts->other += end == DONE_OTHER;
	counts->broken += end == DONE_BROKEN;
	counts->link_types += end == DONE_UNKNOWN_LINK;
}

bool packets_next(struct packets *p, struct packet *out)
{
	enum layer layer;
	p->parcel.out = out;
	while (parcel_begin(p, &layer)) {
		layer = parcel_read(&p->parcel, layer);
		if (layer != DONE_PACKET) {
			count_loss(&p->counts, layer);
			continue;
		}
		p->counts.tcp += out->kind == PACKET_TCP;
		p->counts.udp += out->kind == PACKET_UDP;
		p->counts.other += out->kind == PACKET_QUOTED;
		return true;
	}
	fragments_end(p->fragments);
	return false;
}

const struct packet_counts *packets_counts(const struct packets *p)
{
	return &p->counts;
}

void packets_free(struct packets *p)
{
	if (!p)
		return;
	fragments_free(p->fragments);
	free(p);
}
