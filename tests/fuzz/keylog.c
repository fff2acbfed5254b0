/* Fuzzes key logs: whatever the lines are, a secret that is found has a length
 * that secrets have, and what a log holds does not hang on how it is cut.
 *
 * The input is a key log. */
#include "capture/keylog.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key in the input, in hexadecimal or not, is looked for as it stands. */
static void find(const struct keylog *k, struct slice bytes)
{
	for (int label = KEYLOG_MASTER; label <= KEYLOG_SESSION; label++) {
		struct slice s =
		    keylog_find(k, (enum keylog_label)label, bytes);
		if (s.len && s.len != 32 && s.len != 48 && s.len != 64)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines = {data, size};
	struct keylog *whole = keylog_new(), *cut = keylog_new();
	keylog_add(whole, lines);
	while (lines.len) {
		size_t end = slice_find(lines, '\n') + 1;
		keylog_add(cut, slice_to(lines, end));
		lines = slice_from(lines, end);
	}
	if (keylog_counts(whole)->secrets != keylog_counts(cut)->secrets ||
	    keylog_counts(whole)->bad != keylog_counts(cut)->bad)
		abort();
	find(whole, slice_to((struct slice){data, size}, 32));
	find(whole, slice_to((struct slice){data, size}, 8));
	keylog_free(whole);
	keylog_free(cut);
	return 0;
}
