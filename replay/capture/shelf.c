/* A shelf for the pieces of streams: one list behind the other, none alone in
 * memory of its own. */
#include "shelf.h"

#include "flow.h"

#include <stdlib.h>

#define BLOCK 16384U

static void add_block(struct shelf *p, uint32_t len)
{
	p->blocks = xreallocarray(p->blocks, (size_t)p->count + 1,
				  sizeof(struct piece *));
	p->blocks[p->count++] = xreallocarray(NULL, len, sizeof(struct piece));
	p->len = len;
	p->used = 0;
}

struct piece *shelf_keep(struct shelf *p, const struct piece *list,
			 uint32_t count)
{
	if (!count)
		return NULL;
	if (count > p->len - p->used)
		add_block(p, count > BLOCK ? count : BLOCK);
	struct piece *to = p->blocks[p->count - 1] + p->used;
	memcpy(to, list, count * sizeof *list);
	p->used += count;
	return to;
}

void shelf_drop(struct shelf *p, const struct piece *list, uint32_t count)
{
	if (count && count <= p->used &&
	    p->blocks[p->count - 1] + p->used - count == list)
		p->used -= count;
}

void shelf_release(struct shelf *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		free(p->blocks[i]);
	free(p->blocks);
	*p = (struct shelf){0};
}
