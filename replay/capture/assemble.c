/* Puts one side's segments in order: which byte counts where copies overlap,
 * and where bytes are missing. */
#include "assemble.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_MAX (INT64_C(1) << 30) /* see flow.c */
/* In half.segments: a single byte that was acknowledged before it was seen.
 * It is a keep-alive probe's garbage (RFC 9293 3.8.4), or a real byte that
 * was recorded after its acknowledgement. */
#define PROBE (UINT32_C(1) << 31)
#define COMPARE_MAX 4 /* copies of a byte that are held against each other */

static uint32_t length(const struct piece *p)
{
	return p->len & ~PROBE;
}

static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static void raise_to(uint32_t *high, bool *known, uint32_t value)
{
	if (!*known || is_after(value, *high))
		*high = value;
	*known = true;
}

static void note_syn(struct half *h, struct half *other, const struct packet *p)
{
	/* A second SYN with another number counts while there is no data. */
	if (!h->syn || !h->count) {
		h->start = p->seq + 1;
		h->start_known = h->syn = true;
		if (!h->seen)
			h->next = h->start;
	}
	/* The answer to a SYN tells where the other side begins. */
	if (p->flags & TCP_ACK && !other->start_known && !other->seen) {
		other->start = other->next = p->ack;
		other->start_known = true;
	}
}

void half_note(struct half *h, struct half *other, const struct packet *p)
{
	uint32_t seq = p->seq;
	if (p->flags & TCP_SYN) {
		note_syn(h, other, p);
		seq++;
	}
	if (p->flags & TCP_RST) {
		h->reset = true; /* its numbers are often made up */
		return;
	}
	if (p->flags & TCP_ACK) {
		raise_to(&h->acked, &h->acked_known, p->ack);
		raise_to(&other->ahead, &other->ahead_known, p->ack);
	}
	uint32_t end = seq + (uint32_t)p->payload.len + p->missing;
	if (end == seq && !(p->flags & TCP_FIN)) {
		raise_to(&h->ahead, &h->ahead_known, seq);
		return;
	}
	h->fin |= (p->flags & TCP_FIN) != 0;
	if (!h->seen || is_after(h->lowest, seq))
		h->lowest = seq;
	if (h->start_known && !h->seen)
		h->next = h->start;
	if ((!h->seen && !h->start_known) || is_after(end, h->next))
		h->next = end;
	h->seen = true;
}

bool half_keep(struct half *h, const struct half *other, const struct packet *p)
{
	if (p->flags & TCP_RST)
		return false; /* its payload explains, it is no data */
	uint32_t seq = p->seq + (p->flags & TCP_SYN ? 1 : 0);
	uint32_t len = (uint32_t)p->payload.len;
	if (h->count) {
		/* Captured twice: the commonest case by far is cheap. */
		const struct piece *last = &h->segments[h->count - 1];
		if (last->seq == seq && last->len == len) {
			h->conflict |= memcmp(last->data, p->payload.data, len);
			return false;
		}
	}
	if (len == 1 && other->acked_known && other->acked == seq + 1)
		len |= PROBE;
	if (h->count == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 2;
		h->segments =
		    xreallocarray(h->segments, h->cap, sizeof *h->segments);
	}
	h->segments[h->count++] =
	    (struct piece){p->payload.data, p->time, len, seq};
	return true;
}

#define EXPECTED 32        /* segments */
#define EXPECTED_BYTES 256 /* of each, since messages begin where they do */

void half_expect_list(const struct half *h)
{
	uint32_t count = h->count < EXPECTED ? h->count : EXPECTED;
	prefetch(h->segments, count * sizeof *h->segments);
}

void half_expect(const struct half *h)
{
	for (uint32_t i = 0; i < h->count && i < EXPECTED; i++) {
		uint32_t len = length(&h->segments[i]);
		prefetch(h->segments[i].data,
			 len < EXPECTED_BYTES ? len : EXPECTED_BYTES);
	}
}

/* A segment with its place in the stream, beyond 32 bits. */
struct item {
	int64_t at;
	uint32_t index; /* in half.segments: the order of arrival */
};

/* Places count from here, so that what lies before the first segment has one
 * too. */
#define ORIGIN (INT64_C(1) << 40)

static int64_t unwrap(int64_t near, uint32_t near_seq, uint32_t seq)
{
	return near + (int32_t)(seq - near_seq);
}

/* The pieces of a stream as they come out, in order and without holes but for
 * explicit gaps. */
struct output {
	struct piece *pieces;
	uint32_t count, cap;
	bool conflict;
};

static void put(struct output *o, struct piece p)
{
	if (o->count == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 16;
		o->pieces = xreallocarray(o->pieces, o->cap, sizeof p);
	}
	o->pieces[o->count++] = p;
}

static void put_gap(struct output *o, uint64_t len, uint32_t seq, int64_t time)
{
	while (len) {
		uint32_t part = len < PROBE ? (uint32_t)len : PROBE - 1;
		put(o, (struct piece){NULL, time, part, seq});
		len -= part;
		seq += part;
	}
}

/* Segments in force at a place, the one that came first on top. */
struct heap {
	const struct half *half;
	struct item *items;
	size_t count;
};

static void heap_push(struct heap *heap, struct item item)
{
	size_t i = heap->count++;
	while (i && heap->items[(i - 1) / 2].index > item.index) {
		heap->items[i] = heap->items[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	heap->items[i] = item;
}

static void heap_pop(struct heap *heap)
{
	struct item last = heap->items[--heap->count];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    heap->items[child + 1].index < heap->items[child].index)
			child++;
		if (heap->items[child].index >= last.index)
			break;
		heap->items[i] = heap->items[child];
		i = child;
	}
	heap->items[i] = last;
}

static int64_t item_end(const struct half *h, struct item item)
{
	return item.at + length(&h->segments[item.index]);
}

static const uint8_t *item_bytes(const struct half *h, struct item item,
				 int64_t at)
{
	return h->segments[item.index].data + (at - item.at);
}

/* Whether other copies of [from, to) say the same as the one on top. */
static bool copies_agree(const struct heap *heap, int64_t from, int64_t to)
{
	const struct half *h = heap->half;
	const uint8_t *mine = item_bytes(h, heap->items[0], from);
	for (size_t i = 1; i < heap->count && i <= COMPARE_MAX; i++) {
		struct item other = heap->items[i];
		int64_t end = item_end(h, other);
		if (end > to)
			end = to;
		if (end <= from || h->segments[other.index].len & PROBE)
			continue;
		if (memcmp(mine, item_bytes(h, other, from),
			   (size_t)(end - from)))
			return false;
	}
	return true;
}

/* The bytes [from, to) of the segment on top; one piece where the segment goes
 * on from the piece before. */
static void put_bytes(struct output *o, const struct heap *heap, int64_t from,
		      int64_t to)
{
	struct item top = heap->items[0];
	const struct piece *segment = &heap->half->segments[top.index];
	const uint8_t *data = segment->data + (from - top.at);
	uint32_t probe = segment->len & PROBE;
	if (!probe)
		o->conflict |= !copies_agree(heap, from, to);
	struct piece *last = o->count ? &o->pieces[o->count - 1] : NULL;
	if (last && last->data && from > top.at &&
	    last->data + length(last) == data && !(last->len & PROBE)) {
		last->len += (uint32_t)(to - from);
		return;
	}
	put(o,
	    (struct piece){data, segment->time, (uint32_t)(to - from) | probe,
			   segment->seq + (uint32_t)(from - top.at)});
}

static int by_place(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/* Goes along the stream; at each place the segment that came first counts. */
static void sweep(const struct half *h, struct item *items, size_t count,
		  int64_t at, struct output *o)
{
	struct heap heap = {h, xmalloc(count * sizeof *items), 0};
	size_t next = 0;
	while (next < count || heap.count) {
		while (next < count && items[next].at <= at)
			heap_push(&heap, items[next++]);
		while (heap.count && item_end(h, heap.items[0]) <= at)
			heap_pop(&heap);
		if (!heap.count && next == count)
			break;
		if (!heap.count) {
			const struct piece *p = &h->segments[items[next].index];
			uint64_t len = (uint64_t)(items[next].at - at);
			put_gap(o, len, p->seq - (uint32_t)len, p->time);
			at = items[next].at;
			continue;
		}
		int64_t to = item_end(h, heap.items[0]);
		if (next < count && items[next].at < to)
			to = items[next].at;
		put_bytes(o, &heap, at, to);
		at = to;
	}
	free(heap.items);
}

/* Probes count only where they fill a hole wholly: a keep-alive's garbage
 * stands alone at the end of one, or before everything. */
static void settle_probes(struct output *o, bool from_start)
{
	struct piece *p = o->pieces;
	uint32_t kept = 0;
	for (uint32_t i = 0, run; i < o->count; i = run) {
		run = i;
		while (run < o->count && p[run].len & PROBE)
			run++;
		if (run == i) {
			p[kept++] = p[run++];
			continue;
		}
		bool alone = (i ? !p[i - 1].data : !from_start) ||
			     (run < o->count && !p[run].data);
		if (alone && !i && !from_start)
			continue; /* the stream begins behind it */
		for (uint32_t k = i; k < run; k++) {
			p[k].len = length(&p[k]);
			if (alone)
				p[k].data = NULL;
			if (alone && kept && !p[kept - 1].data)
				p[kept - 1].len += p[k].len;
			else
				p[kept++] = p[k];
		}
	}
	o->count = kept;
}

/* The general case: any order, any overlap. */
static struct output assemble_any(struct half *h)
{
	struct output o = {.conflict = h->conflict};
	struct item *items = xmalloc(h->count * sizeof *items);
	size_t count = 0;
	int64_t near = ORIGIN;
	uint32_t near_seq = h->start_known ? h->start : h->segments[0].seq;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct piece *s = &h->segments[i];
		int64_t at = unwrap(near, near_seq, s->seq);
		int64_t end = at + length(s);
		if (at > near + WINDOW_MAX || at < near - WINDOW_MAX) {
			h->stray++;
			continue;
		}
		if (end > near) {
			near = end;
			near_seq = s->seq + length(s);
		}
		if (!h->start_known || end > ORIGIN)
			items[count++] = (struct item){at, i};
	}
	qsort(items, count, sizeof *items, by_place);
	if (count)
		sweep(h, items, count, h->start_known ? ORIGIN : items[0].at,
		      &o);
	settle_probes(&o, h->start_known);
	free(items);
	free(h->segments);
	return o;
}

/* Whether [at, at + len) of what was put out is those bytes. Its places are
 * found by sequence number, so only within 2 GiB of the first piece. */
static bool repeats(const struct piece *out, uint32_t count,
		    const struct piece *copy)
{
	uint32_t low = 0, high = count;
	uint32_t place = copy->seq - out[0].seq;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (out[mid].seq - out[0].seq <= place)
			low = mid;
		else
			high = mid;
	}
	uint32_t done = 0, len = length(copy);
	uint32_t skip = place - (out[low].seq - out[0].seq);
	for (; done < len && low < count; low++, skip = 0) {
		uint32_t n = length(&out[low]) - skip;
		if (n > len - done)
			n = len - done;
		if (memcmp(out[low].data + skip, copy->data + done, n))
			return false;
		done += n;
	}
	return true;
}

/* Most sides come in order, at most with whole copies of earlier segments:
 * they are put in order in place. Returns how many segments could be; they
 * are moved to the front, and the copies among them are gone. */
static bool assemble_in_place(struct half *h)
{
	struct piece *s = h->segments;
	uint32_t expected = h->start_known ? h->start : s[0].seq;
	uint64_t total = 0;
	uint32_t kept = 0, i;
	for (i = 0; i < h->count; i++) {
		if (s[i].len & PROBE)
			break;
		if (s[i].seq == expected) {
			expected += s[i].len;
			total += s[i].len;
			s[kept++] = s[i];
			continue;
		}
		if (!kept || total > INT32_MAX)
			break;
		uint64_t place = s[i].seq - s[0].seq;
		if (place + s[i].len > total)
			break;
		h->conflict |= !repeats(s, kept, &s[i]);
	}
	bool whole = i == h->count;
	if (kept < i)
		memmove(s + kept, s + i, (h->count - i) * sizeof *s);
	h->count -= i - kept;
	return whole;
}

/* Bytes that were sent after the last one seen: the FIN's place or a cut
 * packet's length says so. Acknowledgements too, but for one byte, which may
 * be an unseen FIN. */
static void add_tail(const struct half *h, struct output *o)
{
	uint32_t end = h->start_known ? h->start : h->next;
	int64_t time = 0;
	if (o->count) {
		const struct piece *last = &o->pieces[o->count - 1];
		end = last->seq + last->len;
		time = last->time;
	}
	uint32_t sent = h->next;
	if (h->ahead_known && is_after(h->ahead, sent + 1) && o->count)
		sent = h->fin ? sent : h->ahead;
	if (is_after(sent, end) && sent - end <= WINDOW_MAX)
		put_gap(o, sent - end, end, time);
}

static enum stream_end how_ended(const struct half *h, const struct half *other)
{
	if (h->fin)
		return STREAM_FIN;
	return h->reset || other->reset ? STREAM_RESET : STREAM_OPEN;
}

struct stream half_assemble(struct half *h, const struct half *other,
			    struct shelf *shelf)
{
	struct output o = {0};
	if (h->count && assemble_in_place(h)) {
		o = (struct output){h->segments, h->count, h->cap, h->conflict};
	} else if (h->count) {
		o = assemble_any(h);
	} else {
		free(h->segments);
	}
	if (h->seen)
		add_tail(h, &o);
	struct piece *kept = shelf_keep(shelf, o.pieces, o.count);
	free(o.pieces);
	h->segments = NULL;
	h->count = h->cap = 0;
	return (struct stream){kept, o.count, h->start_known, o.conflict,
			       how_ended(h, other)};
}

void half_release(struct half *h)
{
	free(h->segments);
	h->segments = NULL;
}
