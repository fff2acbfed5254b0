/* replay --check: what of a recording can be brought back and what cannot, and
 * why.
 *
 * Reproducible is an exchange that a client can get back whole: it is complete,
 * and
 *  - no upgrade (101) and no tunnel (CONNECT that succeeded): what they carry
 *    is not replayed;
 *  - no 304 of a URL of which no 200 was recorded: the body is in the victim's
 *    cache, and a client without it never asks so;
 *  - its request is not larger than replay reads.
 * That it can be got back byte for byte does not say that a client finds it: a
 * page may make up another target at each visit. */
#ifndef REPORT_CHECK_H
#define REPORT_CHECK_H

#include "rewrite/rules.h"

#include "capture/recording.h"

struct check_options {
	const struct rules *rules; /* NULL: none */
	bool verbose;              /* links that rules steer too */
	bool json;                 /* one line of JSON, with all of it */
	const char *capture;       /* name of the capture, for JSON */
};

/* Writes to standard output. Returns 0, or -1 if it cannot be written (said).
 */
int check_print(const struct recording *r, const struct check_options *o);

#endif
