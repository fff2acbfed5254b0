/* What a recording holds beside its exchanges. */
#include "conversations.h"

#include "hello.h"
#include "quic.h"

#include <stdlib.h>
#include <sys/random.h>

#define DNS_PORT 53
#define DNS_ANSWER 0x80 /* QR, in a message's third byte: RFC 1035 4.1.1 */
#define NONE UINT32_MAX

struct list {
	struct conversation *items;
	uint32_t count, room;
};

struct conversations {
	struct list tcp, udp; /* each in the order of its first packets */
	uint32_t *buckets;    /* of udp, by its ends: open addressing */
	uint32_t mask;
	uint64_t seed;
	struct names *names;
	struct spool *spool; /* of hellos that QUIC carried */
	struct quic *quic;   /* NULL: nothing of it was seen */
	struct conversations_rest rest;
	struct conversation *merged;
};

struct conversations *conversations_new(struct names *names)
{
	struct conversations *c = xcalloc(1, sizeof *c);
	c->names = names;
	c->spool = spool_new();
	c->mask = 63;
	c->buckets = xmalloc((c->mask + 1) * sizeof *c->buckets);
	memset(c->buckets, 0xff, (c->mask + 1) * sizeof *c->buckets);
	/* A capture must not be able to choose its collisions. */
	if (getrandom(&c->seed, sizeof c->seed, GRND_NONBLOCK) < 0)
		c->seed = (uintptr_t)c;
	return c;
}

void conversations_free(struct conversations *c)
{
	if (!c)
		return;
	free(c->tcp.items);
	free(c->udp.items);
	free(c->buckets);
	free(c->merged);
	quic_free(c->quic);
	spool_free(c->spool);
	free(c);
}

/* NULL if it is full. */
static struct conversation *list_add(struct list *l)
{
	if (l->count == CONVERSATIONS_MAX)
		return NULL;
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->items = xreallocarray(l->items, l->room, sizeof *l->items);
	}
	return &l->items[l->count++];
}

/* ---- UDP ---- */

static uint32_t *bucket_of(const struct conversations *c,
			   const struct endpoint ends[2])
{
	uint32_t i = (uint32_t)ends_hash(&ends[0], &ends[1], c->seed) & c->mask;
	while (
	    c->buckets[i] != NONE &&
	    !ends_equal(c->udp.items[c->buckets[i]].ends, &ends[0], &ends[1]))
		i = (i + 1) & c->mask;
	return &c->buckets[i];
}

static void grow_buckets(struct conversations *c)
{
	free(c->buckets);
	c->mask = c->mask * 2 + 1;
	c->buckets = xmalloc(((size_t)c->mask + 1) * sizeof *c->buckets);
	memset(c->buckets, 0xff, ((size_t)c->mask + 1) * sizeof *c->buckets);
	for (uint32_t i = 0; i < c->udp.count; i++)
		*bucket_of(c, c->udp.items[i].ends) = i;
}

/* Names are asked for from a new port each time: all such questions of a
 * client to a server are one conversation. Returns which end sent p. */
static int udp_ends(const struct packet *p, struct endpoint ends[2])
{
	bool answer = p->from.port == DNS_PORT &&
		      (p->to.port != DNS_PORT ||
		       (p->payload.len > 2 && p->payload.data[2] & DNS_ANSWER));
	int sender = answer ? 1 : 0;
	ends[sender] = p->from;
	ends[!sender] = p->to;
	if (ends[1].port == DNS_PORT)
		ends[0].port = 0;
	return sender;
}

static struct conversation *udp_conversation(struct conversations *c,
					     const struct endpoint ends[2],
					     int64_t time)
{
	uint32_t *bucket = bucket_of(c, ends);
	if (*bucket != NONE)
		return &c->udp.items[*bucket];
	struct conversation *one = list_add(&c->udp);
	if (!one)
		return NULL;
	*one = (struct conversation){
	    .ends = {ends[0], ends[1]},
	    .time = time,
	    .end = time,
	    .count = 1,
	    .udp = true,
	};
	*bucket = c->udp.count - 1;
	if (c->udp.count > c->mask / 2)
		grow_buckets(c);
	return one;
}

static bool is_whole(struct slice hello)
{
	struct hello h;
	return hello_parse(&h, hello) && h.whole;
}

/* The first one that names its server or is whole; better if it is whole. */
static void keep_hello(struct conversations *c, struct conversation *one,
		       int side, struct slice hello)
{
	struct hello h;
	if (!hello_parse(&h, hello) || (!h.whole && !hello_name(&h).len) ||
	    (one->hello.data && (!h.whole || is_whole(one->hello))))
		return;
	const uint8_t *kept = spool_put(c->spool, hello, 0);
	if (kept)
		one->hello = (struct slice){kept, hello.len};
	one->hello_from = side;
}

static void take_quic(struct conversations *c, struct conversation *one,
		      int side, struct slice datagram)
{
	struct slice hello;
	if (!c->quic)
		c->quic = quic_new();
	uint32_t number = (uint32_t)(one - c->udp.items);
	if (!quic_add(c->quic, number, side, datagram, &hello))
		return;
	names_add_quic(c->names, hello, &one->ends[!side]);
	keep_hello(c, one, side, hello);
}

void conversations_add_udp(struct conversations *c, const struct packet *p)
{
	struct endpoint ends[2];
	int side = udp_ends(p, ends);
	struct conversation *one = udp_conversation(c, ends, p->time);
	if (!one) {
		c->rest.datagrams++;
		c->rest.bytes += p->payload.len;
		return;
	}
	bool question = !ends[0].port && !side;
	if (question && one->bytes[0])
		one->count++;
	/* It may stand the other way round. */
	if (!endpoint_equal(&one->ends[0], &ends[0]))
		side = !side;
	if (!one->first[side].len)
		one->first[side] = slice_to(p->payload, CONVERSATION_FIRST);
	one->bytes[side] += p->payload.len;
	one->end = p->time > one->end ? p->time : one->end;
	if (quic_is_initial(p->payload))
		take_quic(c, one, side, p->payload);
}

/* ---- TCP ---- */

void conversations_add_rest(struct conversations *c, uint64_t connections,
			    uint64_t bytes)
{
	c->rest.connections += connections;
	c->rest.bytes += bytes;
}

void conversations_add_tcp(struct conversations *c,
			   const struct conversation *one)
{
	struct conversation *place = list_add(&c->tcp);
	if (place)
		*place = *one;
	else
		conversations_add_rest(c, one->count,
				       one->bytes[0] + one->bytes[1]);
}

/* Appends what a side says, up to its first gap or len bytes. */
static void join(struct buf *out, const struct stream *s, struct place from,
		 size_t len)
{
	struct span_reader r = span_read(s, (struct span){from, len});
	struct slice bytes;
	buf_clear(out);
	while (span_next(&r, &bytes) && bytes.data)
		buf_add(out, bytes);
}

/* The same in one piece that lasts: of the capture, or else of the spool. */
static struct slice first_bytes(const struct stream *s, struct place from,
				size_t len, struct spool *spool,
				struct buf *scratch)
{
	struct span_reader r = span_read(s, (struct span){from, len});
	struct slice bytes, more;
	if (!span_next(&r, &bytes) || !bytes.data)
		return (struct slice){0};
	if (!span_next(&r, &more) || !more.data)
		return bytes;
	join(scratch, s, from, len);
	uint8_t *copy = spool_take(spool, scratch->len, 0);
	if (!copy)
		return bytes;
	memcpy(copy, scratch->data, scratch->len);
	return (struct slice){copy, scratch->len};
}

static void count_bytes(struct conversation *c, int side,
			const struct stream *s, struct place from)
{
	struct span_reader r = span_read(s, (struct span){from, UINT64_MAX});
	struct slice bytes;
	while (span_next(&r, &bytes)) {
		int64_t time = s->pieces[r.at.piece - 1].time;
		c->end = time > c->end ? time : c->end;
		if (bytes.data)
			c->bytes[side] += bytes.len;
		else
			c->lost[side] = true;
	}
}

/* What a server says in clear before it is heard no more. */
static void read_server(struct conversation *c, const struct stream *s,
			struct place from, struct certificates *certificates,
			struct buf *scratch)
{
	struct buf der = {0};
	join(scratch, s, from, HELLO_MAX);
	c->asks_certificate |= hello_asks_certificate(buf_slice(scratch));
	if (hello_certificate(buf_slice(scratch), &der))
		c->certificate =
		    certificates_keep(certificates, buf_slice(&der));
	buf_release(&der);
}

static void read_side(struct conversation *c, int side, const struct talk *talk,
		      struct spool *spool, struct certificates *certificates,
		      struct buf *scratch)
{
	const struct stream *s = &talk->flow->streams[side];
	struct place from = talk->from[side];
	count_bytes(c, side, s, from);
	join(scratch, s, from, CONVERSATION_FIRST);
	struct slice begin = buf_slice(scratch);
	int type = handshake_begins(begin);
	size_t len = CONVERSATION_FIRST;
	if (type == HANDSHAKE_CLIENT_HELLO)
		len = handshake_extent(begin);
	c->first[side] = first_bytes(s, from, len, spool, scratch);
	if (type == HANDSHAKE_SERVER_HELLO)
		read_server(c, s, from, certificates, scratch);
}

bool conversation_read(struct conversation *c, const struct talk *talk,
		       struct spool *spool, struct certificates *certificates,
		       struct buf *scratch)
{
	const struct flow *flow = talk->flow;
	*c = (struct conversation){
	    .ends = {flow->ends[0], flow->ends[1]},
	    .time = flow->time,
	    .end = flow->time,
	    .count = 1,
	    .stream = flow->number,
	    .tunneled = talk->tunnel.data,
	    .opened = flow->streams[0].from_start,
	};
	for (int side = 0; side < 2; side++)
		read_side(c, side, talk, spool, certificates, scratch);
	if (c->bytes[0] || c->bytes[1] || c->lost[0] || c->lost[1])
		return true;
	return c->opened && !talk->tunnel.data;
}

/* ---- all ---- */

/* Each list keeps its order, whatever the times in it. */
static void merge(struct conversations *c)
{
	const struct list *t = &c->tcp, *u = &c->udp;
	size_t n = 0;
	c->merged = xmalloc(((size_t)t->count + u->count) * sizeof *c->merged);
	for (uint32_t i = 0, k = 0; i < t->count || k < u->count;) {
		bool tcp =
		    k == u->count ||
		    (i < t->count && t->items[i].time <= u->items[k].time);
		c->merged[n++] = tcp ? t->items[i++] : u->items[k++];
	}
}

const struct conversation *conversations_list(struct conversations *c,
					      size_t *count)
{
	if (!c->merged)
		merge(c);
	*count = (size_t)c->tcp.count + c->udp.count;
	return c->merged;
}

struct conversations_rest conversations_rest(const struct conversations *c)
{
	return c->rest;
}
