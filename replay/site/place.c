/* Each client's place among repeated answers (P12): which exchanges it was
 * given in this run. */
#include "place.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 4096
#define CLIENTS_MIN 16
#define MEMORY_MAX (64U << 20)
#define NONE UINT32_MAX
#define SHORTCUTS 16 /* a power of two */

/* A client's bits, shared. Never freed while places are in use: at most written
 * over for another client, in another life. */
struct slot {
	atomic_uint life;
	_Atomic uint64_t used; /* when: see rolls.clock */
	/* under the lock */
	struct address address;
	bool dead; /* nobody's */
	uint32_t chain;

	_Atomic uint64_t given[]; /* a bit an exchange */
};

/* What all threads share. */
struct rolls {
	pthread_mutex_t lock;
	size_t words; /* of given */
	/* Counts clients that were added, not requests: all threads read it for
	 * each of those. */
	_Atomic uint64_t clock;
	uint32_t count, max, dead;
	struct places *threads;
	struct slot *slots[CLIENTS_MAX];
	uint32_t buckets[CLIENTS_MAX];
};

/* A thread's own knowledge of one client. */
struct place_of {
	struct slot *slot;
	unsigned life; /* of the slot, when it was this client's */
	bool listed;
	uint32_t chain;
	struct address address;
	uint32_t promised;
	struct {
		uint64_t walk;
		uint32_t exchange;
		bool known;
	} shortcuts[SHORTCUTS];
};

struct places {
	_Atomic(struct slot *) in_use; /* not to be written over */
	struct rolls *rolls;
	struct places *next;
	struct place_of *known[CLIENTS_MAX]; /* by slot; NULL: not yet */
	uint32_t buckets[CLIENTS_MAX];
};

static struct places *add_thread(struct rolls *r)
{
	struct places *p = xcalloc(1, sizeof *p);
	memset(p->buckets, 0xff, sizeof p->buckets);
	p->rolls = r;
	p->next = r->threads;
	r->threads = p;
	return p;
}

struct places *places_new(size_t exchanges)
{
	struct rolls *r = xcalloc(1, sizeof *r);
	pthread_mutex_init(&r->lock, NULL);
	r->words = exchanges / 64 + 1;
	size_t max = MEMORY_MAX / (r->words * 8 + sizeof(struct slot));
	if (max < CLIENTS_MIN)
		max = CLIENTS_MIN;
	r->max = max < CLIENTS_MAX ? (uint32_t)max : CLIENTS_MAX;
	memset(r->buckets, 0xff, sizeof r->buckets);
	return add_thread(r);
}

/* Each thread may keep one slot from being written over. */
struct places *places_beside(struct places *p)
{
	struct rolls *r = p->rolls;
	pthread_mutex_lock(&r->lock);
	struct places *beside = add_thread(r);
	r->max += r->max < CLIENTS_MAX;
	pthread_mutex_unlock(&r->lock);
	return beside;
}

/* Nobody chooses the addresses of clients that reach a lab: no seed. */
static uint32_t bucket_of(const struct address *client)
{
	uint64_t hash =
	    slice_hash((struct slice){client->bytes, sizeof client->bytes}, 0);
	return (hash >> 32) % CLIENTS_MAX;
}

/* ---- what is shared; under the lock ---- */

static void rolls_free(struct rolls *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		free(r->slots[i]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* From here on whoever comes to the slot sees that it is another's. */
static void slot_kill(struct rolls *r, struct slot *s)
{
	s->dead = true;
	r->dead++;
	atomic_fetch_add(&s->life, 1);
}

void places_reset(struct places *p)
{
	struct rolls *r = p->rolls;
	pthread_mutex_lock(&r->lock);
	memset(r->buckets, 0xff, sizeof r->buckets);
	for (uint32_t i = 0; i < r->count; i++)
		if (!r->slots[i]->dead)
			slot_kill(r, r->slots[i]);
	pthread_mutex_unlock(&r->lock);
}

static bool in_use(const struct rolls *r, const struct slot *s)
{
	const struct places *p = r->threads;
	while (p && atomic_load(&p->in_use) != s)
		p = p->next;
	return p;
}

static uint32_t find_dead(const struct rolls *r)
{
	uint32_t i = 0;
	if (!r->dead)
		return NONE;
	while (i < r->count && (!r->slots[i]->dead || in_use(r, r->slots[i])))
		i++;
	return i < r->count ? i : NONE;
}

static uint64_t last_used(const struct slot *s)
{
	return atomic_load_explicit(&s->used, memory_order_relaxed);
}

static void kill_oldest(struct rolls *r)
{
	struct slot *oldest = NULL;
	uint32_t at = 0;
	for (uint32_t i = 0; i < r->count; i++) {
		struct slot *s = r->slots[i];
		if (s->dead || (oldest && last_used(s) >= last_used(oldest)) ||
		    in_use(r, s))
			continue;
		oldest = s;
		at = i;
	}
	if (!oldest)
		return;
	uint32_t *link = &r->buckets[bucket_of(&oldest->address)];
	while (*link != at)
		link = &r->slots[*link]->chain;
	*link = oldest->chain;
	slot_kill(r, oldest);
}

/* A slot for a new client, with its bits clear. A thread may come to the oldest
 * just before it is killed: then the next is taken. */
static uint32_t slot_free(struct rolls *r)
{
	uint32_t i = find_dead(r);
	if (i == NONE && r->count < r->max) {
		i = r->count++;
		r->slots[i] =
		    xcalloc(1, sizeof **r->slots + r->words * sizeof(uint64_t));
		return i;
	}
	while (i == NONE) {
		kill_oldest(r);
		i = find_dead(r);
	}
	r->slots[i]->dead = false;
	r->dead--;
	memset((void *)r->slots[i]->given, 0, r->words * sizeof(uint64_t));
	return i;
}

static uint32_t slot_find(struct rolls *r, const struct address *client)
{
	uint32_t *bucket = &r->buckets[bucket_of(client)];
	uint32_t i = *bucket;
	while (i != NONE && !address_equal(&r->slots[i]->address, client))
		i = r->slots[i]->chain;
	if (i != NONE)
		return i;
	i = slot_free(r);
	r->slots[i]->address = *client;
	r->slots[i]->chain = *bucket;
	*bucket = i;
	atomic_fetch_add_explicit(&r->clock, 1, memory_order_relaxed);
	return i;
}

/* ---- what a thread knows ---- */

void places_forget_shortcuts(struct places *p)
{
	for (uint32_t i = 0; i < CLIENTS_MAX; i++)
		if (p->known[i])
			memset(p->known[i]->shortcuts, 0,
			       sizeof p->known[i]->shortcuts);
}

void places_free(struct places *p)
{
	if (!p)
		return;
	struct rolls *r = p->rolls;
	struct places **link = &r->threads;
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	if (!r->threads)
		rolls_free(r);
	for (uint32_t i = 0; i < CLIENTS_MAX; i++)
		free(p->known[i]);
	free(p);
}

static void unlist(struct places *p, struct place_of *c)
{
	uint32_t *link = &p->buckets[bucket_of(&c->address)];
	if (!c->listed)
		return;
	while (p->known[*link] != c)
		link = &p->known[*link]->chain;
	*link = c->chain;
	c->listed = false;
}

static void list(struct places *p, struct place_of *c, uint32_t i)
{
	uint32_t *bucket = &p->buckets[bucket_of(&c->address)];
	c->chain = *bucket;
	c->listed = true;
	*bucket = i;
}

/* As the others have it. */
static struct place_of *ask_rolls(struct places *p,
				  const struct address *client)
{
	struct rolls *r = p->rolls;
	pthread_mutex_lock(&r->lock);
	atomic_store(&p->in_use, NULL);
	uint32_t i = slot_find(r, client);
	struct slot *s = r->slots[i];
	unsigned life = atomic_load(&s->life);
	atomic_store(&p->in_use, s);
	pthread_mutex_unlock(&r->lock);

	struct place_of *c = p->known[i];
	if (c)
		unlist(p, c);
	else
		c = p->known[i] = xcalloc(1, sizeof *c);
	*c = (struct place_of){.slot = s, .life = life, .address = *client};
	list(p, c, i);
	return c;
}

/* Whether the slot is still the client's. Once it is in use it stays as it is:
 * who writes over it ends its life first, and then looks whether it is. */
static bool enter(struct places *p, const struct place_of *c)
{
	if (atomic_load_explicit(&p->in_use, memory_order_relaxed) != c->slot)
		atomic_store(&p->in_use, c->slot);
	return atomic_load(&c->slot->life) == c->life;
}

struct place_of *place_find(struct places *p, const struct address *client)
{
	uint32_t i = p->buckets[bucket_of(client)];
	while (i != NONE && !address_equal(&p->known[i]->address, client))
		i = p->known[i]->chain;
	struct place_of *c = i == NONE ? NULL : p->known[i];
	if (c && !enter(p, c)) {
		unlist(p, c);
		c = NULL;
	}
	if (!c)
		c = ask_rolls(p, client);
	c->promised = NONE;
	uint64_t now =
	    atomic_load_explicit(&p->rolls->clock, memory_order_relaxed);
	if (last_used(c->slot) != now)
		atomic_store_explicit(&c->slot->used, now,
				      memory_order_relaxed);
	return c;
}

static uint64_t bit_of(uint32_t exchange)
{
	return (uint64_t)1 << exchange % 64;
}

bool place_given(const struct place_of *c, uint32_t exchange)
{
	return atomic_load_explicit(&c->slot->given[exchange / 64],
				    memory_order_relaxed) &
	       bit_of(exchange);
}

void place_promise(struct place_of *c, uint32_t exchange)
{
	c->promised = exchange;
}

/* Most were given before: what is not written to, each core may keep. */
bool place_give(struct place_of *c, uint32_t exchange)
{
	bool before =
	    place_given(c, exchange) ||
	    (atomic_fetch_or_explicit(&c->slot->given[exchange / 64],
				      bit_of(exchange), memory_order_relaxed) &
	     bit_of(exchange));
	return !before || c->promised != exchange;
}

void place_take_back(struct place_of *c, uint32_t exchange)
{
	atomic_fetch_and_explicit(&c->slot->given[exchange / 64],
				  ~bit_of(exchange), memory_order_relaxed);
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
