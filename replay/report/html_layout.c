/* Where what stands in the picture of a chain. */
#include "html_layout.h"

#include "intern.h"

#include <stdlib.h>

/* What it takes to lay out. */
struct work {
	struct layout *l;
	const struct layout_item *items;
	uint32_t count;
	bool *leads; /* of each item: something came of it */
	bool single;
	struct intern alike; /* of items that may share a row */
	uint32_t *first;     /* of each of these: its first item */
};

/* ---- items to rows ---- */

static bool may_share(const struct work *w, uint32_t i)
{
	return !w->single && !w->leads[i] && !w->items[i].alone;
}

/* The item whose row i has: itself, or an earlier one that is alike. */
static uint32_t head_of(struct work *w, uint32_t i)
{
	const struct layout_item *n = &w->items[i];
	const uint32_t key[] = {n->host, n->cause,
				(uint32_t)n->kind << 8 | n->by};
	if (!may_share(w, i))
		return i;
	uint32_t known = w->alike.count;
	uint32_t number = intern_add(
	    &w->alike, (struct slice){(const uint8_t *)key, sizeof key});
	if (number == known)
		w->first[number] = i;
	return w->first[number];
}

/* Which items have rows, if there are too many: those that led to something or
 * are told apart, then the others, each in their order. */
static void choose(const struct work *w, const uint32_t *heads, bool *chosen)
{
	uint32_t room = LAYOUT_ROWS_MAX;
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < w->count && room; i++) {
			bool first =
			    w->leads[i] || w->items[i].alone || w->single;
			if (heads[i] != i || first == (pass > 0))
				continue;
			chosen[i] = true;
			room--;
		}
}

static void add_rows(struct work *w, const uint32_t *heads, const bool *chosen)
{
	struct layout *l = w->l;
	for (uint32_t i = 0; i < w->count; i++) {
		uint32_t head = heads[i];
		l->row_of[i] = LAYOUT_NONE;
		if (!chosen[head]) {
			l->left_out++;
			continue;
		}
		if (head == i) {
			l->row_of[i] = l->row_count;
			l->rows[l->row_count++] = (struct layout_row){
			    .first = i, .last = i, .cause = LAYOUT_NONE};
		}
		l->row_of[i] = l->row_of[head];
		l->rows[l->row_of[i]].last = i;
		l->rows[l->row_of[i]].count++;
	}
}

static void find_causes(struct work *w)
{
	struct layout *l = w->l;
	for (uint32_t k = 0; k < l->row_count; k++) {
		uint32_t cause = w->items[l->rows[k].first].cause;
		while (cause != LAYOUT_NONE && l->row_of[cause] == LAYOUT_NONE)
			cause = w->items[cause].cause;
		if (cause != LAYOUT_NONE)
			l->rows[k].cause = l->row_of[cause];
	}
}

/* ---- hosts to lanes ---- */

static uint32_t lane_of(struct layout *l, uint32_t host)
{
	for (uint32_t i = 0; i < l->lane_count; i++)
		if (l->lanes[i] == host)
			return i;
	if (l->lane_count < LAYOUT_LANES_MAX) {
		l->lanes[l->lane_count] = host;
		return l->lane_count++;
	}
	return LAYOUT_LANES_MAX - 1;
}

/* How many hosts have rows; counted no further than it matters. */
static void count_rest(struct work *w, struct intern *hosts)
{
	struct layout *l = w->l;
	for (uint32_t k = 0; k < l->row_count; k++) {
		const uint32_t host = w->items[l->rows[k].first].host;
		intern_add(hosts,
			   (struct slice){(const uint8_t *)&host, sizeof host});
	}
	if (hosts->count > LAYOUT_LANES_MAX)
		l->rest = hosts->count - (LAYOUT_LANES_MAX - 1);
}

/* Of hosts that led to something first, where there are more than lanes. */
static void find_lanes(struct work *w)
{
	struct layout *l = w->l;
	struct intern hosts = {0};
	count_rest(w, &hosts);
	for (uint32_t k = 0; l->rest && k < l->row_count; k++)
		if (w->leads[l->rows[k].first] &&
		    l->lane_count < LAYOUT_LANES_MAX - 1)
			lane_of(l, w->items[l->rows[k].first].host);
	for (uint32_t k = 0; k < l->row_count; k++)
		l->rows[k].lane = lane_of(l, w->items[l->rows[k].first].host);
	intern_release(&hosts);
}

void layout_make(struct layout *l, const struct layout_item *items,
		 uint32_t count)
{
	size_t room = (size_t)count + 1;
	struct work w = {.l = l,
			 .items = items,
			 .count = count,
			 .leads = xcalloc(room, sizeof *w.leads),
			 .single = count <= LAYOUT_SINGLE_MAX,
			 .first = xcalloc(room, sizeof *w.first)};
	uint32_t *heads = xcalloc(room, sizeof *heads);
	bool *chosen = xcalloc(room, sizeof *chosen);
	*l = (struct layout){.rows = xcalloc(LAYOUT_ROWS_MAX, sizeof *l->rows),
			     .row_of = xcalloc(room, sizeof *l->row_of)};
	for (uint32_t i = 0; i < count; i++)
		if (items[i].cause != LAYOUT_NONE)
			w.leads[items[i].cause] = true;
	for (uint32_t i = 0; i < count; i++)
		heads[i] = head_of(&w, i);
	choose(&w, heads, chosen);
	add_rows(&w, heads, chosen);
	find_causes(&w);
	find_lanes(&w);
	intern_release(&w.alike);
	free(w.leads);
	free(w.first);
	free(heads);
	free(chosen);
}

void layout_release(struct layout *l)
{
	free(l->rows);
	free(l->row_of);
	*l = (struct layout){0};
}
