/* Captures read whole: frames, packets, flows, exchanges. What the programs
 * work on. */
#ifndef CAPTURE_RECORDING_H
#define CAPTURE_RECORDING_H

#include "pairing.h"

struct recording {
	struct exchange *exchanges; /* in the order of their requests; they
				       belong to pairing */
	size_t count;
	struct names *names;
	struct conversations *beside; /* all that is no exchange */

	struct source *source;
	struct spool *spool;
	struct packets *packets;
	struct flows *flows;
	struct pairing *pairing;
};

/* Reads the captures in order as one recording. filter: see source_new.
 * Returns NULL if one of them is no capture, after having said so. What was
 * skipped while reading is summed up on standard error. */
struct recording *recording_read(const char *filter, char *const paths[],
				 size_t count);

void recording_free(struct recording *r);

#endif
