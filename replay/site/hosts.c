/* Names of hosts, numbered. */
#include "hosts.h"

#include "capture/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_SIZE 64

/* As slice_hash, but the same for both cases of ASCII letters. */
static uint32_t name_hash(struct slice name, uint64_t seed)
{
	uint8_t part[64];
	uint64_t hash = seed ^ name.len;
	do {
		size_t n = name.len < sizeof part ? name.len : sizeof part;
		for (size_t i = 0; i < n; i++) {
			uint8_t c = name.data[i];
			part[i] = byte_lower(c);
		}
		hash = slice_hash((struct slice){part, n}, hash);
		name = slice_from(name, n);
	} while (name.len);
	return (uint32_t)(hash >> 32);
}

uint64_t hosts_seed(void)
{
	uint64_t seed;
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		log_fatal("no random bytes");
	return seed;
}

void hosts_init(struct hosts *h, uint64_t seed)
{
	*h = (struct hosts){.size = FIRST_SIZE, .seed = seed};
	h->list = xcalloc(h->size, sizeof *h->list);
	h->buckets = xmalloc(h->size * sizeof *h->buckets);
	memset(h->buckets, 0xff, h->size * sizeof *h->buckets);
}

void hosts_release(struct hosts *h)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (h->list[i].owned)
			free((void *)h->list[i].name.data);
	free(h->list);
	free(h->buckets);
	*h = (struct hosts){0};
}

static uint32_t find(const struct hosts *h, struct slice name, uint32_t hash)
{
	uint32_t i = h->buckets[hash & (h->size - 1)];
	while (i != HOSTS_NONE && (h->list[i].hash != hash ||
				   !slice_equal_nocase(h->list[i].name, name)))
		i = h->list[i].chain;
	return i;
}

uint32_t hosts_find(const struct hosts *h, struct slice name)
{
	return find(h, name, name_hash(name, h->seed));
}

static void link_host(struct hosts *h, uint32_t i)
{
	uint32_t *bucket = &h->buckets[h->list[i].hash & (h->size - 1)];
	h->list[i].chain = *bucket;
	*bucket = i;
}

static void grow(struct hosts *h)
{
	h->size *= 2;
	h->list = xreallocarray(h->list, h->size, sizeof *h->list);
	h->buckets = xreallocarray(h->buckets, h->size, sizeof *h->buckets);
	memset(h->buckets, 0xff, h->size * sizeof *h->buckets);
	for (uint32_t i = 0; i < h->count; i++)
		link_host(h, i);
}

uint32_t hosts_add(struct hosts *h, struct slice name, bool copy)
{
	uint32_t hash = name_hash(name, h->seed);
	uint32_t i = find(h, name, hash);
	if (i != HOSTS_NONE)
		return i;
	if (h->count == h->size)
		grow(h);
	if (copy) {
		struct buf own = {0};
		buf_add(&own, name);
		name = buf_slice(&own);
	}
	i = h->count++;
	h->list[i] = (struct host){
	    .name = name, .first = HOSTS_NONE, .hash = hash, .owned = copy};
	link_host(h, i);
	return i;
}

uint32_t hosts_find_address(const struct hosts *h, const struct address *a)
{
	struct buf text = {0};
	address_print(&text, a);
	uint32_t i = hosts_find(h, buf_slice(&text));
	buf_release(&text);
	return i;
}

uint32_t hosts_add_address(struct hosts *h, const struct address *a)
{
	struct buf text = {0};
	address_print(&text, a);
	uint32_t i = hosts_add(h, buf_slice(&text), true);
	buf_release(&text);
	return i;
}
