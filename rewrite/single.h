/* One body from standard input, rewritten to standard output. */
#ifndef REWRITE_SINGLE_H
#define REWRITE_SINGLE_H

#include "rules.h"

/* The answer whose body it is. */
struct single {
	struct slice type;     /* Content-Type, with its parameters */
	struct slice encoding; /* Content-Encoding; empty: none */
	struct slice method, host, target;
	bool https;
	uint16_t status;
};

/* Body rules alone have an effect. A body that none changes is copied byte by
 * byte, one of more than APPLY_BODY_MAX bytes too, with a warning. What was
 * changed goes to standard error. Returns 0, or -1 if reading or writing
 * failed (said). */
int single_run(const struct single *s, const struct rules *rules);

#endif
