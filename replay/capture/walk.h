/* One capture file of a source, and the walkers over its records. Private to
 * source.c, pcap.c and pcapng.c. */
#ifndef CAPTURE_WALK_H
#define CAPTURE_WALK_H

#include "keylog.h"
#include "source.h"
#include "view.h"

#include <string.h>

/* More than any capture program writes for one frame: a length above it is
 * corrupt, not long. */
#define WALK_RECORD_MAX ((uint32_t)256 << 20)

/* An interface of a pcapng section. */
struct interface {
	uint16_t link_type;
	uint32_t snap_len; /* 0: no limit */
	/* A time of ticks is ticks * multiply / divide, shifted right, in
	 * nanoseconds; then offset seconds are added. */
	uint32_t multiply;
	uint64_t divide;
	uint8_t shift;
	int64_t offset;
};

struct capture {
	char *name;       /* owned; for messages */
	struct view view; /* of the mapped file, which is owned too */
	size_t at;        /* where the next record begins */
	uint64_t frames;  /* read so far */
	bool again;       /* not for the first time: nothing is told */
	bool swapped;     /* numbers are not in this machine's order */
	/* Reads the next frame. False at the end, a cut tail included. */
	bool (*next)(struct capture *c, struct frame *f);
	struct source_counts *counts; /* borrowed */
	struct keylog *keylog;        /* borrowed, may be NULL */

	/* pcap */
	size_t head;  /* length of a record's header */
	int64_t tick; /* nanoseconds in one unit of the fraction */
	uint16_t link_type;

	/* pcapng: of the section at hand */
	struct interface *interfaces;
	size_t count, cap;
	int64_t time; /* of the last frame that told its time */
};

/* Whether bytes begin such a file. */
bool pcap_begins(struct slice bytes);
bool pcapng_begins(struct slice bytes);

/* Reads the head of the file in c->view and sets c->next. False if the file
 * ends inside it. */
bool pcap_open(struct capture *c);
bool pcapng_open(struct capture *c);

/* The file ends inside the record at c->at. Warns; returns false. */
bool capture_cut(struct capture *c);
/* What stands at c->at cannot be read, nor what follows it. Warns; returns
 * false. */
bool capture_corrupt(struct capture *c, const char *what);

static inline uint16_t walk_u16(const struct capture *c, const uint8_t *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof value);
	return c->swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t walk_u32(const struct capture *c, const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return c->swapped ? __builtin_bswap32(value) : value;
}

#endif
