/* A comparison, printed. */
#ifndef REPORT_COMPARE_PRINT_H
#define REPORT_COMPARE_PRINT_H

#include "compare.h"
#include "compare_addresses.h"
#include "compare_names.h"

#include "capture/display.h"

/* What there is to tell. */
struct compare_report {
	const struct comparison *comparison;
	const struct names_compared *names;
	const struct lone_addresses *addresses;
	const struct display *display;
};

/* To standard output; each returns 0, or -1 if it cannot be written (said).
 *
 * The table, its last line what was reproduced. */
int compare_print_tsv(const struct compare_report *r);
/* The same for a terminal: in columns, as wide as it is. */
int compare_print_columns(const struct compare_report *r);
/* JSON lines, each an object with a "type": "exchange" for each line of the
 * table, "dns", "address", "chain", and at the end one "summary". */
int compare_print_json(const struct compare_report *r);

/* To standard error, for people: in what requests differ, DNS, addresses, where
 * the chains part. verbose: both chains side by side. */
void compare_tell(const struct compare_report *r, bool verbose);

/* Of the reproducible exchanges, rounded down; 0 of none, as for --check. */
unsigned compare_per_mille(const struct comparison *c);

#endif
