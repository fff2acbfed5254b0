/* Captures read whole: frames, packets, flows, exchanges. What the programs
 * work on. */
#ifndef CAPTURE_RECORDING_H
#define CAPTURE_RECORDING_H

#include "pairing.h"

struct progress;

struct recording {
	struct exchange *exchanges; /* in the order of their requests; they
				       belong to pairing */
	size_t count;
	struct names *names;
	struct conversations *beside;            /* all that is no exchange */
	const struct certificates *certificates; /* of TLS servers; they belong
						    to pairing */

	struct source *source;
	struct spool *spool;
	struct packets *packets;
	struct flows *flows;
	struct pairing *pairing;
	struct secrets *secrets;   /* NULL: somebody else's */
	struct progress *progress; /* of what is done with all of it; borrowed,
				      NULL: nobody wants to know */
};

struct recording_options {
	const char *filter;        /* see source_new */
	struct secrets *secrets;   /* borrowed as long as the recording lives:
				      opens TLS; what the captures hold of them
				      is added. NULL: those alone */
	struct progress *progress; /* of reading; NULL: nobody wants to know */
};

/* Reads the captures in order as one recording. options may be NULL.
 * Returns NULL if one of them is no capture, after having said so. What was
 * skipped while reading is summed up on standard error. The line that tells
 * progress is wiped in the end. */
struct recording *recording_read(const struct recording_options *options,
				 char *const paths[], size_t count);

void recording_free(struct recording *r);

#endif
