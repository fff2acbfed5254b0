/* Finds the heads of messages in streams: in one piece, across pieces, and
 * again after a loss. */
#ifndef CAPTURE_HEADS_H
#define CAPTURE_HEADS_H

#include "cursor.h"
#include "http.h"

/* Begin with heads_of, end with heads_release. */
struct heads {
	struct spool *spool; /* borrowed: heads that cross pieces go there */
	struct buf scratch;
	uint64_t search_left; /* what heads_search may still look at */
};

enum head_result {
	HEAD_WHOLE,
	HEAD_NONE, /* what stands there is no message */
	HEAD_END,  /* the stream ends in it, or before it */
	HEAD_GAP,  /* bytes of it are missing */
};

struct heads heads_of(struct spool *spool);
void heads_release(struct heads *h);

/* Reads a head at c: of a request, or of a response to method. The cursor
 * moves behind what was read of it, but for HEAD_NONE. After HEAD_END and
 * HEAD_GAP m holds what was whole of it, if that was the first line at
 * least. */
enum head_result heads_read(struct heads *h, struct cursor *c,
			    const struct slice *method, struct message *m);

/* Looks for the next segment that begins with a message, from the one after
 * c's place on and not before a time. After a loss that is where messages are
 * found: anywhere else it could be the content of one. */
bool heads_search(struct heads *h, struct cursor *c, const struct slice *method,
		  int64_t not_before);

#endif
