/* A shelf for the pieces of streams: one list behind the other, none alone in
 * memory of its own. */
#ifndef CAPTURE_SHELF_H
#define CAPTURE_SHELF_H

#include <stdint.h>

struct piece;

struct shelf_block {
	struct piece *list;
	uint32_t len, used;
};

/* {0} is an empty one, for one thread. */
struct shelf {
	struct shelf_block *blocks;
	uint32_t count;
};

/* Copies a list, which may be empty; it lives until shelf_release. */
struct piece *shelf_keep(struct shelf *s, const struct piece *list,
			 uint32_t count);

/* Takes a list that was kept off again, if it is the last one; else its place
 * stays taken. */
void shelf_drop(struct shelf *s, const struct piece *list, uint32_t count);

void shelf_release(struct shelf *s); /* and leaves {0} */

#endif
