/* Which hosts were recorded at which server address.
 *
 * One address may have a hundred thousand hosts, one host as many addresses,
 * and captures are hostile: pairs have buckets of their own, so that none of
 * the two is walked to see whether a pair is known. */
#include "residents.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

static uint32_t address_hash(const struct residents *r, const struct address *a)
{
	struct slice bytes = {a->bytes, sizeof a->bytes};
	return (uint32_t)(slice_hash(bytes, r->seed ^ a->version) >> 32);
}

static uint32_t *address_bucket(const struct residents *r,
				const struct address *a)
{
	return &r->addresses[address_hash(r, a) & (r->size - 1)];
}

static uint32_t *pair_bucket(const struct residents *r, const struct address *a,
			     uint32_t host)
{
	struct slice bytes = {a->bytes, sizeof a->bytes};
	uint64_t seed = r->seed ^ (uint64_t)host << 8 ^ a->version;
	return &r->pairs[slice_hash(bytes, seed) >> 32 & (r->size - 1)];
}

static void make_buckets(struct residents *r)
{
	size_t bytes = r->size * sizeof(uint32_t);
	r->list = xreallocarray(r->list, r->size, sizeof *r->list);
	r->pairs = xreallocarray(r->pairs, r->size, sizeof *r->pairs);
	r->addresses =
	    xreallocarray(r->addresses, r->size, sizeof *r->addresses);
	memset(r->pairs, 0xff, bytes);
	memset(r->addresses, 0xff, bytes);
}

void residents_init(struct residents *r, uint64_t seed)
{
	*r = (struct residents){.size = FIRST_SIZE, .seed = seed};
	make_buckets(r);
}

void residents_release(struct residents *r)
{
	free(r->list);
	free(r->pairs);
	free(r->addresses);
	*r = (struct residents){0};
}

static bool is_pair(const struct residents *r, uint32_t i,
		    const struct address *address, uint32_t host)
{
	return r->list[i].host == host &&
	       address_equal(&r->list[i].address, address);
}

uint32_t residents_at(const struct residents *r, const struct address *address)
{
	uint32_t i = *address_bucket(r, address);
	while (i != RESIDENTS_NONE &&
	       !address_equal(&r->list[i].address, address))
		i = r->list[i].up_chain;
	return i;
}

/* Puts entry i, the next one, behind the others of its address. */
static void link_resident(struct residents *r, uint32_t i)
{
	struct resident *new = &r->list[i];
	uint32_t first = residents_at(r, &new->address);
	uint32_t *bucket = pair_bucket(r, &new->address, new->host);
	new->next = RESIDENTS_NONE;
	new->last = i;
	new->chain = *bucket;
	*bucket = i;
	if (first != RESIDENTS_NONE) {
		r->list[r->list[first].last].next = i;
		r->list[first].last = i;
		return;
	}
	bucket = address_bucket(r, &new->address);
	new->up_chain = *bucket;
	*bucket = i;
}

static void grow(struct residents *r)
{
	r->size *= 2;
	make_buckets(r);
	for (uint32_t i = 0; i < r->count; i++)
		link_resident(r, i);
}

void residents_add(struct residents *r, const struct address *address,
		   uint32_t host)
{
	/* most come over the connection of the one before */
	if (r->count && is_pair(r, r->latest, address, host))
		return;
	uint32_t i = *pair_bucket(r, address, host);
	while (i != RESIDENTS_NONE && !is_pair(r, i, address, host))
		i = r->list[i].chain;
	r->latest = i;
	if (i != RESIDENTS_NONE)
		return;
	if (r->count == r->size)
		grow(r);
	r->latest = r->count++;
	r->list[r->latest] =
	    (struct resident){.address = *address, .host = host};
	link_resident(r, r->latest);
}
