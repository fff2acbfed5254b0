/* A shelf for the pieces of streams: one list behind the other, none alone in
 * memory of its own.
 *
 * Its blocks are the system's: between those of an allocator, what is freed
 * around them would stay in use. */
#include "shelf.h"

#include "flow.h"
#include "log.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK 43690U /* 1 MiB */

/* Under the address sanitizer lists do not touch, and what lies between them
 * may not be read. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define APART 1U
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define APART 1U
#endif
#ifndef APART
#define APART 0U
#endif

static size_t size_of(uint32_t count)
{
	return count * sizeof(struct piece);
}

static void add_block(struct shelf *s, uint32_t len)
{
	void *block = mmap(NULL, size_of(len), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		log_fatal("out of memory");
	ASAN_POISON_MEMORY_REGION(block, size_of(len));
	s->blocks =
	    xreallocarray(s->blocks, (size_t)s->count + 1, sizeof *s->blocks);
	s->blocks[s->count++] = (struct shelf_block){block, len, 0};
}

static struct shelf_block *last_block(const struct shelf *s)
{
	return s->count ? &s->blocks[s->count - 1] : NULL;
}

struct piece *shelf_keep(struct shelf *s, const struct piece *list,
			 uint32_t count)
{
	struct shelf_block *b = last_block(s);
	uint32_t need = count + APART;
	if (!count)
		return NULL;
	if (!b || need > b->len - b->used) {
		add_block(s, need > BLOCK ? need : BLOCK);
		b = last_block(s);
	}
	struct piece *to = b->list + b->used;
	ASAN_UNPOISON_MEMORY_REGION(to, size_of(count));
	memcpy(to, list, size_of(count));
	b->used += need;
	return to;
}

void shelf_drop(struct shelf *s, const struct piece *list, uint32_t count)
{
	struct shelf_block *b = last_block(s);
	uint32_t need = count + APART;
	if (!count || !b || need > b->used || b->list + b->used - need != list)
		return;
	ASAN_POISON_MEMORY_REGION(list, size_of(count));
	b->used -= need;
}

void shelf_release(struct shelf *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		struct shelf_block *b = &s->blocks[i];
		ASAN_UNPOISON_MEMORY_REGION(b->list, size_of(b->len));
		munmap(b->list, size_of(b->len));
	}
	free(s->blocks);
	*s = (struct shelf){0};
}
