/* Answers put together from bytes of recorded bodies: one range cut out of a
 * whole, or the whole joined from ranges. */
#include "pieces.h"

#include "capture/http.h"

#include <stdlib.h>

#define PIECES_MAX 4096  /* of one URL */
#define OTHERS_MAX 10000 /* exchanges of its path, looked at beside them */

bool parts_next(struct parts_reader *r, struct slice *bytes)
{
	while (r->left || r->count) {
		if (!r->left) {
			r->body = exchange_response_body(
			    table_exchange(r->table, r->parts->exchange));
			r->skip = r->parts->skip;
			r->left = r->parts->len;
			r->parts++;
			r->count--;
		}
		if (!body_next(&r->body, bytes) || !bytes->data)
			break;
		if (bytes->len <= r->skip) {
			r->skip -= bytes->len;
			continue;
		}
		*bytes = slice_from(*bytes, (size_t)r->skip);
		*bytes = slice_to(*bytes, r->left < SIZE_MAX ? (size_t)r->left
							     : SIZE_MAX);
		r->skip = 0;
		r->left -= bytes->len;
		return true;
	}
	r->count = 0;
	return false;
}

struct piece_of {
	struct range range;
	struct slice tag; /* ETag: only those of the same can be joined */
	uint32_t exchange;
};

struct pieces {
	struct piece_of *list;
	size_t count;
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

/* False if the answer of exchange i is no sound piece. */
static bool piece_read(const struct table *t, uint32_t i,
		       struct piece_of *piece)
{
	const struct exchange *e = table_exchange(t, i);
	struct slice fields = head_fields(e->response_head);
	*piece = (struct piece_of){.tag = http_field(fields, SLICE("ETag")),
				   .exchange = i};
	return range_recorded(http_field(fields, SLICE("Content-Range")),
			      &piece->range) &&
	       piece->range.last - piece->range.first + 1 == e->body_bytes;
}

static void piece_add(struct pieces *p, struct piece_of piece)
{
	if (!(p->count & (p->count - 1)))
		p->list =
		    xreallocarray(p->list, p->count * 2 + 1, sizeof *p->list);
	p->list[p->count++] = piece;
}

static void gather(const struct search *s, enum at at, struct pieces *p)
{
	uint32_t i =
	    table_near(s->t, SLICE("GET"), s->host, url_path(s->target));
	size_t looked = 0;
	for (; i != TABLE_NONE && p->count < PIECES_MAX &&
	       looked - p->count < OTHERS_MAX;
	     i = table_entry(s->t, i)->near_next, looked++) {
		const struct entry *n = table_entry(s->t, i);
		struct piece_of piece;
		if (n->status == 206 && n->complete && n->body == TABLE_NONE &&
		    usable(s, i, at) &&
		    slice_equal(search_target(s, i), s->target) &&
		    piece_read(s->t, i, &piece))
			piece_add(p, piece);
	}
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Pieces of the same whole stand together. */
static int by_whole(const struct piece_of *x, const struct piece_of *y)
{
	int order = compare(x->range.total, y->range.total);
	return order ? order : slice_compare(x->tag, y->tag);
}

static int by_whole_and_start(const void *a, const void *b)
{
	const struct piece_of *x = a, *y = b;
	int order = by_whole(x, y);
	if (!order)
		order = compare(x->range.first, y->range.first);
	return order ? order : compare(x->exchange, y->exchange);
}

/* The pieces of the first whole in p, taken out of it. */
static struct pieces take_whole(struct pieces *p)
{
	struct pieces whole = {p->list, 0};
	while (whole.count < p->count &&
	       !by_whole(&p->list[0], &p->list[whole.count]))
		whole.count++;
	p->list += whole.count;
	p->count -= whole.count;
	return whole;
}

static uint32_t first_recorded(const struct pieces *p)
{
	uint32_t first = TABLE_NONE;
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].exchange < first)
			first = p->list[i].exchange;
	return first;
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

/* What is asked of a whole of that many bytes. Returns whether it is a part. */
static bool wanted(const struct search *s, uint64_t total, struct range *want)
{
	const struct slice *asked = s->r->traits.value;
	*want = (struct range){0, total - 1, total};
	return asked[TRAIT_RANGE].data && !asked[TRAIT_IF_RANGE].data &&
	       range_asked(asked[TRAIT_RANGE], total, want);
}

static bool join(const struct search *s, const struct pieces *whole,
		 struct match *m)
{
	struct range want;
	bool partial = wanted(s, whole->list[0].range.total, &want);
	m->part_count = 0;
	if (!cover(whole, &want, m))
		return false;
	describe(m, &want, partial);
	return true;
}

uint32_t pieces_join(const struct search *s, enum at at, struct match *m)
{
	struct pieces all = {0}, best = {0};
	uint32_t first = TABLE_NONE;
	gather(s, at, &all);
	if (all.count > 1)
		qsort(all.list, all.count, sizeof *all.list,
		      by_whole_and_start);
	struct pieces rest = all;
	while (rest.count) {
		struct pieces whole = take_whole(&rest);
		uint32_t i = first_recorded(&whole);
		if (i < first && join(s, &whole, m)) {
			first = i;
			best = whole;
		}
	}
	if (first == TABLE_NONE)
		m->part_count = 0;
	else
		join(s, &best, m);
	free(all.list);
	return first;
}

/* A whole that was recorded is a piece too, if it is that one. */
static bool piece_of_same(const struct table *t, uint32_t i,
			  const struct piece_of *as, struct piece_of *piece)
{
	const struct exchange *e = table_exchange(t, i);
	if (e->status == 206)
		return piece_read(t, i, piece) && !by_whole(piece, as);
	if (e->status != 200 || !e->body_bytes)
		return false;
	struct slice fields = head_fields(e->response_head);
	*piece = (struct piece_of){
	    .range = {0, e->body_bytes - 1, e->body_bytes},
	    .tag = http_field(fields, SLICE("ETag")),
	    .exchange = i,
	};
	return !by_whole(piece, as);
}

static bool same_place(const struct table *t, uint32_t i, uint32_t of)
{
	const struct entry *a = table_entry(t, i), *b = table_entry(t, of);
	return a->complete && a->body == TABLE_NONE && a->port == b->port &&
	       a->https == b->https &&
	       slice_equal(table_url(t, i).target, table_url(t, of).target);
}

bool pieces_whole(const struct table *t, uint32_t i, struct match *m)
{
	struct pieces p = {0};
	struct piece_of as, piece;
	if (table_entry(t, i)->status != 206 || !piece_read(t, i, &as))
		return false;
	uint32_t other = table_near(t, SLICE("GET"), table_entry(t, i)->host,
				    url_path(table_target(t, i)));
	for (size_t looked = 0; other != TABLE_NONE && p.count < PIECES_MAX &&
				looked - p.count < OTHERS_MAX;
	     other = table_entry(t, other)->near_next, looked++)
		if (same_place(t, other, i) &&
		    piece_of_same(t, other, &as, &piece))
			piece_add(&p, piece);
	if (p.count > 1)
		qsort(p.list, p.count, sizeof *p.list, by_whole_and_start);
	struct range all = {0, as.range.total - 1, as.range.total};
	bool whole = cover(&p, &all, m);
	describe(m, &all, false);
	free(p.list);
	return whole;
}
