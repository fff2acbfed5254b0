/* Notes TCP segments as they come: which connection, which side. */
#include "flow.h"

#include "assemble.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 256 /* connections allocated at once: their place is stable */
#define SEGMENTS_DEFAULT (UINT64_C(1) << 26)
#define FLOWS_MAX (UINT32_C(1) << 22)
#define NONE UINT32_MAX

/* How far from the last byte seen a segment may lie and still belong to its
 * connection: the largest window there is (RFC 7323 2.3). */
#define WINDOW_MAX (INT32_C(1) << 30)
/* And how near it surely lies: much more than real windows, much less than
 * the distance of unrelated sequence numbers. */
#define WINDOW_NEAR (INT32_C(1) << 24)
/* Data captured before its own SYN begins within this. */
#define LATE_SYN_REACH (INT32_C(1) << 20)

/* What is only needed until its streams are in order. */
struct connection {
	struct flow *flow;
	struct half halves[2];
	uint32_t older; /* connection with the same ends before this one */
	bool opener_known;
	/* What Wireshark goes by: see number_new. */
	uint32_t base[2];
	bool base_known[2];
};

struct flows {
	struct flow **flows; /* blocks of them; as many of what follows, which
				is NULL once all are settled */
	struct connection **connections;
	uint32_t count, blocks_len;
	uint32_t *buckets; /* open addressing: index of the latest connection */
	uint32_t mask, pairs;
	uint64_t seed;
	uint32_t numbers; /* Wireshark's count of conversations */
	uint64_t room;    /* for segments */
	struct flow_counts counts;
};

struct flows *flows_new(uint64_t max_segments)
{
	struct flows *f = xcalloc(1, sizeof *f);
	f->room = max_segments ? max_segments : SEGMENTS_DEFAULT;
	f->mask = 1023;
	f->buckets = xmalloc((f->mask + 1) * sizeof *f->buckets);
	memset(f->buckets, 0xff, (f->mask + 1) * sizeof *f->buckets);
	/* A capture must not be able to choose its collisions. */
	if (getrandom(&f->seed, sizeof f->seed, GRND_NONBLOCK) < 0)
		f->seed = (uintptr_t)f;
	return f;
}

static struct connection *connection_at(const struct flows *f, uint32_t i)
{
	return &f->connections[i / BLOCK][i % BLOCK];
}

static struct flow *flow_at(const struct flows *f, uint32_t i)
{
	return &f->flows[i / BLOCK][i % BLOCK];
}

static uint32_t *bucket_of(struct flows *f, const struct endpoint *a,
			   const struct endpoint *b)
{
	uint32_t i = (uint32_t)ends_hash(a, b, f->seed) & f->mask;
	while (f->buckets[i] != NONE &&
	       !ends_equal(flow_at(f, f->buckets[i])->ends, a, b))
		i = (i + 1) & f->mask;
	return &f->buckets[i];
}

static void grow_buckets(struct flows *f)
{
	uint32_t *old = f->buckets, old_mask = f->mask;
	f->mask = f->mask * 2 + 1;
	f->buckets = xmalloc(((size_t)f->mask + 1) * sizeof *f->buckets);
	memset(f->buckets, 0xff, ((size_t)f->mask + 1) * sizeof *f->buckets);
	for (uint32_t i = 0; i <= old_mask; i++) {
		if (old[i] == NONE)
			continue;
		const struct flow *flow = flow_at(f, old[i]);
		*bucket_of(f, &flow->ends[0], &flow->ends[1]) = old[i];
	}
	free(old);
}

static void add_block(struct flows *f)
{
	uint32_t len = ++f->blocks_len;
	f->flows = xreallocarray(f->flows, len, sizeof(struct flow *));
	f->connections =
	    xreallocarray(f->connections, len, sizeof(struct connection *));
	f->flows[len - 1] = xcalloc(BLOCK, sizeof(struct flow));
	f->connections[len - 1] = xcalloc(BLOCK, sizeof(struct connection));
}

/* A new connection whose first segment is p, before those of *bucket. */
static struct connection *connection_new(struct flows *f, uint32_t *bucket,
					 const struct packet *p)
{
	if (f->count == FLOWS_MAX)
		return NULL;
	if (f->count / BLOCK == f->blocks_len)
		add_block(f);
	struct connection *c = connection_at(f, f->count);
	c->flow = flow_at(f, f->count);
	c->older = *bucket;
	c->flow->ends[0] = p->from;
	c->flow->ends[1] = p->to;
	c->flow->time = p->time;
	*bucket = f->count++;
	if (c->older == NONE && ++f->pairs > f->mask / 2)
		grow_buckets(f);
	f->counts.flows++;
	return c;
}

static int side_of(const struct connection *c, const struct packet *p)
{
	return endpoint_equal(&c->flow->ends[0], &p->from) ? 0 : 1;
}

/* Wireshark counts a conversation for each pair of ends, and a new one where a
 * SYN has another number than the direction began with. */
static bool number_new(struct connection *c, const struct packet *p, int side)
{
	uint32_t base = p->flags & TCP_SYN ? p->seq : p->seq - 1;
	if ((p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
	    c->base_known[side] && c->base[side] != p->seq)
		return true;
	if (!c->base_known[side]) {
		c->base_known[side] = true;
		c->base[side] = base;
	}
	if (p->flags & TCP_ACK && !c->base_known[!side]) {
		c->base_known[!side] = true;
		c->base[!side] = p->ack - 1;
	}
	return false;
}

static int32_t distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

/* Whether a SYN opens another connection than c. */
static bool syn_opens_new(const struct connection *c, const struct packet *p,
			  int side)
{
	const struct half *mine = &c->halves[side];
	const struct half *theirs = &c->halves[!side];
	uint32_t start = p->seq + 1;
	if (mine->start_known)
		return mine->start != start && (mine->syn || mine->count);
	if (mine->seen) {
		/* Its data was captured before it, if it begins here. */
		int32_t ahead = distance(start, mine->lowest);
		return ahead < 0 || ahead > LATE_SYN_REACH;
	}
	if (p->flags & TCP_ACK && theirs->start_known)
		return p->ack != theirs->start && !theirs->count;
	if (theirs->seen && theirs->acked_known)
		return theirs->acked != start;
	return false;
}

/* How well a segment fits: how far from what its side said last. */
static uint32_t misfit(const struct connection *c, const struct packet *p)
{
	const struct half *h = &c->halves[side_of(c, p)];
	const struct half *other = &c->halves[!side_of(c, p)];
	uint32_t near;
	if (h->seen || h->start_known)
		near = h->next;
	else if (other->acked_known)
		near = other->acked;
	else
		return 0;
	int32_t d = distance(near, p->seq);
	uint32_t m = d < 0 ? -(uint32_t)d : (uint32_t)d;
	/* What a side says first may be anything. */
	return m > WINDOW_NEAR && !h->seen ? WINDOW_NEAR : m;
}

/* The connection of a segment that is no SYN: the latest with these ends if it
 * is near, else an older one if that is nearer (a straggler). */
static struct connection *connection_fitting(struct flows *f, uint32_t latest,
					     const struct packet *p)
{
	struct connection *best = NULL;
	uint32_t least = WINDOW_MAX;
	uint32_t i = latest;
	for (int depth = 0; i != NONE && depth < 4; depth++) {
		struct connection *c = connection_at(f, i);
		uint32_t m = misfit(c, p);
		if (m < least) {
			least = m;
			best = c;
		}
		if (least < WINDOW_NEAR)
			break;
		i = c->older;
	}
	return best;
}

static struct connection *connection_for(struct flows *f,
					 const struct packet *p)
{
	uint32_t *bucket = bucket_of(f, &p->from, &p->to);
	struct connection *latest = NULL, *c = NULL;
	bool renumber = true;
	if (*bucket != NONE) {
		latest = connection_at(f, *bucket);
		renumber = number_new(latest, p, side_of(latest, p));
	}
	if (latest && p->flags & TCP_SYN) {
		c = syn_opens_new(latest, p, side_of(latest, p)) ? NULL
								 : latest;
	} else if (latest) {
		c = connection_fitting(f, *bucket, p);
		/* Nothing is lost with what carries no bytes. */
		if (!c && !p->payload.len)
			c = latest;
	}
	if (c)
		return c;
	c = connection_new(f, bucket, p);
	if (!c)
		return NULL;
	c->flow->number = renumber ? f->numbers++ : latest->flow->number;
	number_new(c, p, 0);
	return c;
}

static void note_opener(struct connection *c, const struct packet *p, int side)
{
	if (c->opener_known || !(p->flags & TCP_SYN))
		return;
	c->opener_known = true;
	int opener = p->flags & TCP_ACK ? !side : side;
	if (opener == 0)
		return;
	/* ends[0] is to be the one that opened. */
	struct endpoint end = c->flow->ends[0];
	c->flow->ends[0] = c->flow->ends[1];
	c->flow->ends[1] = end;
	struct half half = c->halves[0];
	c->halves[0] = c->halves[1];
	c->halves[1] = half;
	uint32_t base = c->base[0];
	c->base[0] = c->base[1];
	c->base[1] = base;
	bool known = c->base_known[0];
	c->base_known[0] = c->base_known[1];
	c->base_known[1] = known;
}

void flows_add(struct flows *f, const struct packet *p)
{
	struct connection *c = connection_for(f, p);
	if (!c) {
		f->counts.dropped++;
		return;
	}
	note_opener(c, p, side_of(c, p));
	int side = side_of(c, p);
	struct half *h = &c->halves[side];
	half_note(h, &c->halves[!side], p);
	if (!p->payload.len)
		return;
	f->counts.segments++;
	if (!f->room) {
		f->counts.dropped++;
		return;
	}
	if (half_keep(h, &c->halves[!side], p))
		f->room--;
}

void flows_add_quoted(struct flows *f, const struct packet *p)
{
	uint32_t *bucket = bucket_of(f, &p->from, &p->to);
	if (*bucket != NONE)
		return;
	struct connection *c = connection_new(f, bucket, p);
	if (c)
		c->flow->number = f->numbers++;
}

uint32_t flows_len(const struct flows *f)
{
	return f->count;
}

struct flow *flows_finish(struct flows *f, uint32_t i,
			  struct flow_counts *counts, struct shelf *shelf)
{
	struct connection *c = connection_at(f, i);
	for (int side = 0; side < 2; side++) {
		struct stream *s = &c->flow->streams[side];
		*s = half_assemble(&c->halves[side], &c->halves[!side], shelf);
		counts->conflicts += s->conflict;
		counts->stray += c->halves[side].stray;
		for (uint32_t k = 0; k < s->count; k++)
			counts->gaps += !s->pieces[k].data;
	}
	return c->flow;
}

/* Of one the payload, of the one behind it the list of where that is. */
void flows_expect(const struct flows *f, uint32_t i, uint32_t end)
{
	for (int side = 0; side < 2; side++) {
		if (i < end)
			half_expect(&connection_at(f, i)->halves[side]);
		if (i + 1 < end)
			half_expect_list(
			    &connection_at(f, i + 1)->halves[side]);
	}
}

/* They were kept in this order. */
void flow_unkeep(struct flow *flow, struct shelf *shelf)
{
	for (int i = 1; i >= 0; i--) {
		struct stream *s = &flow->streams[i];
		shelf_drop(shelf, s->pieces, s->count);
		s->pieces = NULL;
		s->count = 0;
	}
}

void flow_drop(struct flow *flow)
{
	for (int i = 0; i < 2; i++) {
		free(flow->streams[i].pieces);
		flow->streams[i].pieces = NULL;
		flow->streams[i].count = 0;
	}
}

const struct flow_counts *flows_counts(const struct flows *f)
{
	return &f->counts;
}

void flows_settle(struct flows *f)
{
	for (uint32_t i = 0; f->connections && i < f->count; i++) {
		half_release(&connection_at(f, i)->halves[0]);
		half_release(&connection_at(f, i)->halves[1]);
	}
	for (uint32_t i = 0; f->connections && i < f->blocks_len; i++)
		free(f->connections[i]);
	free(f->connections);
	f->connections = NULL;
	free(f->buckets);
	f->buckets = NULL;
}

void flows_free(struct flows *f)
{
	if (!f)
		return;
	flows_settle(f);
	for (uint32_t i = 0; i < f->blocks_len; i++)
		free(f->flows[i]);
	free(f->flows);
	free(f);
}

struct span_reader span_read(const struct stream *stream, struct span span)
{
	return (struct span_reader){stream, span.start, span.len};
}

bool span_next(struct span_reader *r, struct slice *bytes)
{
	while (r->left && r->at.piece < r->stream->count) {
		const struct piece *p = &r->stream->pieces[r->at.piece];
		uint64_t n = p->len - r->at.skip;
		if (n > r->left)
			n = r->left;
		bytes->data = p->data ? p->data + r->at.skip : NULL;
		bytes->len = n;
		r->left -= n;
		r->at.piece++;
		r->at.skip = 0;
		if (n)
			return true;
	}
	return false;
}
