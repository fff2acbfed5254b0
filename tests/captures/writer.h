/* Writes frames as a pcap or pcapng file. */
#ifndef CAPTURES_WRITER_H
#define CAPTURES_WRITER_H

#include "str.h"

#include <stdbool.h>
#include <stdio.h>

/* LINKTYPE_ numbers, https://www.tcpdump.org/linktypes.html */
#define LINK_NULL 0
#define LINK_ETHERNET 1
#define LINK_PPP 9
#define LINK_RAW 101
#define LINK_80211 105
#define LINK_LOOP 108
#define LINK_SLL 113
#define LINK_RADIOTAP 127
#define LINK_SLL2 276

#define WRITER_LINKS 16 /* interfaces of one pcapng section, at most */

/* Set the first members before the first frame; what is zero is the default:
 * pcap, little-endian, microseconds, whole frames. */
struct writer {
	FILE *file;
	bool pcapng;
	bool big_endian;
	bool nano;
	uint32_t snap; /* bytes kept of a frame, 0: all */

	uint64_t written; /* bytes so far */
	struct str block;
	uint16_t links[WRITER_LINKS]; /* of the section's interfaces */
	unsigned interfaces;
	bool begun;
};

/* A pcap file has the link type of its first frame; a pcapng file gets an
 * interface for each link type. time: nanoseconds since the epoch. */
void writer_frame(struct writer *w, uint16_t link, int64_t time,
		  const void *data, size_t len);

/* pcapng only: what follows is a new section, in the other byte order if so
 * asked. */
void writer_section(struct writer *w, bool big_endian);

/* pcapng only: a block whose type nobody knows, to be skipped. */
void writer_unknown_block(struct writer *w);

/* pcapng only: a frame in a simple packet block, without a time, on the
 * section's first interface, which must be of Ethernet. */
void writer_simple_frame(struct writer *w, const void *data, size_t len);

/* Flushes; fails if anything could not be written. */
void writer_end(struct writer *w);

#endif
