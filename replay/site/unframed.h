/* An answer taken apart again, for those to whom heads and body go in another
 * framing than that of HTTP/1. */
#ifndef SITE_UNFRAMED_H
#define SITE_UNFRAMED_H

#include "answer.h"

/* {0} before the first unframed_begin; at last unframed_release. */
struct unframed {
	struct answer *answer; /* whose bytes it takes */
	struct buf head;       /* one that did not come in one piece */
	struct buf trailers;   /* field lines behind chunks, once it ended */
	struct chunked chunked;
	enum http_framing framing;
	uint64_t left;  /* of the body, if it has a length */
	uint64_t taken; /* bytes of the answer */
	bool ended, cut;
};

/* The answer was begun, and nothing of it was sent. */
void unframed_begin(struct unframed *u, struct answer *a);
void unframed_release(struct unframed *u);

/* The next head; interim ones (1xx) come before the final one. method is the
 * request's. m is valid until the next call of any of these. False: there is
 * none, the answer is nothing or no HTTP. */
bool unframed_head(struct unframed *u, struct slice method, struct message *m);

/* After the final head: the next bytes of the body, up to max, transfer coding
 * off. Returns how many; 0 when it has ended. Then, and as soon as it is known
 * before, u->ended is set; and u->cut if it ended before it was whole. */
size_t unframed_read(struct unframed *u, uint8_t *out, size_t max);

#endif
