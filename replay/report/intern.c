/* Texts kept once each, by number. */
#include "intern.h"

#include <stdlib.h>

void intern_release(struct intern *n)
{
	free(n->list);
	free(n->slots);
	buf_release(&n->text);
	*n = (struct intern){0};
}

static bool is_text(const struct intern *n, uint32_t number, uint64_t hash,
		    struct slice text)
{
	const struct intern_text *t = &n->list[number];
	return t->hash == hash && t->len == text.len &&
	       (!text.len || !memcmp(n->text.data + t->at, text.data, t->len));
}

/* The slot of a text, or the free one where it belongs. */
static uint32_t *find_slot(const struct intern *n, uint64_t hash,
			   struct slice text)
{
	uint32_t mask = n->slot_count - 1;
	uint32_t at = (uint32_t)hash & mask;
	while (n->slots[at] && !is_text(n, n->slots[at] - 1, hash, text))
		at = (at + 1) & mask;
	return &n->slots[at];
}

uint32_t intern_find(const struct intern *n, struct slice text)
{
	if (!n->count)
		return INTERN_NONE;
	return *find_slot(n, slice_hash(text, 0), text) - 1;
}

static void grow(struct intern *n)
{
	uint32_t count = n->slot_count ? 2 * n->slot_count : 64;
	free(n->slots);
	n->slots = xcalloc(count, sizeof *n->slots);
	n->slot_count = count;
	for (uint32_t i = 0; i < n->count; i++) {
		uint32_t at = (uint32_t)n->list[i].hash & (count - 1);
		while (n->slots[at])
			at = (at + 1) & (count - 1);
		n->slots[at] = i + 1;
	}
}

uint32_t intern_add(struct intern *n, struct slice text)
{
	uint64_t hash = slice_hash(text, 0);
	if (n->count >= n->slot_count / 2)
		grow(n);
	uint32_t *slot = find_slot(n, hash, text);
	if (*slot)
		return *slot - 1;
	if (n->count == n->room) {
		n->room = n->room ? 2 * n->room : 64;
		n->list = xreallocarray(n->list, n->room, sizeof *n->list);
	}
	n->list[n->count] = (struct intern_text){
	    .hash = hash, .at = n->text.len, .len = (uint32_t)text.len};
	buf_add(&n->text, text);
	*slot = ++n->count;
	return n->count - 1;
}
