/* IP fragments waiting for each other. Private to packet.c and ip.c. */
#ifndef CAPTURE_FRAGMENTS_H
#define CAPTURE_FRAGMENTS_H

#include "layer.h"

/* One fragment of a datagram, as its header tells. */
struct fragment {
	uint32_t id;
	uint32_t offset;  /* bytes, a multiple of 8 */
	bool more;        /* others follow it in the datagram */
	uint8_t protocol; /* of what the datagram carries */
};

struct fragments;

/* Borrows what is needed to put datagrams together; counts unfinished. */
struct fragments *fragments_new(const struct source *source,
				struct spool *spool,
				struct packet_counts *counts);

/* Notes the fragment whose bytes are p->data. If that completes a datagram,
 * p->data becomes its bytes, *protocol what it carries, and true is
 * returned. */
bool fragments_add(struct fragments *f, struct parcel *p,
		   const struct fragment *piece, uint8_t *protocol);

/* At the end of the recording: those that still wait are unfinished. */
void fragments_end(struct fragments *f);
void fragments_free(struct fragments *f);

#endif
