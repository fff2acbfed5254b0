/* Lengths and digests of the bodies of all responses, worked out ahead of who
 * reads them, on every core. */
#ifndef REPORT_SUMS_H
#define REPORT_SUMS_H

#include "capture/digest.h"
#include "capture/recording.h"

struct body_sum {
	uint64_t bytes;             /* captured, transfer coding taken off */
	bool whole;                 /* none are missing */
	uint8_t sha256[DIGEST_LEN]; /* if whole */
};

/* The length alone; sha256 is left as it is. */
void body_measure(const struct exchange *e, struct body_sum *sum);

struct sums;

/* Begins with the first exchange of r, which has to live as long. Up to threads
 * cores are used, of which one is the reader's; with 1, or where no thread can
 * be had, the reader does all. What is worked out ahead is bounded by a number
 * of exchanges, whatever r holds. */
struct sums *sums_new(const struct recording *r, unsigned threads);

/* Those of the next exchange, in the order of r; valid until the next call.
 * Not to be called more often than r has exchanges. */
const struct body_sum *sums_next(struct sums *s);

/* At any time: threads in the middle of a body end soon. */
void sums_free(struct sums *s);

#endif
