/* Each client's place among repeated answers (P12): which exchanges it was
 * given in this run. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 4096
#define CLIENTS_MIN 16
#define MEMORY_MAX (64U << 20)
#define NONE UINT32_MAX
#define SHORTCUTS 16 /* a power of two */

struct place_of {
	struct address address;
	uint64_t used; /* when: see places.clock */
	uint32_t chain;
	uint64_t *given; /* a bit an exchange */
	struct {
		uint64_t walk;
		uint32_t exchange;
		bool known;
	} shortcuts[SHORTCUTS];
};

struct places {
	size_t words; /* of given */
	uint64_t clock;
	uint32_t count, max;
	struct place_of *clients;
	uint32_t buckets[CLIENTS_MAX];
};

struct places *places_new(size_t exchanges)
{
	struct places *p = xcalloc(1, sizeof *p);
	p->words = exchanges / 64 + 1;
	size_t max = MEMORY_MAX / (p->words * 8 + sizeof *p->clients);
	if (max < CLIENTS_MIN)
		max = CLIENTS_MIN;
	p->max = max < CLIENTS_MAX ? (uint32_t)max : CLIENTS_MAX;
	memset(p->buckets, 0xff, sizeof p->buckets);
	return p;
}

void places_reset(struct places *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		free(p->clients[i].given);
	p->count = 0;
	memset(p->buckets, 0xff, sizeof p->buckets);
}

void places_forget_shortcuts(struct places *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		memset(p->clients[i].shortcuts, 0,
		       sizeof p->clients[i].shortcuts);
}

void places_free(struct places *p)
{
	if (!p)
		return;
	places_reset(p);
	free(p->clients);
	free(p);
}

/* Nobody chooses the addresses of clients that reach a lab: no seed. */
static uint32_t *bucket_of(struct places *p, const struct address *client)
{
	uint64_t hash =
	    slice_hash((struct slice){client->bytes, sizeof client->bytes}, 0);
	return &p->buckets[(hash >> 32) % CLIENTS_MAX];
}

static void unlink_client(struct places *p, uint32_t i)
{
	uint32_t *link = bucket_of(p, &p->clients[i].address);
	while (*link != i)
		link = &p->clients[*link].chain;
	*link = p->clients[i].chain;
}

/* The place of the client that asked longest ago, taken from it. */
static uint32_t take_oldest(struct places *p)
{
	uint32_t oldest = 0;
	for (uint32_t i = 1; i < p->count; i++)
		if (p->clients[i].used < p->clients[oldest].used)
			oldest = i;
	unlink_client(p, oldest);
	return oldest;
}

static struct place_of *place_add(struct places *p,
				  const struct address *client)
{
	uint32_t i;
	uint64_t *given;
	if (p->count < p->max) {
		if (!(p->count & (p->count - 1)))
			p->clients = xreallocarray(p->clients, p->count * 2 + 1,
						   sizeof *p->clients);
		i = p->count++;
		given = xcalloc(p->words, sizeof *given);
	} else {
		i = take_oldest(p);
		given = p->clients[i].given;
		memset(given, 0, p->words * sizeof *given);
	}
	uint32_t *bucket = bucket_of(p, client);
	p->clients[i] = (struct place_of){
	    .address = *client, .chain = *bucket, .given = given};
	*bucket = i;
	return &p->clients[i];
}

struct place_of *place_find(struct places *p, const struct address *client)
{
	struct place_of *c = NULL;
	uint32_t i = *bucket_of(p, client);
	while (i != NONE && !address_equal(&p->clients[i].address, client))
		i = p->clients[i].chain;
	c = i == NONE ? place_add(p, client) : &p->clients[i];
	c->used = ++p->clock;
	return c;
}

bool place_given(const struct place_of *c, uint32_t exchange)
{
	return c->given[exchange / 64] >> exchange % 64 & 1;
}

void place_give(struct place_of *c, uint32_t exchange)
{
	c->given[exchange / 64] |= (uint64_t)1 << exchange % 64;
}

void place_take_back(struct place_of *c, uint32_t exchange)
{
	c->given[exchange / 64] &= ~((uint64_t)1 << exchange % 64);
}

/* walk numbers are made of indices: spread them. */
static size_t shortcut_of(uint64_t walk)
{
	return walk * 0x9e3779b97f4a7c15U >> 60;
}

uint32_t place_resume(const struct place_of *c, uint64_t walk, uint32_t none)
{
	size_t i = shortcut_of(walk);
	return c->shortcuts[i].known && c->shortcuts[i].walk == walk
		   ? c->shortcuts[i].exchange
		   : none;
}

void place_set_resume(struct place_of *c, uint64_t walk, uint32_t exchange)
{
	size_t i = shortcut_of(walk);
	c->shortcuts[i].walk = walk;
	c->shortcuts[i].exchange = exchange;
	c->shortcuts[i].known = true;
}
