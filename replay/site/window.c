/* Several recorded answers fit one request: which of them it gets. */
#include "window.h"

#include <string.h>

bool usable(const struct search *s, uint32_t i, enum at at)
{
	const struct entry *n = table_entry(s->t, i);
	const struct url *u = &s->r->url;
	if (n->not_modified && !s->conditional)
		return false;
	switch (at) {
	case AT_ASKED:
		return n->https == u->https &&
		       (s->r->any_port || n->port == u->port);
	case AT_OTHER_PORT:
		return n->https == u->https;
	case AT_OTHER_SCHEME:
		return n->https != u->https;
	case AT_ANY:
		break;
	}
	return true;
}

static bool half_given(const struct search *s, const struct window *w)
{
	size_t i = 0;
	while (i < WINDOW / 2 && place_given(s->place, w->list[i]))
		i++;
	return i == WINDOW / 2;
}

/* Makes room by leaving out what the client was given long ago. */
static bool window_move(const struct search *s, struct window *w)
{
	if (!half_given(s, w))
		return false;
	memmove(w->list, w->list + WINDOW / 2,
		(WINDOW - WINDOW / 2) * sizeof *w->list);
	w->count = WINDOW - WINDOW / 2;
	w->moved = true;
	return true;
}

bool window_add(const struct search *s, struct window *w, uint32_t i)
{
	if (w->count == WINDOW && !window_move(s, w)) {
		w->full = true;
		return false;
	}
	w->list[w->count++] = i;
	return true;
}

uint32_t search_next(const struct search *s, uint32_t i)
{
	return s->ruled ? table_next_ruled(s->t, i)
			: table_entry(s->t, i)->next;
}

struct slice search_target(const struct search *s, uint32_t i)
{
	return s->ruled ? table_target(s->t, i) : table_url(s->t, i).target;
}

static void gather(const struct search *s, uint32_t first, enum at at,
		   bool complete, struct window *w)
{
	/* walks of one chain that pass over different exchanges */
	uint64_t walk = (uint64_t)first << 6 | (uint64_t)s->ruled << 5 |
			(uint64_t)at << 3 | (uint64_t)s->conditional << 2 |
			(uint64_t)s->r->any_port << 1 | complete;
	uint32_t i = place_resume(s->place, walk, first);
	for (; i != TABLE_NONE; i = search_next(s, i))
		if (usable(s, i, at) &&
		    table_entry(s->t, i)->complete == complete &&
		    !window_add(s, w, i))
			break;
	if (w->moved)
		place_set_resume(s->place, walk, w->list[0]);
}

void window_of_key(const struct search *s, uint32_t first, enum at at,
		   struct window *w)
{
	gather(s, first, at, true, w);
	if (!w->count)
		gather(s, first, at, false, w);
}

/* Bits of the exchanges in the window that share something with the request.
 * In the order in which they count. */
struct shares {
	uint64_t host, condition, fresh, cookie, referer;
};

static void find_shares(const struct search *s, uint32_t i, uint64_t bit,
			struct shares *m)
{
	const struct exchange *e = table_exchange(s->t, i);
	struct traits t = traits_of_head(e->request_head);
	const struct traits *asked = &s->r->traits;
	if (slice_equal(exchange_host(e), s->r->host_field))
		m->host |= bit;
	if (trait_equal(&t, asked, TRAIT_IF_NONE_MATCH) &&
	    trait_equal(&t, asked, TRAIT_IF_MODIFIED))
		m->condition |= bit;
	/* a 304 to another condition says nothing about this one */
	if (e->status != 304)
		m->fresh |= bit;
	if (trait_equal(&t, asked, TRAIT_COOKIE))
		m->cookie |= bit;
	if (trait_equal(&t, asked, TRAIT_REFERER))
		m->referer |= bit;
}

static uint64_t narrow(uint64_t set, uint64_t shared)
{
	return set & shared ? set & shared : set;
}

uint32_t window_choose(const struct search *s, const struct window *w)
{
	place_promise(s->place, TABLE_NONE);
	if (w->count < 2)
		return w->count ? w->list[0] : TABLE_NONE;
	struct shares m = {0};
	for (size_t i = 0; i < w->count; i++)
		find_shares(s, w->list[i], (uint64_t)1 << i, &m);
	uint64_t set =
	    w->count == WINDOW ? UINT64_MAX : ((uint64_t)1 << w->count) - 1;
	set = narrow(set, m.host);
	if (s->conditional)
		set = narrow(narrow(set, m.condition), m.fresh);
	set = narrow(narrow(set, m.cookie), m.referer);
	uint32_t last = TABLE_NONE;
	for (size_t i = 0; i < w->count; i++) {
		if (!(set >> i & 1))
			continue;
		last = w->list[i];
		if (!place_given(s->place, last)) {
			place_promise(s->place, last);
			return last;
		}
	}
	if (w->full && half_given(s, w))
		place_promise(s->place, last);
	return last;
}
