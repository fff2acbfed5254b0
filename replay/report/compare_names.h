/* What DNS answered in a replay, held against what it answered then. */
#ifndef REPORT_COMPARE_NAMES_H
#define REPORT_COMPARE_NAMES_H

#include "own.h"

#include "capture/recording.h"

enum names_result {
	NAMES_SAME,  /* the same addresses, or that there is none */
	NAMES_OTHER, /* others */
	NAMES_NOT_ASKED,
	NAMES_NOT_RECORDED,
};
#define NAMES_RESULTS (NAMES_NOT_RECORDED + 1)

struct names_row {
	struct slice name; /* hostile bytes */
	enum names_result result;
	enum own_kind own;
	/* Its answers on both sides, sorted by address; NAME_MISSING has
	 * none. */
	const struct name *const *answers[2]; /* recorded, replayed */
	size_t counts[2];
};

struct names_compared {
	struct names_row *rows; /* sorted by name, without case */
	size_t count;
	size_t results[NAMES_RESULTS]; /* but for the client's own */
	size_t own;
	const struct name **lists[2]; /* private */
};

void names_compare(struct names_compared *c, const struct recording *recorded,
		   const struct recording *replayed);
void names_compared_release(struct names_compared *c);

/* "same", "other-address", "not-asked", "not-recorded". */
const char *names_result_name(enum names_result result);

/* "192.0.2.7, 192.0.2.8", "does not exist" */
void names_print(const struct names_row *r, int side, struct buf *out);

#endif
