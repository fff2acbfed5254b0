/* Capture files as one recording: a run of frames, in file order.
 *
 * Files are mapped, never read into memory; what is compressed or comes from a
 * pipe is first spooled to an unlinked temporary file, and that is mapped.
 * So every byte of a frame has a home that is valid until source_free, though
 * the frame itself is seen through a window that moves on. */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include "bytes.h"

/* One captured frame. */
struct frame {
	struct slice data;   /* what was captured; valid until the next frame */
	uint32_t wire_len;   /* its length on the wire, at least data.len */
	uint16_t link_type;  /* LINKTYPE_ number, as in the file */
	int64_t time;        /* nanoseconds since the epoch */
	const uint8_t *home; /* of data; NULL: data itself stays */
};

/* Where a byte of a frame stays, until source_free; any other is where it was.
 */
static inline const uint8_t *frame_home(const struct frame *f,
					const uint8_t *byte)
{
	size_t offset = (uintptr_t)byte - (uintptr_t)f->data.data;
	return f->home && offset <= f->data.len ? f->home + offset : byte;
}

struct source_counts {
	uint64_t frames;    /* handed out */
	uint64_t filtered;  /* left out by the filter */
	uint64_t bad;       /* records or blocks that could not be read */
	uint64_t cut_files; /* files that end inside a record */
};

struct source;

/* filter is an expression in libpcap's language, or NULL. A faulty one ends
 * the program with EXIT_USAGE. */
struct source *source_new(const char *filter);

/* Puts the TLS secrets that the captures hold into a key log, which lives as
 * long. Before source_add. */
struct keylog;
void source_collect_secrets(struct source *s, struct keylog *keylog);

/* Tells how far reading is; NULL: nobody wants to know. Before source_add. */
struct progress;
void source_show_progress(struct source *s, struct progress *progress);
struct progress *source_progress(const struct source *s);

/* Adds a capture file, "-" for standard input: pcap or pcapng, plain, gzip or
 * zstd. What it is has been checked on return, so that a wrong file is told
 * before any work. Returns 0, or -1 after having said why. */
int source_add(struct source *s, const char *path);

/* The next frame of all files in the order of source_add. False at the end.
 * A cut tail is warned of once and ends its file. */
bool source_next(struct source *s, struct frame *f);

/* Begins again with the first frame, to look at frames once more: what was told
 * and counted is not again, nor are secrets collected. */
void source_rewind(struct source *s);

/* Of the frame that source_next gave last: its number in its file, as Wireshark
 * counts them, those that the filter left out included; the file's place in the
 * order of source_add. */
uint64_t source_number(const struct source *s);
size_t source_file(const struct source *s);

/* Where a byte of a frame, at its home, stands in the recording, counted from
 * its first byte over all files: gives things found in several frames their
 * order. */
uint64_t source_position(const struct source *s, const uint8_t *byte);

const struct source_counts *source_counts(const struct source *s);
void source_free(struct source *s); /* unmaps: frames are gone */

#endif
