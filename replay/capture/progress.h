/* How far long work is: one line on the terminal that standard error is, drawn
 * over a few times a second and wiped in the end.
 *
 * Nothing is shown of work that takes less than about a second. A caller tells
 * where it is as often as it likes: without a line to be drawn that costs a
 * look at the clock (CLOCK_MONOTONIC_COARSE, no system call). By one thread at
 * a time. All of these take NULL, and then do nothing. */
#ifndef CAPTURE_PROGRESS_H
#define CAPTURE_PROGRESS_H

#include "bytes.h"

struct progress;

/* Draws on standard error, which has to be a terminal. */
struct progress *progress_new(void);

/* What is done from now on, "reading", and of what: the name of a file as it
 * was given, NULL if there is no more to say; borrowed until the next phase.
 * total: how much there is, 0 if nobody knows. unit: what is counted
 * ("connections"), NULL for bytes. */
void progress_phase(struct progress *p, const char *phase, const char *of,
		    uint64_t total, const char *unit);

void progress_at(struct progress *p, uint64_t done);

/* Wipes the line. */
void progress_end(struct progress *p);
void progress_free(struct progress *p); /* and wipes it */

/* ---- the line ---- */

struct progress_facts {
	const char *phase, *of, *unit;
	uint64_t done, total;
	int64_t elapsed; /* nanoseconds since the phase began */
};

/* Appends the line, less wide than the terminal, without its newline:
 *
 *   replay: reading evil.pcap: 1.2 GB of 4.0 GB (30 %), 812.3 MB/s, 4 s left
 *
 * Control bytes of the name are escaped. */
void progress_print(struct buf *out, const struct progress_facts *f,
		    size_t width);

#endif
