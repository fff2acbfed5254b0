/* Certificates of TLS servers, each kept once, and who showed them. */
#include "certificates.h"

#include "spool.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#define NAME_MAX_LEN 255U /* RFC 1035 2.3.4; a longer one names nobody */

/* An entry is found by its key: a certificate by itself, a server by its name
 * in lower case or by its address. */
struct entry {
	struct slice key;
	struct slice der;
};

/* Open addressing, at most half full. */
struct index {
	struct entry *entries;
	uint32_t mask, count;
};

struct certificates {
	struct index all, servers;
	struct spool *spool; /* what both point into */
	uint64_t bytes;
	uint64_t seed;
	pthread_mutex_t lock; /* while they are kept */
};

/* ---- index ---- */

static struct entry *index_place(const struct index *x, struct slice key,
				 uint64_t seed)
{
	uint32_t i = (uint32_t)slice_hash(key, seed) & x->mask;
	while (x->entries[i].key.data && !slice_equal(x->entries[i].key, key))
		i = (i + 1) & x->mask;
	return &x->entries[i];
}

static void index_init(struct index *x, uint32_t size)
{
	x->mask = size - 1;
	x->entries = xcalloc(size, sizeof *x->entries);
}

static void index_grow(struct index *x, uint64_t seed)
{
	struct index more = {.count = x->count};
	index_init(&more, (x->mask + 1) * 2);
	for (uint32_t i = 0; i <= x->mask; i++)
		if (x->entries[i].key.data)
			*index_place(&more, x->entries[i].key, seed) =
			    x->entries[i];
	free(x->entries);
	*x = more;
}

static void index_fill(struct index *x, struct entry *place, struct entry entry,
		       uint64_t seed)
{
	*place = entry;
	if (++x->count > x->mask / 2)
		index_grow(x, seed);
}

/* ---- all ---- */

struct certificates *certificates_new(void)
{
	struct certificates *c = xcalloc(1, sizeof *c);
	index_init(&c->all, 64);
	index_init(&c->servers, 64);
	c->spool = spool_new();
	pthread_mutex_init(&c->lock, NULL);
	/* A capture must not be able to choose its collisions. */
	if (getrandom(&c->seed, sizeof c->seed, GRND_NONBLOCK) < 0)
		c->seed = (uintptr_t)c;
	return c;
}

void certificates_free(struct certificates *c)
{
	if (!c)
		return;
	free(c->all.entries);
	free(c->servers.entries);
	spool_free(c->spool);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct slice copy(struct certificates *c, struct slice bytes)
{
	const uint8_t *data = spool_put(c->spool, bytes, 0);
	return (struct slice){data, data ? bytes.len : 0};
}

static struct slice keep(struct certificates *c, struct slice der)
{
	struct entry *place = index_place(&c->all, der, c->seed);
	if (place->key.data)
		return place->key;
	if (c->all.count == CERTIFICATES_MAX ||
	    der.len > CERTIFICATES_BYTES_MAX - c->bytes)
		return (struct slice){0};
	struct slice kept = copy(c, der);
	c->bytes += kept.len;
	if (kept.len)
		index_fill(&c->all, place, (struct entry){kept, kept}, c->seed);
	return kept;
}

struct slice certificates_keep(struct certificates *c, struct slice der)
{
	if (!der.len || der.len > CERTIFICATE_MAX)
		return (struct slice){0};
	pthread_mutex_lock(&c->lock);
	struct slice kept = keep(c, der);
	pthread_mutex_unlock(&c->lock);
	return kept;
}

/* ---- servers ---- */

/* No name begins as an address does: NUL. Empty: it stands for nobody. */
static void make_key(struct buf *key, struct slice name,
		     const struct address *address)
{
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len > NAME_MAX_LEN || (!name.len && !address->version))
		return;
	if (name.len) {
		buf_add_byte(key, 1);
		buf_add_lower(key, name);
		return;
	}
	buf_add_byte(key, 0);
	buf_add_byte(key, address->version);
	buf_add(key, (struct slice){address->bytes, sizeof address->bytes});
}

void certificates_note(struct certificates *c, struct slice name,
		       const struct address *address, struct slice kept)
{
	struct buf key = {0};
	make_key(&key, name, address);
	struct entry *place =
	    index_place(&c->servers, buf_slice(&key), c->seed);
	if (key.len && kept.len && !place->key.data &&
	    c->servers.count < CERTIFICATES_SERVERS_MAX) {
		struct slice own = copy(c, buf_slice(&key));
		if (own.data)
			index_fill(&c->servers, place,
				   (struct entry){own, kept}, c->seed);
	}
	buf_release(&key);
}

struct slice certificates_find(const struct certificates *c, struct slice name,
			       const struct address *address)
{
	struct buf key = {0};
	make_key(&key, name, address);
	struct slice der =
	    index_place(&c->servers, buf_slice(&key), c->seed)->der;
	if (!der.len && name.len) {
		buf_clear(&key);
		make_key(&key, (struct slice){0}, address);
		der = index_place(&c->servers, buf_slice(&key), c->seed)->der;
	}
	buf_release(&key);
	return der;
}
