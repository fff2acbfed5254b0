/* The way from the first page through all that followed from it. */
#include "trail.h"

#include <stdlib.h>

/* The forest the other way round: what each exchange caused. */
struct children {
	uint32_t *first, *next;
};

/* From the last to the first, so that each list is in recorded order; causes
 * stand before what they cause. */
static struct children children_of(const struct chain *c, uint32_t *sizes)
{
	struct children n = {
	    xreallocarray(NULL, c->count, sizeof *n.first),
	    xreallocarray(NULL, c->count, sizeof *n.next),
	};
	for (uint32_t i = 0; i < c->count; i++) {
		n.first[i] = n.next[i] = CHAIN_NONE;
		sizes[i] = 1;
	}
	for (uint32_t i = c->count; i-- > 0;) {
		uint32_t cause = c->links[i].cause;
		if (cause >= i)
			continue;
		sizes[cause] += sizes[i];
		n.next[i] = n.first[cause];
		n.first[cause] = i;
	}
	return n;
}

static void visit(struct trail *t, uint32_t i, uint32_t depth)
{
	t->order[t->count] = i;
	t->depths[t->count++] =
	    depth < UINT16_MAX ? (uint16_t)depth : UINT16_MAX;
}

static void walk(struct trail *t, const struct chain *c,
		 const struct children *n)
{
	uint32_t at = c->first_page, depth = 0;
	while (at != CHAIN_NONE) {
		visit(t, at, depth);
		if (n->first[at] != CHAIN_NONE) {
			at = n->first[at];
			depth++;
			continue;
		}
		while (at != c->first_page && n->next[at] == CHAIN_NONE) {
			at = c->links[at].cause;
			depth--;
		}
		if (at == c->first_page)
			return;
		at = n->next[at];
	}
}

/* ---- where it breaks ---- */

static struct slice https_host(struct slice url)
{
	static const struct slice scheme = SLICE("https://");
	if (!slice_starts_nocase(url, scheme))
		return (struct slice){0};
	url = slice_from(url, scheme.len);
	size_t end = 0;
	while (end < url.len && !strchr("/?#:", url.data[end]))
		end++;
	return slice_to(url, end);
}

/* Why a link was not seen to be followed: TLS or QUIC that nobody could read
 * went where it leads to, or nothing did. */
static enum reason why_unseen(const struct traffics *t, struct slice url)
{
	struct slice host = https_host(url);
	enum reason why = REASON_NOT_RECORDED;
	for (size_t i = 0; host.len && i < t->count; i++) {
		const struct traffic *one = &t->list[i];
		if ((one->kind != TRAFFIC_TLS && one->kind != TRAFFIC_QUIC) ||
		    !slice_equal_nocase(one->name, host))
			continue;
		if (one->kind == TRAFFIC_TLS)
			return REASON_TLS;
		why = REASON_QUIC;
	}
	return why;
}

/* A page without its icon is whole. */
static bool is_icon(struct slice url)
{
	size_t at = 0;
	url = slice_to(url, slice_find(url, '?'));
	for (size_t i = 0; i < url.len; i++)
		if (url.data[i] == '/')
			at = i + 1;
	url = slice_from(url, at);
	return slice_starts_nocase(url, SLICE("favicon")) ||
	       slice_starts_nocase(url, SLICE("apple-touch-icon"));
}

/* Of the links of each exchange, the first that a browser loads. */
static const struct unfollowed **loaded_links(const struct chain *c)
{
	const struct unfollowed **first = xcalloc(c->count, sizeof *first);
	for (size_t i = 0; i < c->unfollowed_count; i++) {
		const struct unfollowed *u = &c->unfollowed[i];
		if (u->kind == FOLLOW_LOADED && u->exchange < c->count &&
		    !first[u->exchange] && !is_icon(u->url))
			first[u->exchange] = u;
	}
	return first;
}

static void note(struct trail_break *b, enum reason reason, uint32_t exchange,
		 const struct unfollowed *link)
{
	if (reason != REASON_NONE && b->reason == REASON_NONE)
		*b = (struct trail_break){reason, exchange, link};
}

static void find_breaks(struct trail *t, const struct chain *c,
			const struct findings *f,
			const struct traffics *traffics)
{
	const struct unfollowed **loaded = loaded_links(c);
	for (uint32_t k = 0; k < t->count; k++) {
		uint32_t i = t->order[k];
		const struct unfollowed *u = loaded[i];
		note(&t->first, findings_reason(f, i), i, NULL);
		note(&t->exchange, findings_reason(f, i), i, NULL);
		if (u && t->first.reason == REASON_NONE)
			note(&t->first, why_unseen(traffics, u->url), i, u);
		if (t->exchange.reason != REASON_NONE)
			break;
	}
	free((void *)loaded);
}

void trail_find(struct trail *t, const struct chain *c,
		const struct findings *f, const struct traffics *traffics)
{
	*t = (struct trail){
	    .order = xreallocarray(NULL, c->count, sizeof *t->order),
	    .depths = xreallocarray(NULL, c->count, sizeof *t->depths),
	    .sizes = xreallocarray(NULL, c->count, sizeof *t->sizes),
	};
	struct children n = children_of(c, t->sizes);
	walk(t, c, &n);
	free(n.first);
	free(n.next);
	find_breaks(t, c, f, traffics);
}

void trail_release(struct trail *t)
{
	free(t->order);
	free(t->depths);
	free(t->sizes);
	*t = (struct trail){0};
}
