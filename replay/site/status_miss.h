/* A request that nothing recorded matched, kept: its bytes are its own. */
#ifndef SITE_STATUS_MISS_H
#define SITE_STATUS_MISS_H

#include "match.h"

/* Of one request; of a longer one nothing but the start of its target is
 * kept. */
#define MISS_MAX ((size_t)8 << 10)

struct miss {
	struct request request; /* without its body, of which the digest is
				   there, and without TLS */
	struct buf text;        /* what its slices point into */
	struct buf ruled;       /* as request.ruled */
	struct buf note;        /* why, if that is known; else empty */
	int64_t time;           /* of the last, microseconds since the epoch */
	uint32_t count;         /* times it was asked */
	uint64_t hash;          /* of what makes two the same */
	bool cut;               /* it was longer than MISS_MAX */
	bool cached;            /* a 304 was recorded: see struct match */
};

/* The same method, URL and body, whatever the header says: no more than 1 in
 * 2^64 others have the same. */
uint64_t miss_hash(const struct request *r);
/* m is {0} or was used before. */
void miss_keep(struct miss *m, const struct request *r);
void miss_copy(struct miss *to, const struct miss *from);
/* The target under other rules; data NULL: they leave it. */
void miss_rule(struct miss *m, struct slice ruled);
void miss_release(struct miss *m);

#endif
