/* Values with their counts: a hash table over a list. */
#include "roll.h"

#include <stdlib.h>

#define SLOTS_FIRST 16

static uint32_t *find_slot(const struct roll *r, struct slice place,
			   struct slice text, uint64_t hash)
{
	size_t at = hash & (r->slot_count - 1);
	for (; r->slots[at]; at = (at + 1) & (r->slot_count - 1)) {
		const struct roll_entry *e = &r->list[r->slots[at] - 1];
		if (e->hash == hash && slice_equal(e->place, place) &&
		    slice_equal(e->text, text))
			break;
	}
	return &r->slots[at];
}

/* At least half of the slots stay free. */
static void make_room(struct roll *r)
{
	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : SLOTS_FIRST / 2;
		r->list = xreallocarray(r->list, r->room, sizeof *r->list);
	}
	if (2 * (r->count + 1) <= r->slot_count)
		return;
	free(r->slots);
	r->slot_count = r->slot_count ? 2 * r->slot_count : SLOTS_FIRST;
	r->slots = xcalloc(r->slot_count, sizeof *r->slots);
	for (size_t i = 0; i < r->count; i++) {
		const struct roll_entry *e = &r->list[i];
		*find_slot(r, e->place, e->text, e->hash) = (uint32_t)i + 1;
	}
}

/* One block for both. */
static void keep(struct roll_entry *e, struct slice place, struct slice text)
{
	uint8_t *copy = xmalloc(place.len + text.len + 1);
	if (place.len)
		memcpy(copy, place.data, place.len);
	if (text.len)
		memcpy(copy + place.len, text.data, text.len);
	e->place = (struct slice){copy, place.len};
	e->text = (struct slice){copy + place.len, text.len};
}

struct roll_entry *roll_add(struct roll *r, struct slice place,
			    struct slice text, uint32_t exchange)
{
	place = slice_to(place, ROLL_TEXT_MAX);
	text = slice_to(text, ROLL_TEXT_MAX);
	uint64_t hash = slice_hash(text, slice_hash(place, 0));
	make_room(r);
	uint32_t *slot = find_slot(r, place, text, hash);
	if (*slot) {
		r->list[*slot - 1].count++;
		return &r->list[*slot - 1];
	}
	if (r->count >= r->max) {
		r->left_out++;
		return NULL;
	}
	struct roll_entry *e = &r->list[r->count++];
	*e = (struct roll_entry){.count = 1, .first = exchange, .hash = hash};
	keep(e, place, text);
	*slot = (uint32_t)r->count;
	return e;
}

void roll_release(struct roll *r)
{
	for (size_t i = 0; i < r->count; i++)
		free((void *)r->list[i].place.data);
	free(r->list);
	free(r->slots);
	*r = (struct roll){.max = r->max};
}
