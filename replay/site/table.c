/* Exchanges found by what was asked for; the hosts. */
#include "table.h"

#include "capture/log.h"
#include "rewrite/apply.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Exchanges by their keys under the rules: a second index beside that of the
 * entries, only if there are target rules. */
struct ruled {
	struct slice *targets; /* owned; data NULL: as recorded */
	uint32_t *buckets;
	struct ruled_link {
		uint32_t hash, chain, next; /* as in struct entry */
	} * links;
};

#define AHEAD 16 /* exchanges of which memory is fetched before their turn */

struct table {
	atomic_size_t holders;
	struct entries entries;
	uint32_t mask;      /* of both bucket arrays */
	uint32_t *buckets;  /* first exchange of the first key */
	uint32_t *near;     /* the same for near matches */
	struct ruled ruled; /* {0} without target rules */
};

size_t table_count(const struct table *t)
{
	return t->entries.count;
}

const struct entry *table_entry(const struct table *t, uint32_t i)
{
	return &t->entries.list[i];
}

const struct exchange *table_exchange(const struct table *t, uint32_t i)
{
	return &t->entries.exchanges[i];
}

struct url table_url(const struct table *t, uint32_t i)
{
	struct url u = exchange_url(table_exchange(t, i));
	u.host = t->entries.hosts.list[t->entries.list[i].host].name;
	return u;
}

bool table_ruled(const struct table *t)
{
	return t->ruled.targets;
}

/* What the rules made of the target that was recorded. */
static struct slice ruled_target(const struct table *t, uint32_t i,
				 struct slice recorded)
{
	if (t->ruled.targets && t->ruled.targets[i].data)
		return t->ruled.targets[i];
	return recorded;
}

struct slice table_target(const struct table *t, uint32_t i)
{
	return ruled_target(t, i, exchange_url(table_exchange(t, i)).target);
}

uint32_t table_host(const struct table *t, struct slice host)
{
	return hosts_find(&t->entries.hosts, host);
}

size_t table_hosts(const struct table *t)
{
	return t->entries.hosts.count;
}

uint32_t table_host_first(const struct table *t, uint32_t host)
{
	return t->entries.hosts.list[host].first;
}

uint32_t table_at(const struct table *t, const struct address *server)
{
	return residents_at(&t->entries.residents, server);
}

uint32_t table_next_at(const struct table *t, uint32_t at)
{
	return t->entries.residents.list[at].next;
}

uint32_t table_host_at(const struct table *t, uint32_t at)
{
	return t->entries.residents.list[at].host;
}

const uint8_t *table_body(const struct table *t, uint32_t i)
{
	return entries_body(&t->entries, i);
}

static bool same_body(const uint8_t *a, const uint8_t *b)
{
	return a && b ? !memcmp(a, b, DIGEST_LEN) : a == b;
}

/* But for the target. */
static bool has_rest(const struct table *t, uint32_t i, const struct key *k)
{
	const struct exchange *e = table_exchange(t, i);
	return t->entries.list[i].host == k->host &&
	       slice_equal(exchange_method(e), k->method) &&
	       same_body(table_body(t, i), k->body) &&
	       slice_same(entries_range(&t->entries, i), k->range);
}

static bool has_key(const struct table *t, uint32_t i, const struct key *k,
		    uint32_t hash)
{
	return t->entries.list[i].hash == hash &&
	       slice_equal(exchange_url(table_exchange(t, i)).target,
			   k->target) &&
	       has_rest(t, i, k);
}

static bool has_ruled_key(const struct table *t, uint32_t i,
			  const struct key *k, uint32_t hash)
{
	return t->ruled.links[i].hash == hash &&
	       slice_equal(table_target(t, i), k->target) && has_rest(t, i, k);
}

/* The link that points at the first exchange of the key, or that ends its
 * bucket. */
static uint32_t *key_link(struct table *t, const struct key *k, uint32_t hash)
{
	uint32_t *link = &t->buckets[hash & t->mask];
	while (*link != TABLE_NONE && !has_key(t, *link, k, hash))
		link = &t->entries.list[*link].chain;
	return link;
}

uint32_t table_find(const struct table *t, const struct key *key)
{
	uint32_t hash = key_hash(&t->entries, key);
	uint32_t i = t->buckets[hash & t->mask];
	while (i != TABLE_NONE && !has_key(t, i, key, hash))
		i = t->entries.list[i].chain;
	return i;
}

uint32_t table_find_ruled(const struct table *t, const struct key *key)
{
	uint32_t hash = key_hash(&t->entries, key);
	uint32_t i = t->ruled.buckets[hash & t->mask];
	while (i != TABLE_NONE && !has_ruled_key(t, i, key, hash))
		i = t->ruled.links[i].chain;
	return i;
}

uint32_t table_next_ruled(const struct table *t, uint32_t i)
{
	return t->ruled.links[i].next;
}

static bool is_near(const struct table *t, uint32_t i, uint32_t hash,
		    struct slice method, uint32_t host, struct slice path)
{
	const struct entry *n = &t->entries.list[i];
	return n->near_hash == hash && n->host == host &&
	       slice_equal(exchange_method(table_exchange(t, i)), method) &&
	       slice_equal(url_path(table_target(t, i)), path);
}

uint32_t table_near(const struct table *t, struct slice method, uint32_t host,
		    struct slice path)
{
	uint32_t hash = near_hash(&t->entries, method, host, path);
	uint32_t i = t->near[hash & t->mask];
	while (i != TABLE_NONE && !is_near(t, i, hash, method, host, path))
		i = t->entries.list[i].near_chain;
	return i;
}

/* Exchanges are added last one first, so that each stands before those of its
 * key that came later. */
static void link_exchange(struct table *t, uint32_t i)
{
	struct entry *n = &t->entries.list[i];
	uint32_t *link = &t->buckets[n->hash & t->mask];
	if (*link != TABLE_NONE) {
		struct slice target = exchange_url(table_exchange(t, i)).target;
		struct key k = entries_key(&t->entries, i, target);
		link = key_link(t, &k, n->hash);
	}
	n->next = *link;
	n->chain =
	    *link == TABLE_NONE ? TABLE_NONE : t->entries.list[*link].chain;
	*link = i;

	link = &t->near[n->near_hash & t->mask];
	if (*link != TABLE_NONE) {
		struct slice method = exchange_method(table_exchange(t, i));
		struct slice path = url_path(table_target(t, i));
		while (*link != TABLE_NONE &&
		       !is_near(t, *link, n->near_hash, method, n->host, path))
			link = &t->entries.list[*link].near_chain;
	}
	n->near_next = *link;
	n->near_chain = *link == TABLE_NONE ? TABLE_NONE
					    : t->entries.list[*link].near_chain;
	*link = i;
	t->entries.hosts.list[n->host].first = i;
}

static void link_all(struct table *t)
{
	for (uint32_t i = t->entries.count; i-- > 0;) {
		if (i >= AHEAD) {
			const struct entry *soon = &t->entries.list[i - AHEAD];
			__builtin_prefetch(&t->buckets[soon->hash & t->mask]);
			__builtin_prefetch(&t->near[soon->near_hash & t->mask]);
		}
		link_exchange(t, i);
	}
}

static uint32_t *new_buckets(size_t count)
{
	uint32_t *buckets = xmalloc(count * sizeof *buckets);
	expect_full(buckets, count * sizeof *buckets);
	memset(buckets, 0xff, count * sizeof *buckets);
	return buckets;
}

static void link_ruled(struct table *t, uint32_t i)
{
	struct key k = entries_key(&t->entries, i, table_target(t, i));
	struct ruled_link *n = &t->ruled.links[i];
	n->hash = key_hash(&t->entries, &k);
	uint32_t *link = &t->ruled.buckets[n->hash & t->mask];
	while (*link != TABLE_NONE && !has_ruled_key(t, *link, &k, n->hash))
		link = &t->ruled.links[*link].chain;
	n->next = *link;
	n->chain =
	    *link == TABLE_NONE ? TABLE_NONE : t->ruled.links[*link].chain;
	*link = i;
}

/* Data NULL: as recorded. */
static struct slice ruled_target_of(const struct exchange *e,
				    const struct rules *rules,
				    struct matcher *m)
{
	struct buf made = {0};
	struct url u = exchange_url(e);
	struct subject s = {.method = exchange_method(e),
			    .host = u.host,
			    .target = u.target,
			    .https = u.https};
	if (!apply_target(rules, m, &s, &made))
		return (struct slice){0};
	buf_add_byte(&made, 0); /* so that an empty one is there too */
	return slice_to(buf_slice(&made), made.len - 1);
}

static struct slice *ruled_targets(const struct recording *r,
				   const struct rules *rules)
{
	struct matcher *m = matcher_new();
	struct slice *targets = xcalloc(r->count + 1, sizeof *targets);
	for (size_t i = 0; i < r->count; i++)
		targets[i] = ruled_target_of(&r->exchanges[i], rules, m);
	matcher_free(m);
	return targets;
}

static void link_all_ruled(struct table *t)
{
	t->ruled.buckets = new_buckets((size_t)t->mask + 1);
	t->ruled.links =
	    xcalloc((size_t)t->entries.count + 1, sizeof *t->ruled.links);
	for (uint32_t i = t->entries.count; i-- > 0;)
		link_ruled(t, i);
}

struct table *table_new(const struct recording *recording,
			const struct rules *rules)
{
	if (recording->count >= TABLE_NONE / 2)
		log_fatal("too many exchanges to serve: %zu", recording->count);
	struct table *t = xcalloc(1, sizeof *t);
	uint32_t count = (uint32_t)recording->count;
	atomic_init(&t->holders, 1);
	if (rules && rules->has_targets)
		t->ruled.targets = ruled_targets(recording, rules);
	entries_describe(&t->entries, recording->exchanges, count,
			 t->ruled.targets);
	size_t size = 64;
	while (size < count)
		size *= 2;
	t->mask = (uint32_t)size - 1;
	t->buckets = new_buckets(size);
	t->near = new_buckets(size);
	link_all(t);
	if (t->ruled.targets)
		link_all_ruled(t);
	return t;
}

struct table *table_hold(struct table *t)
{
	atomic_fetch_add(&t->holders, 1);
	return t;
}

static void ruled_release(struct ruled *r, uint32_t count)
{
	for (uint32_t i = 0; r->targets && i < count; i++)
		free((void *)r->targets[i].data);
	free(r->targets);
	free(r->buckets);
	free(r->links);
}

void table_free(struct table *t)
{
	if (!t || atomic_fetch_sub(&t->holders, 1) > 1)
		return;
	ruled_release(&t->ruled, t->entries.count);
	free(t->buckets);
	free(t->near);
	entries_release(&t->entries);
	free(t);
}

void table_ports(const struct table *t, bool ports[UINT16_MAX + 1])
{
	for (uint32_t i = 0; i < t->entries.count; i++) {
		ports[t->entries.list[i].port] = true;
		ports[exchange_server(table_exchange(t, i))->port] = true;
	}
}

bool table_https(const struct table *t)
{
	uint32_t i = 0;
	while (i < t->entries.count && !t->entries.list[i].https)
		i++;
	return i < t->entries.count;
}
