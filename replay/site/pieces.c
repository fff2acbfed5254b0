/* Answers put together from bytes of recorded bodies: one range cut out of a
 * whole, or the whole joined from ranges. */
#include "pieces.h"

#include "capture/http.h"

#include <stdlib.h>

#define PIECES_MAX 4096 /* exchanges looked at */

struct piece_of {
	struct range range;
	uint32_t exchange;
};

struct pieces {
	struct piece_of *list;
	size_t count;
	struct slice tag; /* ETag of the first: only the same can be joined */
};

static void part_add(struct match *m, uint32_t exchange, uint64_t skip,
		     uint64_t len)
{
	if (m->part_count == m->part_room) {
		m->part_room = m->part_room ? m->part_room * 2 : 8;
		m->parts =
		    xreallocarray(m->parts, m->part_room, sizeof *m->parts);
	}
	m->parts[m->part_count++] = (struct part){exchange, skip, len};
}

static void describe(struct match *m, const struct range *range, bool partial)
{
	m->first = range->first;
	m->last = range->last;
	m->total = range->total;
	m->partial = partial;
}

void match_cut(struct match *m, uint32_t i, const struct range *range)
{
	part_add(m, i, range->first, range->last - range->first + 1);
	describe(m, range, true);
}

/* Takes exchange i if it is a sound piece of the same whole as the others. */
static void piece_add(const struct search *s, struct pieces *p, uint32_t i)
{
	const struct exchange *e = table_exchange(s->t, i);
	struct slice fields = head_fields(e->response_head);
	struct slice tag = http_field(fields, SLICE("ETag"));
	struct piece_of piece = {.exchange = i};
	if (!range_recorded(http_field(fields, SLICE("Content-Range")),
			    &piece.range) ||
	    piece.range.last - piece.range.first + 1 != e->body_bytes)
		return;
	if (p->count && (piece.range.total != p->list[0].range.total ||
			 !slice_equal(tag, p->tag)))
		return;
	if (!(p->count & (p->count - 1)))
		p->list =
		    xreallocarray(p->list, p->count * 2 + 1, sizeof *p->list);
	p->tag = tag;
	p->list[p->count++] = piece;
}

static void gather(const struct search *s, enum at at, struct pieces *p)
{
	uint32_t i =
	    table_near(s->t, SLICE("GET"), s->host, url_path(s->r->url.target));
	for (; i != TABLE_NONE && p->count < PIECES_MAX;
	     i = table_entry(s->t, i)->near_next) {
		const struct entry *n = table_entry(s->t, i);
		if (n->status == 206 && n->complete && n->body == TABLE_NONE &&
		    usable(s, i, at) &&
		    slice_equal(table_url(s->t, i).target, s->r->url.target))
			piece_add(s, p, i);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct piece_of *x = a, *y = b;
	if (x->range.first != y->range.first)
		return x->range.first < y->range.first ? -1 : 1;
	return (x->exchange > y->exchange) - (x->exchange < y->exchange);
}

/* Lays pieces side by side, each time the one that reaches furthest. False if
 * a byte of the range is in none. */
static bool cover(const struct pieces *p, const struct range *want,
		  struct match *m)
{
	uint64_t at = want->first;
	size_t i = 0;
	while (at <= want->last) {
		const struct piece_of *best = NULL;
		for (; i < p->count && p->list[i].range.first <= at; i++)
			if (!best || p->list[i].range.last > best->range.last)
				best = &p->list[i];
		if (!best || best->range.last < at)
			return false;
		uint64_t end = best->range.last < want->last ? best->range.last
							     : want->last;
		part_add(m, best->exchange, at - best->range.first,
			 end - at + 1);
		at = end + 1;
	}
	return true;
}

uint32_t pieces_join(const struct search *s, enum at at, struct match *m)
{
	struct pieces p = {0};
	uint32_t first = TABLE_NONE;
	gather(s, at, &p);
	if (p.count) {
		const struct slice *asked = s->r->traits.value;
		uint64_t total = p.list[0].range.total;
		struct range want = {0, total - 1, total};
		bool partial = asked[TRAIT_RANGE].data &&
			       !asked[TRAIT_IF_RANGE].data &&
			       range_asked(asked[TRAIT_RANGE], total, &want);
		first = p.list[0].exchange;
		qsort(p.list, p.count, sizeof *p.list, by_start);
		if (cover(&p, &want, m))
			describe(m, &want, partial);
		else
			first = TABLE_NONE;
	}
	if (first == TABLE_NONE)
		m->part_count = 0;
	free(p.list);
	return first;
}
