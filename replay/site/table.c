/* Exchanges found by what was asked for; the hosts. */
#include "table.h"

#include "capture/log.h"
#include "hosts.h"
#include "residents.h"
#include "traits.h"

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
#define EXPECTED 512 /* bytes of a head */

struct table {
	atomic_size_t holders;
	const struct exchange *exchanges;
	struct entry *entries;
	uint32_t count;
	uint32_t mask;     /* of both bucket arrays */
	uint32_t *buckets; /* first exchange of the first key */
	uint32_t *near;    /* the same for near matches */
	uint64_t seed;     /* captures are hostile: they could collide */
	uint8_t (*bodies)[DIGEST_LEN];
	uint32_t body_count, body_room;
	struct hosts hosts;
	struct residents residents;
	struct ruled ruled; /* {0} without target rules */
};

size_t table_count(const struct table *t)
{
	return t->count;
}

const struct entry *table_entry(const struct table *t, uint32_t i)
{
	return &t->entries[i];
}

const struct exchange *table_exchange(const struct table *t, uint32_t i)
{
	return &t->exchanges[i];
}

struct url table_url(const struct table *t, uint32_t i)
{
	struct url u = exchange_url(&t->exchanges[i]);
	u.host = t->hosts.list[t->entries[i].host].name;
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
	return ruled_target(t, i, exchange_url(&t->exchanges[i]).target);
}

uint32_t table_host(const struct table *t, struct slice host)
{
	return hosts_find(&t->hosts, host);
}

size_t table_hosts(const struct table *t)
{
	return t->hosts.count;
}

uint32_t table_host_first(const struct table *t, uint32_t host)
{
	return t->hosts.list[host].first;
}

uint32_t table_at(const struct table *t, const struct address *server)
{
	return residents_at(&t->residents, server);
}

uint32_t table_next_at(const struct table *t, uint32_t at)
{
	return t->residents.list[at].next;
}

uint32_t table_host_at(const struct table *t, uint32_t at)
{
	return t->residents.list[at].host;
}

const uint8_t *table_body(const struct table *t, uint32_t i)
{
	uint32_t body = t->entries[i].body;
	return body == TABLE_NONE ? NULL : t->bodies[body];
}

static uint32_t key_hash(const struct table *t, const struct key *k)
{
	uint64_t h = slice_hash(k->method, t->seed ^ k->host);
	h = slice_hash(k->target, h);
	if (k->range.data)
		h = slice_hash(k->range, h);
	if (k->body)
		h = slice_hash((struct slice){k->body, DIGEST_LEN}, h);
	return (uint32_t)(h >> 32);
}

static uint32_t near_hash(const struct table *t, struct slice method,
			  uint32_t host, struct slice path)
{
	uint64_t h = slice_hash(method, t->seed ^ ~(uint64_t)host);
	return (uint32_t)(slice_hash(path, h) >> 32);
}

static bool same_body(const uint8_t *a, const uint8_t *b)
{
	return a && b ? !memcmp(a, b, DIGEST_LEN) : a == b;
}

/* The head is read again only where there is something to find. */
static struct slice recorded_range(const struct exchange *e)
{
	return e->ranged ? head_range(e->request_head) : (struct slice){0};
}

/* But for the target. */
static bool has_rest(const struct table *t, uint32_t i, const struct key *k)
{
	const struct exchange *e = &t->exchanges[i];
	return t->entries[i].host == k->host &&
	       slice_equal(exchange_method(e), k->method) &&
	       same_body(table_body(t, i), k->body) &&
	       slice_same(recorded_range(e), k->range);
}

static bool has_key(const struct table *t, uint32_t i, const struct key *k,
		    uint32_t hash)
{
	return t->entries[i].hash == hash &&
	       slice_equal(exchange_url(&t->exchanges[i]).target, k->target) &&
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
		link = &t->entries[*link].chain;
	return link;
}

uint32_t table_find(const struct table *t, const struct key *key)
{
	uint32_t hash = key_hash(t, key);
	uint32_t i = t->buckets[hash & t->mask];
	while (i != TABLE_NONE && !has_key(t, i, key, hash))
		i = t->entries[i].chain;
	return i;
}

uint32_t table_find_ruled(const struct table *t, const struct key *key)
{
	uint32_t hash = key_hash(t, key);
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
	const struct entry *n = &t->entries[i];
	return n->near_hash == hash && n->host == host &&
	       slice_equal(exchange_method(&t->exchanges[i]), method) &&
	       slice_equal(url_path(table_target(t, i)), path);
}

uint32_t table_near(const struct table *t, struct slice method, uint32_t host,
		    struct slice path)
{
	uint32_t hash = near_hash(t, method, host, path);
	uint32_t i = t->near[hash & t->mask];
	while (i != TABLE_NONE && !is_near(t, i, hash, method, host, path))
		i = t->entries[i].near_chain;
	return i;
}

/* The digest of a recorded request's body with its transfer coding off.
 * What is missing of it is left out: nothing live can be equal to it. */
static uint32_t digest_body(struct table *t, const struct exchange *e,
			    struct digest *d)
{
	struct body_reader r = exchange_request_body(e);
	struct slice bytes;
	bool any = false;
	while (body_next(&r, &bytes)) {
		if (!bytes.len)
			continue;
		if (!any)
			digest_start(d);
		any = true;
		if (bytes.data)
			digest_add(d, bytes);
	}
	if (!any)
		return TABLE_NONE;
	if (t->body_count == t->body_room) {
		t->body_room = t->body_room ? t->body_room * 2 : 64;
		t->bodies =
		    xreallocarray(t->bodies, t->body_room, sizeof *t->bodies);
	}
	digest_finish(d, t->bodies[t->body_count]);
	return t->body_count++;
}

static uint32_t add_host(struct table *t, const struct exchange *e,
			 const struct url *u)
{
	if (u->host.len)
		return hosts_add(&t->hosts, u->host, false);
	struct buf text = {0};
	address_print(&text, &exchange_server(e)->address);
	uint32_t host = hosts_add(&t->hosts, buf_slice(&text), true);
	buf_release(&text);
	return host;
}

/* Through a proxy go absolute and CONNECT targets, and tunnels. */
static void add_resident(struct table *t, const struct exchange *e,
			 uint32_t host)
{
	if (!e->tunnel.data && slice_starts(exchange_target(e), SLICE("/")))
		residents_add(&t->residents, &exchange_server(e)->address,
			      host);
}

static struct key recorded_key(const struct table *t, uint32_t i,
			       struct slice target)
{
	const struct exchange *e = &t->exchanges[i];
	return (struct key){exchange_method(e), t->entries[i].host, target,
			    recorded_range(e), table_body(t, i)};
}

/* What describe looks at of the head. */
static void expect(const struct exchange *e)
{
	size_t end = (size_t)e->parts.host.at + e->parts.host.len;
	prefetch(e->request_head.data, end < EXPECTED ? end : EXPECTED);
}

static void describe(struct table *t, uint32_t i, struct digest *d)
{
	const struct exchange *e = &t->exchanges[i];
	struct entry *n = &t->entries[i];
	struct url u = exchange_url(e);
	struct traits traits = {0};
	if (e->status == 304)
		traits = traits_of_head(e->request_head);
	*n = (struct entry){
	    .host = add_host(t, e, &u),
	    .body = digest_body(t, e, d),
	    .port = u.port,
	    .status = e->status,
	    .https = u.https,
	    .hostless = !u.host.len,
	    /* a 304 that nobody's condition asked for is a server's whim:
	     * better than nothing, as what is cut is */
	    .complete = e->state == EXCHANGE_COMPLETE &&
			(e->status != 304 || traits_conditional(&traits)),
	    .not_modified = traits_conditional(&traits),
	};
	add_resident(t, e, n->host);
	struct key k = recorded_key(t, i, u.target);
	n->hash = key_hash(t, &k);
	n->near_hash = near_hash(t, exchange_method(e), n->host,
				 url_path(ruled_target(t, i, u.target)));
}

/* Exchanges are added last one first, so that each stands before those of its
 * key that came later. */
static void link_exchange(struct table *t, uint32_t i)
{
	struct entry *n = &t->entries[i];
	uint32_t *link = &t->buckets[n->hash & t->mask];
	if (*link != TABLE_NONE) {
		struct slice target = exchange_url(&t->exchanges[i]).target;
		struct key k = recorded_key(t, i, target);
		link = key_link(t, &k, n->hash);
	}
	n->next = *link;
	n->chain = *link == TABLE_NONE ? TABLE_NONE : t->entries[*link].chain;
	*link = i;

	link = &t->near[n->near_hash & t->mask];
	if (*link != TABLE_NONE) {
		struct slice method = exchange_method(&t->exchanges[i]);
		struct slice path = url_path(table_target(t, i));
		while (*link != TABLE_NONE &&
		       !is_near(t, *link, n->near_hash, method, n->host, path))
			link = &t->entries[*link].near_chain;
	}
	n->near_next = *link;
	n->near_chain =
	    *link == TABLE_NONE ? TABLE_NONE : t->entries[*link].near_chain;
	*link = i;
	t->hosts.list[n->host].first = i;
}

static void link_all(struct table *t)
{
	for (uint32_t i = t->count; i-- > 0;) {
		if (i >= AHEAD) {
			const struct entry *soon = &t->entries[i - AHEAD];
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
	struct key k = recorded_key(t, i, table_target(t, i));
	struct ruled_link *n = &t->ruled.links[i];
	n->hash = key_hash(t, &k);
	uint32_t *link = &t->ruled.buckets[n->hash & t->mask];
	while (*link != TABLE_NONE && !has_ruled_key(t, *link, &k, n->hash))
		link = &t->ruled.links[*link].chain;
	n->next = *link;
	n->chain =
	    *link == TABLE_NONE ? TABLE_NONE : t->ruled.links[*link].chain;
	*link = i;
}

static void rule_target(struct table *t, uint32_t i, const struct rules *rules,
			struct matcher *m)
{
	struct buf made = {0};
	struct url u = exchange_url(&t->exchanges[i]);
	struct subject s = {.method = exchange_method(&t->exchanges[i]),
			    .host = u.host,
			    .target = u.target,
			    .https = u.https};
	if (!apply_target(rules, m, &s, &made))
		return;
	buf_add_byte(&made, 0); /* so that an empty one is there too */
	t->ruled.targets[i] = slice_to(buf_slice(&made), made.len - 1);
}

static void rule_targets(struct table *t, const struct rules *rules)
{
	struct matcher *m = matcher_new();
	t->ruled.targets = xcalloc((size_t)t->count + 1, sizeof(struct slice));
	for (uint32_t i = 0; i < t->count; i++)
		rule_target(t, i, rules, m);
	matcher_free(m);
}

static void link_all_ruled(struct table *t)
{
	t->ruled.buckets = new_buckets((size_t)t->mask + 1);
	t->ruled.links = xcalloc((size_t)t->count + 1, sizeof *t->ruled.links);
	for (uint32_t i = t->count; i-- > 0;)
		link_ruled(t, i);
}

struct table *table_new(const struct recording *recording,
			const struct rules *rules)
{
	if (recording->count >= TABLE_NONE / 2)
		log_fatal("too many exchanges to serve: %zu", recording->count);
	struct table *t = xcalloc(1, sizeof *t);
	atomic_init(&t->holders, 1);
	t->exchanges = recording->exchanges;
	t->count = (uint32_t)recording->count;
	t->seed = hosts_seed();
	size_t size = 64;
	while (size < t->count)
		size *= 2;
	t->mask = (uint32_t)size - 1;
	t->buckets = new_buckets(size);
	t->near = new_buckets(size);
	t->entries = xcalloc(t->count, sizeof *t->entries);
	expect_full(t->entries, t->count * sizeof *t->entries);
	hosts_init(&t->hosts, t->seed);
	residents_init(&t->residents, t->seed);

	bool ruled = rules && rules->has_targets;
	struct digest d = {0};
	if (ruled)
		rule_targets(t, rules);
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->count - i > AHEAD)
			expect(&t->exchanges[i + AHEAD]);
		describe(t, i, &d);
	}
	link_all(t);
	if (ruled)
		link_all_ruled(t);
	digest_release(&d);
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
	hosts_release(&t->hosts);
	residents_release(&t->residents);
	ruled_release(&t->ruled, t->count);
	free(t->buckets);
	free(t->near);
	free(t->entries);
	free(t->bodies);
	free(t);
}

void table_ports(const struct table *t, bool ports[UINT16_MAX + 1])
{
	for (uint32_t i = 0; i < t->count; i++) {
		ports[t->entries[i].port] = true;
		ports[exchange_server(&t->exchanges[i])->port] = true;
	}
}

bool table_https(const struct table *t)
{
	uint32_t i = 0;
	while (i < t->count && !t->entries[i].https)
		i++;
	return i < t->count;
}
