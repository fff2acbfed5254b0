/* The causal chains of recording and replay, and the order of requests. */
#include "compare_chain.h"

#include <stdlib.h>
#include <string.h>

uint32_t chain_cause(const struct chain *c, uint32_t i)
{
	uint32_t cause = c->links[i].cause;
	return cause < i ? cause : CHAIN_NONE;
}

uint32_t compare_live_cause(const struct comparison *c, uint32_t asking)
{
	uint32_t cause = chain_cause(&c->chains[1], asking);
	return cause == CHAIN_NONE ? COMPARE_NONE : c->askings[cause].recorded;
}

/* ---- the order of requests ---- */

/* Whether no two exchanges of a recording were under way at the same time. */
static bool is_sequential(const struct recording *r)
{
	int64_t end = INT64_MIN;
	for (size_t i = 0; i < r->count; i++) {
		const struct exchange *e = &r->exchanges[i];
		if (e->time < end)
			return false;
		if (e->end_time > end)
			end = e->end_time;
	}
	return true;
}

static bool has_order(const struct row *r)
{
	return r->asked && !r->own;
}

/* The first rows that were asked for after all before them: those behind which
 * any row stands that was asked for too early. */
struct peaks {
	uint32_t *rows;
	uint32_t count;
};

static void add_peak(struct peaks *p, const struct row *rows, uint32_t i)
{
	if (!p->count || rows[p->rows[p->count - 1]].first < rows[i].first)
		p->rows[p->count++] = i;
}

/* The first of them that was asked for after that request. */
static uint32_t find_peak(const struct peaks *p, const struct row *rows,
			  uint32_t asking)
{
	uint32_t low = 0, high = p->count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (rows[p->rows[mid]].first > asking)
			high = mid;
		else
			low = mid + 1;
	}
	return low < p->count ? p->rows[low] : COMPARE_NONE;
}

static void find_swaps(struct comparison *c)
{
	struct peaks p = {.rows =
			      xmalloc(((size_t)c->count + 1) * sizeof *p.rows)};
	for (uint32_t i = 0; i < c->count; i++) {
		struct row *r = &c->rows[i];
		if (!has_order(r))
			continue;
		r->before = find_peak(&p, c->rows, r->first);
		add_peak(&p, c->rows, i);
	}
	free(p.rows);
}

void compare_orders(struct comparison *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		struct row *r = &c->rows[i];
		uint32_t cause = chain_cause(&c->chains[0], i);
		r->before_cause = cause != CHAIN_NONE && has_order(r) &&
				  has_order(&c->rows[cause]) &&
				  r->first < c->rows[cause].first;
	}
	if (is_sequential(c->recorded) && is_sequential(c->replayed))
		find_swaps(c);
}

/* ---- chains ---- */

/* Children by their numbers, as lists. */
struct forest {
	const struct chain *chain;
	uint32_t *child, *sibling; /* CHAIN_NONE: no more */
};

static void forest_init(struct forest *f, const struct chain *c)
{
	size_t size = ((size_t)c->count + 1) * sizeof *f->child;
	f->chain = c;
	f->child = xmalloc(size);
	f->sibling = xmalloc(size);
	memset(f->child, 0xff, size);
	memset(f->sibling, 0xff, size);
	for (uint32_t i = c->count; i-- > 0;) {
		uint32_t cause = chain_cause(c, i);
		if (cause == CHAIN_NONE)
			continue;
		f->sibling[i] = f->child[cause];
		f->child[cause] = i;
	}
}

/* Walks one tree; returns how many steps it took. */
static uint32_t walk_tree(const struct forest *f, uint32_t root,
			  struct walk_step *steps)
{
	uint32_t count = 0, depth = 0, i = root;
	for (;;) {
		steps[count++] = (struct walk_step){i, depth};
		if (f->child[i] != CHAIN_NONE) {
			i = f->child[i];
			depth++;
			continue;
		}
		while (depth && f->sibling[i] == CHAIN_NONE) {
			i = chain_cause(f->chain, i);
			depth--;
		}
		if (!depth)
			return count;
		i = f->sibling[i];
	}
}

static uint32_t root_of(const struct chain *c, uint32_t i)
{
	uint32_t cause;
	while ((cause = chain_cause(c, i)) != CHAIN_NONE)
		i = cause;
	return i;
}

struct walk_step *chain_walk(const struct chain *c)
{
	struct forest f;
	uint32_t count = 0, first = CHAIN_NONE;
	struct walk_step *steps = xcalloc((size_t)c->count + 1, sizeof *steps);
	forest_init(&f, c);
	if (c->first_page < c->count)
		first = root_of(c, c->first_page);
	if (first != CHAIN_NONE)
		count = walk_tree(&f, first, steps);
	for (uint32_t i = 0; i < c->count; i++)
		if (chain_cause(c, i) == CHAIN_NONE && i != first)
			count += walk_tree(&f, i, steps + count);
	free(f.child);
	free(f.sibling);
	return steps;
}

static bool parts(const struct comparison *c, uint32_t i)
{
	const struct chain *chain = &c->chains[0];
	uint32_t cause = chain_cause(chain, i);
	if (row_came_back(&c->rows[i]) || c->rows[i].own)
		return false;
	return cause == CHAIN_NONE ? i == chain->first_page
				   : row_came_back(&c->rows[cause]);
}

void compare_chains(struct comparison *c)
{
	struct walk_step *steps = chain_walk(&c->chains[0]);
	c->parts_at = COMPARE_NONE;
	for (uint32_t i = 0; i < c->count && c->parts_at == COMPARE_NONE; i++)
		if (parts(c, steps[i].exchange))
			c->parts_at = steps[i].exchange;
	free(steps);
}
