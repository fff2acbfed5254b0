/* A set of names, each of them with a kind and an address, each kept once. */
#include "nameset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK_LEN 65536U
#define SLOTS_MIN 64U

struct block {
	struct block *next;
	size_t used;
	uint8_t bytes[BLOCK_LEN];
};

struct nameset {
	struct name *list;
	size_t count, room;
	uint32_t *slots;   /* open addressing: index into list + 1, 0: free */
	size_t slot_count; /* a power of two, at least twice count */
	uint64_t seed;     /* random, so that collisions cannot be prepared */
	struct block *blocks; /* the texts, the newest block first */
	size_t bytes;
};

struct nameset *nameset_new(void)
{
	struct nameset *s = xcalloc(1, sizeof *s);
	s->slot_count = SLOTS_MIN;
	s->slots = xcalloc(s->slot_count, sizeof *s->slots);
	if (getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) < 0)
		s->seed = (uintptr_t)s; /* no worse than no seed */
	return s;
}

void nameset_free(struct nameset *s)
{
	if (!s)
		return;
	while (s->blocks) {
		struct block *next = s->blocks->next;
		free(s->blocks);
		s->blocks = next;
	}
	free(s->list);
	free(s->slots);
	free(s);
}

static uint64_t name_hash(const struct nameset *s, const struct name *name)
{
	uint8_t lower[NAMESET_TEXT_MAX];
	for (size_t i = 0; i < name->text.len; i++) {
		uint8_t c = name->text.data[i];
		lower[i] = byte_lower(c);
	}
	uint64_t seed =
	    s->seed ^ (uint64_t)name->kind << 8 ^ name->address.version;
	seed = slice_hash((struct slice){name->address.bytes, 16}, seed);
	return slice_hash((struct slice){lower, name->text.len}, seed);
}

static bool name_equal(const struct name *a, const struct name *b)
{
	return a->kind == b->kind && address_equal(&a->address, &b->address) &&
	       slice_equal_nocase(a->text, b->text);
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t *find_slot(const struct nameset *s, const struct name *name)
{
	size_t mask = s->slot_count - 1;
	size_t i = name_hash(s, name) & mask;
	while (s->slots[i] && !name_equal(&s->list[s->slots[i] - 1], name))
		i = (i + 1) & mask;
	return &s->slots[i];
}

static void fill_slots(struct nameset *s)
{
	memset(s->slots, 0, s->slot_count * sizeof *s->slots);
	for (size_t i = 0; i < s->count; i++)
		*find_slot(s, &s->list[i]) = (uint32_t)i + 1;
}

static struct slice keep_text(struct nameset *s, struct slice text)
{
	if (!s->blocks || BLOCK_LEN - s->blocks->used < text.len) {
		struct block *block = xmalloc(sizeof *block);
		block->next = s->blocks;
		block->used = 0;
		s->blocks = block;
	}
	uint8_t *at = s->blocks->bytes + s->blocks->used;
	if (text.len)
		memcpy(at, text.data, text.len);
	s->blocks->used += text.len;
	s->bytes += text.len;
	return (struct slice){at, text.len};
}

bool nameset_add(struct nameset *s, const struct name *name)
{
	if (name->text.len > NAMESET_TEXT_MAX)
		return false;
	uint32_t *slot = find_slot(s, name);
	if (*slot)
		return true;
	if (s->count == NAMESET_MAX ||
	    s->bytes + name->text.len > NAMESET_BYTES_MAX)
		return false;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : SLOTS_MIN / 2;
		s->list = xreallocarray(s->list, s->room, sizeof *s->list);
	}
	s->list[s->count] = *name;
	s->list[s->count++].text = keep_text(s, name->text);
	*slot = (uint32_t)s->count;
	if (s->count * 2 > s->slot_count) {
		s->slot_count *= 2;
		s->slots =
		    xreallocarray(s->slots, s->slot_count, sizeof *s->slots);
		fill_slots(s);
	}
	return true;
}

bool nameset_has(const struct nameset *s, const struct name *name)
{
	return name->text.len <= NAMESET_TEXT_MAX && *find_slot(s, name);
}

size_t nameset_count(const struct nameset *s)
{
	return s->count;
}

const struct name *nameset_get(const struct nameset *s, size_t i)
{
	return &s->list[i];
}

static int name_compare(const void *first, const void *second)
{
	const struct name *a = first, *b = second;
	int order = slice_compare(a->text, b->text);
	if (!order)
		order = a->address.version - b->address.version;
	if (!order)
		order = memcmp(a->address.bytes, b->address.bytes, 16);
	return order ? order : (int)a->kind - (int)b->kind;
}

void nameset_sort(struct nameset *s)
{
	if (s->count)
		qsort(s->list, s->count, sizeof *s->list, name_compare);
	fill_slots(s);
}
