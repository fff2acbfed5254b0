/* A rewritten answer as it goes out: length, framing, codings and digests are
 * true again, or taken out. */
#ifndef REWRITE_FINISH_H
#define REWRITE_FINISH_H

#include "apply.h"

struct finished {
	struct buf head;
	struct buf body;    /* with its framing; only if body_changed */
	bool body_changed;  /* else the body goes out as recorded */
	bool close;         /* the connection must end after it */
	struct date *dates; /* in head */
	size_t date_count;
	struct buf told;
};

/* coded: in the content coding that the body had. Makes true or takes out what
 * would now lie: Content-Length, Transfer-Encoding, Content-Encoding, Trailer,
 * Content-MD5, Digest, Content-Digest, Repr-Digest, strong ETags; and tells
 * so. False, with f untouched, if the coding cannot be made. */
bool rewritten_finish(const struct rewritten *w, bool coded,
		      struct finished *f);
void finished_release(struct finished *f);

#endif
