/* One side of a connection: notes its segments, puts them in order at the end.
 * Belongs to flow.c; the rules for overlaps and gaps are here. */
#ifndef CAPTURE_ASSEMBLE_H
#define CAPTURE_ASSEMBLE_H

#include "flow.h"

struct half {
	struct piece *segments; /* as they came */
	uint32_t count, cap;
	uint32_t start;  /* sequence number of the first byte, if known */
	uint32_t next;   /* behind the highest byte seen */
	uint32_t lowest; /* of any payload */
	uint32_t ahead;  /* highest sequence number of a segment without bytes,
			    or acknowledged by the other side */
	uint32_t acked;  /* highest acknowledgement that this side sent */
	uint32_t stray;  /* segments outside any window */
	bool start_known, seen, ahead_known, acked_known;
	bool syn, fin, reset;
	bool conflict;
};

/* Takes what a segment's header says of its sender h and of the other side. */
void half_note(struct half *h, struct half *other, const struct packet *p);

/* Keeps the payload. False if there was nothing new in it. */
bool half_keep(struct half *h, const struct half *other,
	       const struct packet *p);

/* Begins to bring near the payload that was kept, or the list of it. */
void half_expect(const struct half *h);
void half_expect_list(const struct half *h);

/* The stream that the segments make, its pieces on the shelf; takes them, and
 * leaves h empty. other is only looked at for whether it reset the connection.
 */
struct stream half_assemble(struct half *h, const struct half *other,
			    struct shelf *shelf);

void half_release(struct half *h);

#endif
