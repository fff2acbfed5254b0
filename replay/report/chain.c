/* Who led to whom: each exchange is held against what came before it.
 *
 * The Referer is what browsers tell themselves, and decides where there is one:
 * redirects keep that of what they answer, style sheets and scripts may send
 * their own URL or that of their page, and to other origins it may be cut down
 * to the origin (Referrer Policy 8.3, strict-origin-when-cross-origin). Where
 * there is none (policies, plug-ins, programs) the nearest link counts. */
#include "chain.h"

#include "own.h"
#include "visits.h"

#include "capture/progress.h"

#include <stdlib.h>

/* Links to one exchange that are weighed. */
#define HOLDERS_WEIGHED 64U
/* So many causes up a style sheet's page is looked for. */
#define UP_MAX 16U
#define UNFOLLOWED_MAX 1000U
/* URLs that are counted once; past that none is counted. */
#define UNFOLLOWED_KNOWN_MAX (1U << 20)
#define UNFOLLOWED_BYTES_MAX ((size_t)128 << 20)

struct chain_store {
	struct buf urls; /* of unfollowed */
};

struct build {
	struct chain *chain;
	struct visits visits;
	struct links *links;
	struct intern unfollowed;
	uint32_t i; /* the exchange in hand */
};

/* The exchange in hand, and who holds links to it, the nearest first. */
struct weighing {
	struct build *build;
	uint32_t i;
	const struct visit *visit;
	struct holder holders[HOLDERS_WEIGHED];
	uint32_t count;
};

/* ---- links to an exchange ---- */

static void gather_from(struct weighing *w, uint32_t place)
{
	const struct visits *v = &w->build->visits;
	uint32_t at = v->places[place].holder;
	for (uint32_t n = 0; n < HOLDERS_WEIGHED && at != VISITS_NONE; n++) {
		const struct holder *h = &v->holders[at];
		if (w->count < HOLDERS_WEIGHED &&
		    visits_may_cause(v, h->exchange, w->i))
			w->holders[w->count++] = *h;
		at = h->next;
	}
}

static void gather(struct weighing *w)
{
	w->count = 0;
	if (w->visit->raw == VISITS_NONE)
		return;
	gather_from(w, w->visit->raw);
	if (w->visit->normal != w->visit->raw)
		gather_from(w, w->visit->normal);
}

typedef bool judge(const struct weighing *w, const struct holder *h);

/* The nearest that fits; NULL: none. */
static const struct holder *find(const struct weighing *w, judge *fits)
{
	for (uint32_t k = 0; k < w->count; k++)
		if (fits(w, &w->holders[k]))
			return &w->holders[k];
	return NULL;
}

static struct visit *visit_of(const struct weighing *w, uint32_t exchange)
{
	return &w->build->visits.list[exchange];
}

/* A page may load itself again, but is not why it was opened. */
static bool is_itself(const struct weighing *w, const struct holder *h)
{
	return visit_of(w, h->exchange)->raw == w->visit->raw;
}

static bool has_place(const struct visit *v, uint32_t place)
{
	return place != VISITS_NONE && (v->raw == place || v->normal == place);
}

/* ---- what a Referer says of a holder ---- */

static bool is_named(const struct weighing *w, const struct holder *h)
{
	return has_place(visit_of(w, h->exchange), w->visit->referer);
}

/* Only to other origins a Referer is cut. */
static bool is_cut(const struct weighing *w)
{
	return w->visit->referer_bare &&
	       w->visit->referer_origin != w->visit->origin;
}

static bool is_of_named_origin(const struct weighing *w, const struct holder *h)
{
	return w->visit->referer_origin != VISITS_NONE &&
	       visit_of(w, h->exchange)->origin == w->visit->referer_origin;
}

/* What a page has loaded that is no page itself, directly or through others of
 * its kind: what that asks for may come with the page's Referer. */
static bool is_loaded_by_named(const struct weighing *w, const struct holder *h)
{
	const struct chain_link *links = w->build->chain->links;
	const struct visit *v = visit_of(w, h->exchange);
	uint32_t at = h->exchange;
	if (v->form == ANSWER_PAGE)
		return false;
	if (v->referer_hash == w->visit->referer_hash)
		return true;
	for (unsigned n = 0; n < UP_MAX && at != CHAIN_NONE; n++) {
		if (has_place(visit_of(w, at), w->visit->referer))
			return true;
		at = links[at].cause;
	}
	return false;
}

/* Whether the exchange's Referer is what a redirect by that holder gives. */
static bool fits_redirect(const struct weighing *w, const struct holder *h)
{
	const struct visit *v = visit_of(w, h->exchange);
	return !w->visit->referer_hash ||
	       v->referer_hash == w->visit->referer_hash || is_named(w, h) ||
	       (w->visit->referer_bare && v->referer_hash &&
		v->referer_origin == w->visit->referer_origin);
}

static bool is_new_redirect(const struct weighing *w, const struct holder *h)
{
	return h->kind == LINK_REDIRECT &&
	       !visit_of(w, h->exchange)->redirect_used;
}

static bool is_new_redirect_that_fits(const struct weighing *w,
				      const struct holder *h)
{
	return is_new_redirect(w, h) && fits_redirect(w, h);
}

static bool is_redirect(const struct weighing *w, const struct holder *h)
{
	(void)w;
	return h->kind == LINK_REDIRECT;
}

static bool is_link(const struct weighing *w, const struct holder *h)
{
	return h->kind != LINK_REDIRECT && h->kind != LINK_POSSIBLE &&
	       !is_itself(w, h);
}

static bool is_possible(const struct weighing *w, const struct holder *h)
{
	return h->kind == LINK_POSSIBLE && !is_itself(w, h);
}

/* ---- the cause ---- */

static enum follow_kind follow_of(enum link_kind kind)
{
	switch (kind) {
	case LINK_REDIRECT:
	case LINK_LOADED:
		return FOLLOW_LOADED;
	case LINK_CLICKED:
		return FOLLOW_CLICKED;
	case LINK_CONDITIONAL:
	case LINK_SCRIPTED:
	case LINK_POSSIBLE:
		break;
	}
	return FOLLOW_SCRIPTED;
}

static struct chain_link caused(uint32_t cause, enum chain_by by)
{
	return (struct chain_link){
	    .cause = cause, .by = by, .follow = FOLLOW_LOADED};
}

static struct chain_link by_redirect(const struct weighing *w,
				     const struct holder *h)
{
	visit_of(w, h->exchange)->redirect_used = true;
	return caused(h->exchange, CHAIN_REDIRECT);
}

/* Where the client had the page already (304), its links are those that it
 * got before. */
static struct chain_link by_link(const struct weighing *w,
				 const struct holder *h)
{
	const struct visits *v = &w->build->visits;
	uint32_t nearest =
	    visits_nearest(v, visit_of(w, h->exchange)->raw, w->i);
	uint32_t cause = h->exchange;
	if (nearest != VISITS_NONE && nearest > cause &&
	    v->recording->exchanges[nearest].status == 304)
		cause = nearest;
	return (struct chain_link){.cause = cause,
				   .by = CHAIN_LINK,
				   .follow =
				       follow_of((enum link_kind)h->kind)};
}

static const struct holder *find_by_referer(const struct weighing *w)
{
	const struct holder *h = is_cut(w) ? find(w, is_of_named_origin) : NULL;
	if (!h)
		h = find(w, is_named);
	return h ? h : find(w, is_loaded_by_named);
}

static struct chain_link explain_by_referer(const struct weighing *w)
{
	const struct visits *v = &w->build->visits;
	const struct holder *h = find_by_referer(w);
	uint32_t named = VISITS_NONE;
	if (h)
		return by_link(w, h);
	if (w->visit->referer != VISITS_NONE)
		named = visits_nearest(v, w->visit->referer, w->i);
	if (named == VISITS_NONE && is_cut(w) &&
	    w->visit->referer_origin != VISITS_NONE)
		named = visits_nearest_page(v, w->visit->referer_origin, w->i);
	if (named == VISITS_NONE)
		named = visits_nearest_begun(v, w->i);
	if (named != VISITS_NONE)
		return caused(named, CHAIN_REFERER);
	h = find(w, is_new_redirect);
	return h ? by_redirect(w, h) : caused(CHAIN_NONE, CHAIN_OUTSIDE);
}

static bool is_icon(const struct exchange *e)
{
	return slice_equal(exchange_url(e).target, SLICE("/favicon.ico"));
}

static struct chain_link explain_alone(const struct weighing *w)
{
	const struct exchange *e = &w->build->chain->recording->exchanges[w->i];
	const struct holder *h = find(w, is_link);
	if (!h)
		h = find(w, is_possible);
	if (h)
		return by_link(w, h);
	h = find(w, is_redirect);
	if (h)
		return by_redirect(w, h);
	if (w->visit->origin != VISITS_NONE && is_icon(e)) {
		uint32_t page = visits_nearest_page(&w->build->visits,
						    w->visit->origin, w->i);
		if (page != VISITS_NONE)
			return caused(page, CHAIN_LINK);
	}
	return caused(CHAIN_NONE,
		      own_request(e) != OWN_NOT ? CHAIN_OWN : CHAIN_START);
}

static struct chain_link explain(struct build *b)
{
	struct weighing w = {
	    .build = b, .i = b->i, .visit = &b->visits.list[b->i]};
	gather(&w);
	const struct holder *h = find(&w, is_new_redirect_that_fits);
	if (h)
		return by_redirect(&w, h);
	return w.visit->referer_hash ? explain_by_referer(&w)
				     : explain_alone(&w);
}

/* ---- links that nobody followed ---- */

/* Slices are made once the store has its place. */
static void list_unfollowed(struct build *b, enum follow_kind kind,
			    struct slice url)
{
	struct chain *c = b->chain;
	if (c->unfollowed_count == UNFOLLOWED_MAX)
		return;
	if (!c->unfollowed)
		c->unfollowed =
		    xreallocarray(NULL, UNFOLLOWED_MAX, sizeof *c->unfollowed);
	c->unfollowed[c->unfollowed_count++] = (struct unfollowed){
	    .exchange = b->i, .kind = kind, .url = {NULL, url.len}};
	buf_add(&c->store->urls, url);
}

static void add_unfollowed(struct build *b, enum link_kind kind,
			   struct slice url)
{
	struct intern *known = &b->unfollowed;
	uint32_t count = known->count;
	if (count == UNFOLLOWED_KNOWN_MAX ||
	    known->text.len > UNFOLLOWED_BYTES_MAX)
		return;
	intern_add(known, url);
	if (known->count == count)
		return;
	enum follow_kind follow = follow_of(kind);
	b->chain->unfollowed_all[follow]++;
	list_unfollowed(b, follow, url);
}

static void place_unfollowed(struct chain *c)
{
	struct slice rest = buf_slice(&c->store->urls);
	for (size_t i = 0; i < c->unfollowed_count; i++) {
		struct slice *url = &c->unfollowed[i].url;
		*url = slice_to(rest, url->len);
		rest = slice_from(rest, url->len);
	}
}

static void take_link(void *context, enum link_kind kind, struct slice url)
{
	struct build *b = context;
	if (!visits_link(&b->visits, b->i, kind, url) && kind != LINK_POSSIBLE)
		add_unfollowed(b, kind, url);
}

/* ---- trees ---- */

static bool begins_with_page(const struct build *b, uint32_t i, uint32_t size)
{
	const struct exchange *e = &b->chain->recording->exchanges[i];
	/* A redirect, or a page that only the client has. */
	if (e->status / 100 == 3)
		return size > 1;
	return b->visits.list[i].form == ANSWER_PAGE &&
	       (e->status < 400 || size > 1);
}

static void find_first_page(const struct build *b)
{
	struct chain *c = b->chain;
	uint32_t *roots = xreallocarray(NULL, c->count + 1, sizeof *roots);
	uint32_t *sizes = xcalloc(c->count + 1, sizeof *sizes);
	uint32_t most = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		uint32_t cause = c->links[i].cause;
		roots[i] = cause == CHAIN_NONE ? i : roots[cause];
		sizes[roots[i]]++;
	}
	for (uint32_t i = 0; i < c->count; i++) {
		if (roots[i] != i || c->links[i].by == CHAIN_OWN ||
		    sizes[i] <= most || !begins_with_page(b, i, sizes[i]))
			continue;
		most = sizes[i];
		c->first_page = i;
	}
	free(roots);
	free(sizes);
}

void chain_build(struct chain *c, const struct recording *r)
{
	*c = (struct chain){.recording = r,
			    .count = (uint32_t)r->count,
			    .first_page = CHAIN_NONE,
			    .store = xcalloc(1, sizeof *c->store)};
	struct build b = {.chain = c, .links = links_new()};
	c->links = xcalloc(c->count + 1, sizeof *c->links);
	visits_collect(&b.visits, r);
	progress_phase(r->progress, "following links", NULL, c->count,
		       "exchanges");
	for (; b.i < c->count; b.i++) {
		const struct exchange *e = &r->exchanges[b.i];
		progress_at(r->progress, b.i);
		c->links[b.i] = explain(&b);
		visits_note(&b.visits, b.i,
			    links_find(b.links, e, take_link, &b));
	}
	progress_end(r->progress);
	place_unfollowed(c);
	find_first_page(&b);
	visits_release(&b.visits);
	intern_release(&b.unfollowed);
	links_free(b.links);
}

void chain_release(struct chain *c)
{
	free(c->links);
	free(c->unfollowed);
	if (c->store)
		buf_release(&c->store->urls);
	free(c->store);
	*c = (struct chain){0};
}

const char *chain_by_name(enum chain_by by)
{
	switch (by) {
	case CHAIN_REDIRECT:
		return "redirect";
	case CHAIN_LINK:
		return "link";
	case CHAIN_REFERER:
		return "referer";
	case CHAIN_OUTSIDE:
		return "outside";
	case CHAIN_OWN:
		return "own";
	case CHAIN_START:
		break;
	}
	return "start";
}

const char *follow_kind_name(enum follow_kind kind)
{
	switch (kind) {
	case FOLLOW_LOADED:
		return "loaded";
	case FOLLOW_CLICKED:
		return "clicked";
	case FOLLOW_SCRIPTED:
		break;
	}
	return "scripted";
}
