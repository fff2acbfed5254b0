/* The body of a live request as it comes. */
#include "intake.h"

void intake_begin(struct intake *i)
{
	buf_clear(&i->start);
	digest_start(&i->digest);
	i->len = 0;
}

void intake_add(struct intake *i, struct slice bytes)
{
	i->len += bytes.len;
	digest_add(&i->digest, bytes);
	if (i->start.len < BODY_START_MAX)
		buf_add(&i->start,
			slice_to(bytes, BODY_START_MAX - i->start.len));
}

void intake_end(struct intake *i, struct request *r)
{
	r->has_body = i->len > 0;
	digest_finish(&i->digest, r->digest);
	if (i->len <= BODY_START_MAX)
		r->body = buf_slice(&i->start);
}

void intake_release(struct intake *i)
{
	digest_release(&i->digest);
	buf_release(&i->start);
}
