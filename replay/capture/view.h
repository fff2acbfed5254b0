/* A mapped file, looked at from front to back: through a window that is read,
 * not mapped, since first touches of mapped pages one after the other cost
 * several times what reading the same bytes does. What is to stay is named by
 * its place in the mapping, and touched there only where it is needed. */
#ifndef CAPTURE_VIEW_H
#define CAPTURE_VIEW_H

#include "bytes.h"

struct view {
	struct slice file; /* mapped; borrowed */
	int fd;          /* of it, owned; -1: the mapping alone is looked at */
	uint8_t *window; /* owned */
	size_t at, len;  /* of the file, that it holds */
};

/* Takes fd. */
struct view view_open(struct slice file, int fd);

/* Bytes [at, at + len) of the file, which has them; valid until the next call.
 * What cannot be read is looked at in the mapping, as is what is longer than
 * the window. */
const uint8_t *view_bytes(struct view *v, size_t at, size_t len);

/* Where a byte that view_bytes gave last stays: in the mapping. */
const uint8_t *view_home(const struct view *v, const uint8_t *byte);

/* Gives the window up: what is still looked at, is in the mapping. */
void view_close(struct view *v);

#endif
