/* Which recorded answer fits a request: the ladder of match.h. */
#include "match.h"

#include "params.h"
#include "pieces.h"
#include "window.h"

#include "capture/http.h"

#include "rewrite/steer.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_MAX 1000  /* candidates looked at for a guess */
#define BODIES_MAX 100 /* the same where their bodies are read */
#define HOSTS_MAX                                                              \
	1000 /* hosts looked at for a request without one, and at              \
		one address */

static const char *const names[] = {
    [MATCH_NONE] = "none",
    [MATCH_EXACT] = "exact",
    [MATCH_HEAD_FROM_GET] = "head-from-get",
    [MATCH_RANGE_CUT] = "range-cut",
    [MATCH_RANGE_WHOLE] = "range-whole",
    [MATCH_RANGE_JOINED] = "range-joined",
    [MATCH_STEERED] = "steered",
    [MATCH_TARGET_RULE] = "target-rule",
    [MATCH_BY_ADDRESS] = "by-address",
    [MATCH_NO_HOST] = "no-host",
    [MATCH_PORT] = "port",
    [MATCH_SCHEME] = "scheme",
    [MATCH_QUERY_ORDER] = "query-order",
    [MATCH_QUERY_VALUES] = "query-values",
    [MATCH_BODY_FIELDS] = "body-fields",
    [MATCH_BODY] = "body",
    [MATCH_TWO_DIFFER] = "two-differ",
};

const char *match_step_name(enum match_step step)
{
	return names[step];
}

struct slice request_target(const struct request *r)
{
	if (r->ruled.data)
		return r->ruled;
	return r->unsteered.data ? r->unsteered : r->url.target;
}

bool host_literal(struct slice host, struct address *a)
{
	return address_parse(host, a) || steer_literal(host, a);
}

uint32_t request_meant(const struct table *t, const struct request *r)
{
	struct address literal;
	uint32_t at = TABLE_NONE;
	if (host_literal(r->url.host, &literal))
		at = table_at(t, &literal);
	if (at == TABLE_NONE && !r->proxied)
		at = table_at(t, &r->local.address);
	return at;
}

void request_body_read(const struct exchange *e, struct buf *out)
{
	struct body_reader r = exchange_request_body(e);
	struct slice bytes;
	while (body_next(&r, &bytes)) {
		if (!bytes.data || out->len + bytes.len > BODY_START_MAX) {
			buf_clear(out);
			return;
		}
		buf_add(out, bytes);
	}
}

static bool is_get(const struct search *s)
{
	return slice_equal(s->r->method, SLICE("GET"));
}

static bool is_head(const struct search *s)
{
	return slice_equal(s->r->method, SLICE("HEAD"));
}

static struct key asked_key(const struct search *s, struct slice method,
			    struct slice range)
{
	return (struct key){method, s->host, s->target, range,
			    s->r->has_body ? s->r->digest : NULL};
}

static bool found(struct match *m, enum match_step step, uint32_t i)
{
	m->step = step;
	m->exchange = i;
	return i != TABLE_NONE;
}

void match_forget(struct match *m)
{
	m->step = MATCH_NONE;
	m->exchange = TABLE_NONE;
	m->part_count = 0;
	m->partial = false;
}

static uint32_t find_key(const struct search *s, const struct key *k)
{
	return s->ruled ? table_find_ruled(s->t, k) : table_find(s->t, k);
}

/* The answer to a key at the place that is meant. */
static uint32_t by_key(const struct search *s, const struct key *k, enum at at)
{
	uint32_t first = find_key(s, k);
	if (first == TABLE_NONE)
		return TABLE_NONE;
	struct window w = {0};
	window_of_key(s, first, at, &w);
	return window_choose(s, &w);
}

/* A range out of the whole that was recorded, or else the whole itself. */
static bool range_of_whole(const struct search *s, enum at at,
			   enum match_step step, struct match *m)
{
	struct key k = asked_key(s, s->r->method, (struct slice){0});
	uint32_t i = by_key(s, &k, at);
	if (i == TABLE_NONE)
		return false;
	const struct exchange *e = table_exchange(s->t, i);
	const struct slice *asked = s->r->traits.value;
	struct range range;
	if (e->state != EXCHANGE_COMPLETE || e->status != 200 ||
	    asked[TRAIT_IF_RANGE].data ||
	    !range_asked(asked[TRAIT_RANGE], e->body_bytes, &range))
		return found(m, step ? step : MATCH_RANGE_WHOLE, i);
	match_cut(m, i, &range);
	return found(m, step ? step : MATCH_RANGE_CUT, i);
}

/* The same thing, asked for in another way. step: what to call it, 0 for the
 * way's own name. */
static bool same_thing(const struct search *s, enum at at, enum match_step step,
		       struct match *m)
{
	struct slice range = s->r->traits.value[TRAIT_RANGE];
	struct key k = asked_key(s, s->r->method, range);
	uint32_t i = by_key(s, &k, at);
	if (i != TABLE_NONE)
		return found(m, step ? step : MATCH_EXACT, i);
	if (is_head(s)) {
		k = asked_key(s, SLICE("GET"), (struct slice){0});
		i = by_key(s, &k, at);
		if (i != TABLE_NONE)
			return found(m, step ? step : MATCH_HEAD_FROM_GET, i);
	}
	if (is_get(s) && range.data && range_of_whole(s, at, step, m))
		return true;
	if (!is_get(s) && !is_head(s))
		return false;
	i = pieces_join(s, at, m);
	return found(m, step ? step : MATCH_RANGE_JOINED, i);
}

/* Whether all that was recorded of the thing is a 304. */
static bool only_304(const struct search *s)
{
	struct key k =
	    asked_key(s, s->r->method, s->r->traits.value[TRAIT_RANGE]);
	uint32_t i = find_key(s, &k);
	while (i != TABLE_NONE && !table_entry(s->t, i)->not_modified)
		i = search_next(s, i);
	return i != TABLE_NONE;
}

static void seek(struct search *s, struct slice target, bool ruled)
{
	s->target = target;
	s->ruled = ruled;
}

static void seek_raw(struct search *s)
{
	seek(s, s->r->url.target, false);
}

/* The last form of the target, which guesses are about. */
static void seek_last(struct search *s)
{
	seek(s, request_target(s->r), table_ruled(s->t));
}

/* The same thing under each form of its target, from raw on. */
static bool same_thing_in_forms(struct search *s, enum at at,
				enum match_step step, struct match *m)
{
	seek_raw(s);
	if (same_thing(s, at, step, m))
		return true;
	seek(s, s->r->unsteered, false);
	if (s->target.data && same_thing(s, at, step ? step : MATCH_STEERED, m))
		return true;
	seek_last(s);
	return s->ruled &&
	       same_thing(s, at, step ? step : MATCH_TARGET_RULE, m);
}

static bool same_range(const struct search *s, uint32_t i)
{
	struct slice asked = s->r->traits.value[TRAIT_RANGE];
	struct slice range = head_range(table_exchange(s->t, i)->request_head);
	return slice_same(asked, range);
}

static bool same_body(const struct search *s, uint32_t i)
{
	const uint8_t *body = table_body(s->t, i);
	if (!body || !s->r->has_body)
		return !body && !s->r->has_body;
	return !memcmp(body, s->r->digest, DIGEST_LEN);
}

static bool same_target(const struct search *s, uint32_t i)
{
	return slice_equal(table_target(s->t, i), s->target);
}

/* Whether the query of exchange i has the asked names; how many values are
 * equal. */
static bool same_names(const struct search *s, uint32_t i, size_t *equal)
{
	struct params p;
	if (!s->query.count ||
	    !params_of_query(url_query(table_target(s->t, i)), &p) ||
	    !params_same_names(&s->query, &p))
		return false;
	*equal = params_equal_values(&s->query, &p);
	return true;
}

static bool fits_query_order(const struct search *s, uint32_t i, size_t *score)
{
	size_t equal;
	*score = 0;
	return same_body(s, i) && same_range(s, i) &&
	       same_names(s, i, &equal) && equal == s->query.count;
}

static bool fits_query_values(const struct search *s, uint32_t i, size_t *score)
{
	return same_body(s, i) && same_range(s, i) && same_names(s, i, score);
}

static bool fits_body_fields(const struct search *s, uint32_t i, size_t *score)
{
	if (!s->body.count || !table_body(s->t, i) || !same_target(s, i) ||
	    !same_range(s, i))
		return false;
	struct buf text = {0};
	struct params p;
	request_body_read(table_exchange(s->t, i), &text);
	bool same = params_of_body(buf_slice(&text), &p) &&
		    params_same_names(&s->body, &p);
	if (same)
		*score = params_equal_values(&s->body, &p);
	buf_release(&text);
	return same;
}

static bool fits_body(const struct search *s, uint32_t i, size_t *score)
{
	*score = 0;
	return same_target(s, i) && same_range(s, i);
}

/* One rung of guesses among exchanges of the same method, host and path. */
struct guess {
	enum match_step step;
	bool (*fits)(const struct search *s, uint32_t i, size_t *score);
	size_t max; /* candidates */
};

static const struct guess guesses[] = {
    {MATCH_QUERY_ORDER, fits_query_order, NEAR_MAX},
    {MATCH_QUERY_VALUES, fits_query_values, NEAR_MAX},
    {MATCH_BODY_FIELDS, fits_body_fields, BODIES_MAX},
    {MATCH_BODY, fits_body, NEAR_MAX},
};

static bool try_guess(const struct search *s, const struct guess *g,
		      uint32_t near, struct match *m)
{
	struct window w = {0};
	size_t best = 0, looked = 0;
	for (uint32_t i = near; i != TABLE_NONE && looked < g->max;
	     i = table_entry(s->t, i)->near_next, looked++) {
		size_t score;
		if (!usable(s, i, AT_ASKED) || !g->fits(s, i, &score))
			continue;
		score = score * 2 + table_entry(s->t, i)->complete + 1;
		if (score > best)
			w = (struct window){0};
		if (score >= best && window_add(s, &w, i))
			best = score;
	}
	return found(m, g->step, window_choose(s, &w));
}

/* In how many of query, body and place exchange i differs as a guess may;
 * 3 or more: it differs in other ways. */
static unsigned distance(const struct search *s, uint32_t i)
{
	size_t equal;
	bool target = same_target(s, i);
	if (!same_range(s, i) || (!target && !same_names(s, i, &equal)))
		return 3;
	return !target + !same_body(s, i) + !usable(s, i, AT_ASKED);
}

static bool is_repeat(const struct search *s, uint32_t i, uint32_t of)
{
	const struct entry *a = table_entry(s->t, i);
	const struct entry *b = table_entry(s->t, of);
	const uint8_t *x = table_body(s->t, i), *y = table_body(s->t, of);
	return a->port == b->port && a->https == b->https && !x == !y &&
	       (!x || !memcmp(x, y, DIGEST_LEN)) &&
	       slice_equal(table_target(s->t, i), table_target(s->t, of));
}

static bool two_differ(const struct search *s, uint32_t near, struct match *m)
{
	struct window w = {0};
	size_t looked = 0;
	for (uint32_t i = near; i != TABLE_NONE;
	     i = table_entry(s->t, i)->near_next) {
		if (++looked > NEAR_MAX)
			return false;
		if (!usable(s, i, AT_ANY) || distance(s, i) != 2)
			continue;
		if (w.count && !is_repeat(s, i, w.list[0]))
			return false;
		window_add(s, &w, i);
	}
	return found(m, MATCH_TWO_DIFFER, window_choose(s, &w));
}

static uint32_t near_asked(const struct search *s)
{
	return table_near(s->t, s->r->method, s->host, url_path(s->target));
}

static bool one_differs(const struct search *s, struct match *m)
{
	uint32_t near = near_asked(s);
	for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++)
		if (try_guess(s, &guesses[i], near, m))
			return true;
	return false;
}

static bool guess(const struct search *s, struct match *m)
{
	return one_differs(s, m) || two_differ(s, near_asked(s), m);
}

/* False if there is no use in guesses. */
static bool guess_begin(struct search *s, struct match *m)
{
	seek_last(s);
	m->only_304 = only_304(s);
	params_of_query(url_query(s->target), &s->query);
	params_of_body(s->r->body, &s->body);
	return !m->only_304;
}

/* Keeps i for a choice among hosts: in recorded order, complete ones alone if
 * there are any. */
static void add_candidate(const struct search *s, struct window *w, uint32_t i)
{
	bool complete = table_entry(s->t, i)->complete;
	if (w->count && table_entry(s->t, w->list[0])->complete != complete) {
		if (!complete)
			return;
		w->count = 0;
	}
	if (w->count == WINDOW)
		return;
	size_t at = w->count++;
	for (; at && w->list[at - 1] > i; at--)
		w->list[at] = w->list[at - 1];
	w->list[at] = i;
}

/* The same thing at one of the hosts of an address, of which first is the
 * first. */
static bool at_address(struct search *s, uint32_t first, enum at at,
		       struct match *m)
{
	struct window w = {0};
	size_t looked = 0;
	for (uint32_t i = first; i != TABLE_NONE && looked < HOSTS_MAX;
	     i = table_next_at(s->t, i), looked++) {
		s->host = table_host_at(s->t, i);
		if (same_thing_in_forms(s, at, MATCH_BY_ADDRESS, m))
			add_candidate(s, &w, m->exchange);
		match_forget(m);
	}
	if (!w.count)
		return false;
	s->host = table_entry(s->t, window_choose(s, &w))->host;
	return same_thing_in_forms(s, at, MATCH_BY_ADDRESS, m);
}

/* Whatever host it is, at the address that was meant. */
static bool climb_address(struct search *s, struct match *m)
{
	uint32_t first = request_meant(s->t, s->r);
	if (first == TABLE_NONE)
		return false;
	if (at_address(s, first, AT_ASKED, m) ||
	    at_address(s, first, AT_OTHER_PORT, m) ||
	    at_address(s, first, AT_OTHER_SCHEME, m))
		return true;
	if (table_next_at(s->t, first) != TABLE_NONE)
		return false;
	s->host = table_host_at(s->t, first);
	return guess_begin(s, m) && one_differs(s, m) &&
	       found(m, MATCH_BY_ADDRESS, m->exchange);
}

/* Without a Host field: what was recorded without one too, best at the address
 * that the client came to; else the one host that has the target. What lives
 * at another address than was meant is a guess. Sets host; returns the step,
 * MATCH_NONE if there is no such host. */
static enum match_step find_hostless(struct search *s)
{
	uint32_t hostless = TABLE_NONE, named = TABLE_NONE;
	size_t hostless_count = 0, named_count = 0;
	size_t hosts = table_hosts(s->t);
	struct key k =
	    asked_key(s, s->r->method, s->r->traits.value[TRAIT_RANGE]);
	struct buf local = {0};
	address_print(&local, &s->r->local.address);
	uint32_t here = table_host(s->t, buf_slice(&local));
	buf_release(&local);
	for (k.host = 0; k.host < hosts && k.host < HOSTS_MAX; k.host++) {
		uint32_t i = find_key(s, &k);
		while (i != TABLE_NONE && !usable(s, i, AT_ASKED))
			i = search_next(s, i);
		if (i == TABLE_NONE)
			continue;
		bool bare = table_entry(s->t, i)->hostless;
		if (bare && k.host == here) {
			s->host = here;
			return MATCH_EXACT;
		}
		uint32_t *first = bare ? &hostless : &named;
		*(bare ? &hostless_count : &named_count) += 1;
		if (*first == TABLE_NONE || i < *first)
			*first = i;
	}
	if (hostless_count) {
		bool only = hostless_count == 1 &&
			    request_meant(s->t, s->r) == TABLE_NONE;
		s->host = table_entry(s->t, hostless)->host;
		return only ? MATCH_EXACT : MATCH_NO_HOST;
	}
	if (named_count != 1 || hosts > HOSTS_MAX)
		return MATCH_NONE;
	s->host = table_entry(s->t, named)->host;
	return MATCH_NO_HOST;
}

static bool climb_hostless(struct search *s, bool exact, struct match *m)
{
	seek_raw(s);
	enum match_step step = find_hostless(s);
	if (!step && (s->r->unsteered.data || table_ruled(s->t))) {
		seek_last(s);
		step = find_hostless(s);
	}
	uint32_t host = s->host;
	if (step == MATCH_EXACT)
		return same_thing_in_forms(s, AT_ASKED, MATCH_NONE, m);
	if (exact)
		return false;
	if (climb_address(s, m))
		return true;
	s->host = host;
	return step && same_thing_in_forms(s, AT_ASKED, step, m);
}

static bool climb_host(struct search *s, bool exact, struct match *m)
{
	if (same_thing_in_forms(s, AT_ASKED, MATCH_NONE, m))
		return true;
	if (!exact &&
	    (same_thing_in_forms(s, AT_OTHER_PORT, MATCH_PORT, m) ||
	     same_thing_in_forms(s, AT_OTHER_SCHEME, MATCH_SCHEME, m)))
		return true;
	return guess_begin(s, m) && !exact && guess(s, m);
}

static bool climb(struct search *s, bool exact, struct match *m)
{
	struct address literal;
	struct slice host = s->r->url.host;
	if (!host.len)
		return climb_hostless(s, exact, m);
	s->host = table_host(s->t, host);
	if (s->host == TABLE_NONE)
		return !exact && climb_address(s, m);
	if (climb_host(s, exact, m))
		return true;
	/* an address has the names that lived there beside its own */
	return !exact && !m->only_304 && host_literal(host, &literal) &&
	       climb_address(s, m);
}

static void search_begin(struct search *s, struct match *m)
{
	s->conditional = traits_conditional(&s->r->traits);
	m->only_304 = false;
	match_forget(m);
}

bool match_raw(const struct table *t, struct place_of *place,
	       const struct request *r, struct match *m)
{
	struct search s = {.t = t, .r = r, .place = place};
	search_begin(&s, m);
	s.host = r->url.host.len ? table_host(t, r->url.host) : TABLE_NONE;
	if (s.host == TABLE_NONE)
		return false;
	seek_raw(&s);
	while (same_thing(&s, AT_ASKED, MATCH_NONE, m)) {
		if (place_give(place, m->exchange))
			return true;
		match_forget(m);
	}
	return false;
}

void match_find(const struct table *t, struct place_of *place,
		const struct request *r, bool exact, struct match *m)
{
	struct search s;
	do {
		s = (struct search){.t = t, .r = r, .place = place};
		search_begin(&s, m);
		if (!climb(&s, exact, m)) {
			m->step = MATCH_NONE;
			m->exchange = TABLE_NONE;
			return;
		}
	} while (!place_give(place, m->exchange));
}

void match_release(struct match *m)
{
	free(m->parts);
	*m = (struct match){0};
}

uint32_t match_expect(const struct table *t, const struct request *r,
		      bool *bodiless)
{
	struct search s = {.t = t, .r = r, .conditional = true};
	uint32_t best = TABLE_NONE;
	size_t looked = 0;
	*bodiless = true;
	s.host = table_host(t, r->url.host);
	seek_last(&s);
	uint32_t i = table_near(t, r->method, s.host, url_path(s.target));
	for (; i != TABLE_NONE && looked < NEAR_MAX;
	     i = table_entry(t, i)->near_next, looked++) {
		if (!same_target(&s, i) || !usable(&s, i, AT_ANY))
			continue;
		*bodiless &= !table_body(t, i);
		bool better =
		    table_entry(t, i)->complete &&
		    (best == TABLE_NONE || !table_entry(t, best)->complete);
		if (best == TABLE_NONE || better)
			best = i;
	}
	return best;
}
