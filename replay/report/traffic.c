/* What a recording holds beside its exchanges: told by protocol, conversations
 * that are alike taken together. */
#include "traffic.h"

#include "protocol.h"

#include "capture/hello.h"

#include <stdlib.h>
#include <sys/random.h>

#define NAME_MAX_LEN 255U /* RFC 1035 2.3.4; a longer one names nobody */
#define NONE UINT32_MAX

/* Finds entries of a list by hash: open addressing, never full. */
struct index {
	uint32_t *buckets;
	uint32_t mask;
	uint64_t seed;
};

/* Names stand in store, which moves while it grows: their offset, until all
 * are there. */
struct collector {
	struct traffics *t;
	struct index list, clients;
	size_t *name_at; /* of each entry in the list */
	size_t room, client_room;
	struct buf name; /* scratch */
};

/* ---- index ---- */

/* Enough for max entries. */
static struct index index_new(size_t max)
{
	struct index x = {.mask = 1};
	while (x.mask / 2 < max)
		x.mask = x.mask * 2 + 1;
	x.buckets = xmalloc(((size_t)x.mask + 1) * sizeof *x.buckets);
	memset(x.buckets, 0xff, ((size_t)x.mask + 1) * sizeof *x.buckets);
	/* A capture must not be able to choose its collisions. */
	if (getrandom(&x.seed, sizeof x.seed, GRND_NONBLOCK) < 0)
		x.seed = (uintptr_t)x.buckets;
	return x;
}

static uint32_t *index_next(const struct index *x, uint64_t hash, uint32_t step)
{
	return &x->buckets[((uint32_t)hash + step) & x->mask];
}

/* ---- one conversation ---- */

/* Which end is the client: the one that began if that was recorded, else what
 * the messages and the ports say. */
static int client_of(const struct conversation *c)
{
	if (c->hello.data)
		return c->hello_from;
	if (c->opened)
		return 0;
	for (int i = 0; i < 2 && !c->udp; i++)
		if (handshake_begins(c->first[i]) == HANDSHAKE_CLIENT_HELLO)
			return i;
	bool first = protocol_has_port(c->udp, c->ends[0].port);
	bool second = protocol_has_port(c->udp, c->ends[1].port);
	return first && !second ? 1 : 0;
}

static enum traffic_kind kind_of(const struct guess *g, bool silent)
{
	if (silent)
		return TRAFFIC_SILENT;
	switch (g->class) {
	case PROTOCOL_TLS:
		return TRAFFIC_TLS;
	case PROTOCOL_QUIC:
		return TRAFFIC_QUIC;
	case PROTOCOL_HTTP2:
		return TRAFFIC_HTTP2_CLEAR;
	case PROTOCOL_OTHER:
		return TRAFFIC_OTHER;
	case PROTOCOL_HTTP:
	case PROTOCOL_UNKNOWN:
		break;
	}
	return TRAFFIC_UNKNOWN;
}

/* Not silent is who was answered in a protocol in which servers only answer,
 * where just one direction was recorded. */
static bool is_silent(const struct conversation *c, int client,
		      const struct guess *g)
{
	bool answered = g->by_bytes &&
			(g->class == PROTOCOL_TLS || g->class == PROTOCOL_HTTP);
	return c->opened && !c->bytes[client] && !c->lost[client] && !answered;
}

static struct traffic describe(const struct conversation *c, int client)
{
	struct evidence e = {
	    .client = slice_to(c->first[client], CONVERSATION_FIRST),
	    .server = slice_to(c->first[!client], CONVERSATION_FIRST),
	    .client_port = c->ends[client].port,
	    .port = c->ends[!client].port,
	    .udp = c->udp,
	    .from_start = c->opened || c->udp,
	};
	/* Datagrams look much the same in both directions. */
	if (c->udp && !e.client.len)
		e.client = e.server;
	struct guess g = protocol_guess(&e);
	if (c->hello.data && g.class != PROTOCOL_QUIC)
		g = (struct guess){PROTOCOL_QUIC, "QUIC", true};
	if (c->decrypted)
		g = (struct guess){PROTOCOL_UNKNOWN, "TLS, decrypted", true};
	return (struct traffic){
	    .kind = kind_of(&g, is_silent(c, client, &g)),
	    .protocol = g.name,
	    .by_bytes = g.by_bytes,
	    .udp = c->udp,
	    .asks_certificate = c->asks_certificate,
	    .why = c->unread,
	    .client = c->ends[client],
	    .server = c->ends[!client],
	    .stream = c->stream,
	    .certificate = c->certificate,
	    .connections = c->count,
	    .bytes = c->bytes[0] + c->bytes[1],
	    .sent = c->bytes[client],
	    .received = c->bytes[!client],
	    .begins = c->time,
	    .ends = c->end,
	};
}

/* ---- the list ---- */

static bool is_like(const struct collector *k, size_t i,
		    const struct traffic *n)
{
	const struct traffic *t = &k->t->list[i];
	struct slice name = slice_to(
	    slice_from(buf_slice(&k->t->store), k->name_at[i]), t->name.len);
	return t->kind == n->kind && t->udp == n->udp && t->why == n->why &&
	       !strcmp(t->protocol, n->protocol) &&
	       endpoint_equal(&t->server, &n->server) &&
	       address_equal(&t->client.address, &n->client.address) &&
	       slice_equal(name, n->name);
}

static uint64_t traffic_hash(const struct traffic *t, uint64_t seed)
{
	struct endpoint client = {t->client.address, (uint16_t)t->kind};
	return ends_hash(&client, &t->server, seed) ^ slice_hash(t->name, seed);
}

static void take_in(struct traffic *t, const struct traffic *n)
{
	t->by_bytes |= n->by_bytes;
	t->asks_certificate |= n->asks_certificate;
	t->connections += n->connections;
	t->bytes += n->bytes;
	t->sent += n->sent;
	t->received += n->received;
	t->begins = n->begins < t->begins ? n->begins : t->begins;
	t->ends = n->ends > t->ends ? n->ends : t->ends;
	if (!*t->print.ja4)
		t->print = n->print;
	if (!t->certificate.len)
		t->certificate = n->certificate;
	if (t->client.port != n->client.port)
		t->client.port = 0;
}

static void add_entry(struct collector *k, const struct traffic *n)
{
	struct traffics *t = k->t;
	if (t->count == k->room) {
		k->room = k->room ? k->room * 2 : 64;
		t->list = xreallocarray(t->list, k->room, sizeof *t->list);
		k->name_at =
		    xreallocarray(k->name_at, k->room, sizeof *k->name_at);
	}
	k->name_at[t->count] = t->store.len;
	buf_add(&t->store, n->name);
	t->list[t->count++] = *n;
}

static void add(struct collector *k, const struct traffic *n)
{
	/* Each is told: what is missing is looked for in the capture. */
	if (n->kind == TRAFFIC_TLS && k->t->count < TRAFFIC_SINGLE_MAX) {
		add_entry(k, n);
		return;
	}
	uint64_t hash = traffic_hash(n, k->list.seed);
	for (uint32_t step = 0;; step++) {
		uint32_t *bucket = index_next(&k->list, hash, step);
		if (*bucket != NONE && is_like(k, *bucket, n)) {
			take_in(&k->t->list[*bucket], n);
			return;
		}
		if (*bucket != NONE)
			continue;
		if (k->t->count == TRAFFIC_MAX) {
			k->t->more_connections += n->connections;
			k->t->more_bytes += n->bytes;
			return;
		}
		*bucket = (uint32_t)k->t->count;
		add_entry(k, n);
		return;
	}
}

/* ---- clients ---- */

static void add_client(struct collector *k, const struct traffic_client *n)
{
	struct traffics *t = k->t;
	if (t->client_count == k->client_room) {
		k->client_room = k->client_room ? k->client_room * 2 : 8;
		t->clients = xreallocarray(t->clients, k->client_room,
					   sizeof *t->clients);
	}
	t->clients[t->client_count++] = *n;
}

static bool is_same(const struct traffic_client *a,
		    const struct traffic_client *b)
{
	return address_equal(&a->client, &b->client) &&
	       !strcmp(a->print.ja3, b->print.ja3) &&
	       !strcmp(a->print.ja4, b->print.ja4);
}

/* What a twin has to send over TCP: QUIC is not served. */
static void take_client(struct collector *k, const struct conversation *c,
			int client, const struct fingerprint *print)
{
	struct traffic_client n = {.client = c->ends[client].address,
				   .print = *print,
				   .connections = 1};
	if (c->udp || !*print->ja4)
		return;
	struct endpoint e = {n.client, 0};
	uint64_t hash = endpoint_hash(&e, k->clients.seed) ^
			slice_hash(slice_of(n.print.ja3), k->clients.seed);
	for (uint32_t step = 0;; step++) {
		uint32_t *bucket = index_next(&k->clients, hash, step);
		if (*bucket != NONE && is_same(&k->t->clients[*bucket], &n)) {
			k->t->clients[*bucket].connections++;
			return;
		}
		if (*bucket != NONE)
			continue;
		if (k->t->client_count == TRAFFIC_CLIENTS_MAX) {
			k->t->more_hellos++;
			return;
		}
		*bucket = (uint32_t)k->t->client_count;
		add_client(k, &n);
		return;
	}
}

/* ---- all ---- */

static void read_print(const struct conversation *c, int client,
		       struct fingerprint *f)
{
	*f = (struct fingerprint){0};
	if (c->hello.data)
		fingerprint_quic(c->hello, f);
	else if (!c->udp)
		fingerprint_read(c->first[client], f);
}

/* The server's name in name, any bytes. False if there is none. */
static bool read_name(const struct conversation *c, int client,
		      struct buf *name)
{
	struct hello h;
	if (c->udp) {
		buf_clear(name);
		if (c->hello.data && hello_parse(&h, c->hello))
			buf_add(name, hello_name(&h));
		return name->len > 0;
	}
	return hello_server_name(c->first[client], name);
}

static void take(struct collector *k, const struct conversation *c)
{
	int client = client_of(c);
	struct fingerprint print;
	read_print(c, client, &print);
	take_client(k, c, client, &print);
	if (c->has_exchanges)
		return;
	struct traffic n = describe(c, client);
	n.print = print;
	if (read_name(c, client, &k->name) && k->name.len <= NAME_MAX_LEN)
		n.name = buf_slice(&k->name);
	add(k, &n);
}

static void place_names(struct collector *k)
{
	for (size_t i = 0; k->name_at && i < k->t->count; i++) {
		struct slice *name = &k->t->list[i].name;
		name->data =
		    name->len ? k->t->store.data + k->name_at[i] : NULL;
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void traffics_collect(struct traffics *t, const struct recording *r)
{
	*t = (struct traffics){0};
	struct conversations_rest rest = conversations_rest(r->beside);
	t->more_connections = rest.connections + rest.datagrams;
	t->more_bytes = rest.bytes;
	size_t count;
	const struct conversation *c = conversations_list(r->beside, &count);
	struct collector k = {
	    .t = t,
	    .list = index_new(least(count, TRAFFIC_MAX)),
	    .clients = index_new(least(count, TRAFFIC_CLIENTS_MAX)),
	};
	for (size_t i = 0; i < count; i++)
		take(&k, &c[i]);
	place_names(&k);
	buf_release(&k.name);
	free(k.name_at);
	free(k.list.buckets);
	free(k.clients.buckets);
}

void traffics_release(struct traffics *t)
{
	free(t->list);
	free(t->clients);
	buf_release(&t->store);
	*t = (struct traffics){0};
}
