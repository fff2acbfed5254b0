/* What differs between two texts, by lines or by words. */
#ifndef REWRITE_DIFF_H
#define REWRITE_DIFF_H

#include "capture/bytes.h"

enum diff_unit {
	DIFF_LINES, /* each with its LF */
	DIFF_WORDS, /* runs of letters, digits, '.', '-', '_' and bytes from
		       0x80 on; every other byte stands for itself */
};

/* Bytes of the old text in whose place the new one has others. Either may be
 * none. */
struct change {
	size_t at, len;
	size_t new_at, new_len;
};

struct diff {
	struct change *changes; /* in order; between two something is equal */
	size_t count;
};

/* What diff_find may do for one answer: under a second. */
#define DIFF_EFFORT ((size_t)100 << 20)

/* Myers' O(ND), in strides: few differences are told by the fewest pieces, many
 * by few enough. What is left when *effort, which is used up, has come to its
 * end counts as different. Borrows nothing; diff_release frees. */
void diff_find(struct diff *d, struct slice old, struct slice new,
	       enum diff_unit unit, size_t *effort);
void diff_release(struct diff *d);

#endif
