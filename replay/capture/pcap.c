/* Walks the records of a pcap file (draft-ietf-opsawg-pcap). */
#include "walk.h"

#define FILE_HEAD 24
#define RECORD_HEAD 16
/* Kuznetzov's patched libpcap adds interface, protocol and packet type. */
#define RECORD_HEAD_MODIFIED 24

struct flavour {
	uint32_t magic;
	uint8_t head;
	uint16_t tick;
};

static const struct flavour flavours[] = {
    {0xa1b2c3d4, RECORD_HEAD, 1000},
    {0xa1b23c4d, RECORD_HEAD, 1},
    {0xa1b2cd34, RECORD_HEAD_MODIFIED, 1000},
};

static const struct flavour *flavour_find(struct slice bytes, bool *swapped)
{
	uint32_t magic;
	if (bytes.len < sizeof magic)
		return NULL;
	memcpy(&magic, bytes.data, sizeof magic);
	for (size_t i = 0; i < sizeof flavours / sizeof *flavours; i++) {
		*swapped = magic == __builtin_bswap32(flavours[i].magic);
		if (*swapped || magic == flavours[i].magic)
			return &flavours[i];
	}
	return NULL;
}

bool pcap_begins(struct slice bytes)
{
	bool swapped;
	return flavour_find(bytes, &swapped) != NULL;
}

static bool pcap_next_frame(struct capture *c, struct frame *f)
{
	size_t left = c->view.file.len - c->at;
	if (left < c->head)
		return left ? capture_cut(c) : false;
	const uint8_t *at = view_bytes(&c->view, c->at, c->head);
	uint32_t captured = walk_u32(c, at + 8);
	uint32_t wire = walk_u32(c, at + 12);
	if (captured > WALK_RECORD_MAX)
		return capture_corrupt(c, "a record's length is beyond reason");
	if (captured > left - c->head)
		return capture_cut(c);
	at = view_bytes(&c->view, c->at, c->head + captured);
	f->data = (struct slice){at + c->head, captured};
	f->wire_len = wire > captured ? wire : captured;
	f->link_type = c->link_type;
	f->time = walk_u32(c, at) * INT64_C(1000000000) +
		  walk_u32(c, at + 4) * c->tick;
	c->at += c->head + captured;
	c->frames++;
	return true;
}

bool pcap_open(struct capture *c)
{
	const struct flavour *flavour = flavour_find(c->view.file, &c->swapped);
	if (!flavour || c->view.file.len < FILE_HEAD)
		return false;
	c->head = flavour->head;
	c->tick = flavour->tick;
	/* The upper half holds the length of the frame check sequence. */
	c->link_type = (uint16_t)walk_u32(c, c->view.file.data + 20);
	c->at = FILE_HEAD;
	c->next = pcap_next_frame;
	return true;
}
