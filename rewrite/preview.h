/* What rules change of a recording, shown without serving it. */
#ifndef REWRITE_PREVIEW_H
#define REWRITE_PREVIEW_H

#include "rules.h"

#include "capture/progress.h"
#include "capture/recording.h"

struct preview_options {
	bool shift_dates;  /* as if "date * shift" was among the rules */
	bool summary_only; /* no diffs */
	bool colour;
	struct progress *progress; /* NULL: nobody wants to know */
	bool full;                 /* long lines whole, see unified.h */
};

/* Writes to standard output, for each answer and target that a rule changes: a
 * line that names the exchange (its number is that of replay --list), the
 * rules, and the differences; at the end what each rule did, which rules did
 * nothing, and which answers had to be left as recorded. Dates stand as they
 * would be served now. Returns 0, or -1 if standard output cannot be written
 * (said). */
int preview_print(const struct recording *r, const struct rules *rules,
		  const struct preview_options *options);

#endif
