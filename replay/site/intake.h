/* The body of a live request as it comes. It is not kept: its digest is, and
 * its start. */
#ifndef SITE_INTAKE_H
#define SITE_INTAKE_H

#include "match.h"

#include "capture/digest.h"

struct intake {
	struct digest digest;
	struct buf start; /* the first BODY_START_MAX bytes */
	uint64_t len;
};

/* i is {0} or was used before. */
void intake_begin(struct intake *i);
void intake_add(struct intake *i, struct slice bytes);
/* All of it came: tells the request, which borrows the start. */
void intake_end(struct intake *i, struct request *r);
void intake_release(struct intake *i);

#endif
