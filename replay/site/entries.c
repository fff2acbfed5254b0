/* What a table keeps of each exchange beside it.
 *
 * Hosts are numbered in the order of their first use, and what is found by a
 * host goes by its number. So each thread numbers those of its own run of
 * exchanges, and the numbers of the runs behind the first are changed in the
 * end, when those before are known: in hashes the host comes last. */
#include "entries.h"

#include "traits.h"

#include "capture/cores.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX CORES_RUN_MAX
#define MANY 10000 /* exchanges: for less another thread is not worth it */
#define AHEAD 16   /* exchanges of which memory is fetched before their turn */
#define EXPECTED 512 /* bytes of a head */

/* Consecutive exchanges. */
struct run {
	struct entries found; /* its list is part of the whole one */
	const struct slice *targets;
	struct digest digest;
	uint32_t *hosts; /* the numbers of its hosts in the whole */
	uint32_t bodies; /* before its own */
};

static uint32_t with_host(const struct entries *e, uint32_t hash, uint32_t host)
{
	uint32_t both[] = {hash, host};
	struct slice bytes = {(const uint8_t *)both, sizeof both};
	return (uint32_t)(slice_hash(bytes, e->seed) >> 32);
}

static uint32_t hostless_hash(const struct entries *e, const struct key *k)
{
	uint64_t h = slice_hash(k->method, e->seed);
	h = slice_hash(k->target, h);
	if (k->range.data)
		h = slice_hash(k->range, h);
	if (k->body)
		h = slice_hash((struct slice){k->body, DIGEST_LEN}, h);
	return (uint32_t)(h >> 32);
}

static uint32_t hostless_near_hash(const struct entries *e, struct slice method,
				   struct slice path)
{
	uint64_t h = slice_hash(method, ~e->seed);
	return (uint32_t)(slice_hash(path, h) >> 32);
}

uint32_t key_hash(const struct entries *e, const struct key *key)
{
	return with_host(e, hostless_hash(e, key), key->host);
}

uint32_t near_hash(const struct entries *e, struct slice method, uint32_t host,
		   struct slice path)
{
	return with_host(e, hostless_near_hash(e, method, path), host);
}

const uint8_t *entries_body(const struct entries *e, uint32_t i)
{
	uint32_t body = e->list[i].body;
	return body == ENTRY_NONE ? NULL : e->bodies[body];
}

/* The head is read again only where there is something to find. */
struct slice entries_range(const struct entries *e, uint32_t i)
{
	const struct exchange *x = &e->exchanges[i];
	return x->ranged ? head_range(x->request_head) : (struct slice){0};
}

struct key entries_key(const struct entries *e, uint32_t i, struct slice target)
{
	return (struct key){exchange_method(&e->exchanges[i]), e->list[i].host,
			    target, entries_range(e, i), entries_body(e, i)};
}

/* Room for more digests. */
static void expect_bodies(struct entries *e, uint32_t more)
{
	if (e->body_room - e->body_count >= more)
		return;
	e->body_room = e->body_room ? e->body_room * 2 : 64;
	if (e->body_room - e->body_count < more)
		e->body_room = e->body_count + more;
	e->bodies = xreallocarray(e->bodies, e->body_room, sizeof *e->bodies);
}

/* The digest of a recorded request's body with its transfer coding off.
 * What is missing of it is left out: nothing live can be equal to it. */
static uint32_t digest_body(struct entries *e, const struct exchange *x,
			    struct digest *d)
{
	struct body_reader r = exchange_request_body(x);
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
		return ENTRY_NONE;
	expect_bodies(e, 1);
	digest_finish(d, e->bodies[e->body_count]);
	return e->body_count++;
}

static uint32_t add_host(struct entries *e, const struct exchange *x,
			 const struct url *u)
{
	if (u->host.len)
		return hosts_add(&e->hosts, u->host, false);
	return hosts_add_address(&e->hosts, &exchange_server(x)->address);
}

/* Through a proxy go absolute and CONNECT targets, and tunnels. */
static void add_resident(struct entries *e, const struct exchange *x,
			 uint32_t host)
{
	if (!x->tunnel.data && slice_starts(exchange_target(x), SLICE("/")))
		residents_add(&e->residents, &exchange_server(x)->address,
			      host);
}

/* What describe looks at of the head. */
static void expect(const struct exchange *x)
{
	size_t end = (size_t)x->parts.host.at + x->parts.host.len;
	prefetch(x->request_head.data, end < EXPECTED ? end : EXPECTED);
}

static void describe(struct run *r, uint32_t i)
{
	struct entries *e = &r->found;
	const struct exchange *x = &e->exchanges[i];
	struct entry *n = &e->list[i];
	struct url u = exchange_url(x);
	struct traits traits = {0};
	if (x->status == 304)
		traits = traits_of_head(x->request_head);
	*n = (struct entry){
	    .host = add_host(e, x, &u),
	    .body = digest_body(e, x, &r->digest),
	    .port = u.port,
	    .status = x->status & 0x3ff,
	    .https = u.https,
	    .hostless = !u.host.len,
	    /* a 304 that nobody's condition asked for is a server's whim:
	     * better than nothing, as what is cut is */
	    .complete = x->state == EXCHANGE_COMPLETE &&
			(x->status != 304 || traits_conditional(&traits)),
	    .not_modified = traits_conditional(&traits),
	};
	add_resident(e, x, n->host);
	struct key k = entries_key(e, i, u.target);
	n->hash = hostless_hash(e, &k);
	bool ruled = r->targets && r->targets[i].data;
	struct slice target = ruled ? r->targets[i] : u.target;
	n->near_hash =
	    hostless_near_hash(e, exchange_method(x), url_path(target));
}

static void *describe_run(void *context)
{
	struct run *r = context;
	const struct entries *e = &r->found;
	for (uint32_t i = 0; i < e->count; i++) {
		if (e->count - i > AHEAD)
			expect(&e->exchanges[i + AHEAD]);
		describe(r, i);
	}
	digest_release(&r->digest);
	return NULL;
}

static void init(struct entries *e, uint64_t seed)
{
	e->seed = seed;
	hosts_init(&e->hosts, seed);
	residents_init(&e->residents, seed);
}

/* What is beside the list. */
static void release_shared(struct entries *e)
{
	hosts_release(&e->hosts);
	residents_release(&e->residents);
	free(e->bodies);
	e->bodies = NULL;
}

static void take_bodies(struct entries *all, const struct entries *more)
{
	if (!more->body_count)
		return;
	expect_bodies(all, more->body_count);
	memcpy(all->bodies + all->body_count, more->bodies,
	       more->body_count * sizeof *more->bodies);
	all->body_count += more->body_count;
}

/* Takes what a run shares, behind that of those before it. */
static void take_run(struct entries *all, struct run *r)
{
	struct entries *more = &r->found;
	r->hosts = xcalloc(more->hosts.count, sizeof *r->hosts);
	r->bodies = all->body_count;
	for (uint32_t i = 0; i < more->hosts.count; i++) {
		const struct host *h = &more->hosts.list[i];
		r->hosts[i] = hosts_add(&all->hosts, h->name, h->owned);
	}
	for (uint32_t i = 0; i < more->residents.count; i++) {
		const struct resident *at = &more->residents.list[i];
		residents_add(&all->residents, &at->address,
			      r->hosts[at->host]);
	}
	take_bodies(all, more);
	release_shared(more);
}

/* In the numbers of the whole. */
static void *number_run(void *context)
{
	struct run *r = context;
	for (uint32_t i = 0; i < r->found.count; i++) {
		struct entry *n = &r->found.list[i];
		if (r->hosts)
			n->host = r->hosts[n->host];
		if (n->body != ENTRY_NONE)
			n->body += r->bodies;
		n->hash = with_host(&r->found, n->hash, n->host);
		n->near_hash = with_host(&r->found, n->near_hash, n->host);
	}
	free(r->hosts);
	return NULL;
}

/* Runs of about the same length; the first is all's, which is empty. */
static void part(struct run *runs, unsigned len, const struct entries *all,
		 const struct exchange *exchanges, uint32_t count,
		 const struct slice *targets)
{
	for (unsigned i = 0; i < len; i++) {
		uint32_t from = (uint32_t)((uint64_t)count * i / len);
		uint32_t to = (uint32_t)((uint64_t)count * (i + 1) / len);
		runs[i] = (struct run){
		    .found = {.exchanges = exchanges + from,
			      .list = all->list + from,
			      .count = to - from},
		    .targets = targets ? targets + from : NULL,
		};
		init(&runs[i].found, all->seed);
	}
}

void entries_describe(struct entries *e, const struct exchange *exchanges,
		      uint32_t count, const struct slice *targets)
{
	struct run runs[RUNS_MAX];
	unsigned len = count < MANY ? 1 : cores_usable(RUNS_MAX);
	struct entry *list = xcalloc(count, sizeof *list);
	*e = (struct entries){.list = expect_full(list, count * sizeof *list),
			      .seed = hosts_seed()};
	part(runs, len, e, exchanges, count, targets);
	cores_run(describe_run, runs, sizeof *runs, len);
	*e = runs[0].found;
	for (unsigned i = 1; i < len; i++)
		take_run(e, &runs[i]);
	cores_run(number_run, runs, sizeof *runs, len);
	e->count = count;
}

void entries_release(struct entries *e)
{
	release_shared(e);
	free(e->list);
	*e = (struct entries){0};
}
