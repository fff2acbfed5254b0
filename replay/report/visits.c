/* Which URLs the clients of a recording asked for, and who had links to them.
 */
#include "visits.h"

#include "opened.h"
#include "resolve.h"

#include <stdlib.h>

/* Links that are kept, 12 bytes each; what comes past that explains nothing. */
#define HOLDERS_MAX (16U << 20)
/* So far back an exchange is looked for that may be a cause. */
#define BACK_MAX 64U

/* ---- places ---- */

struct key {
	uint32_t url, client;
};

static struct slice key_text(const struct key *k)
{
	return (struct slice){(const uint8_t *)k, sizeof *k};
}

static uint32_t find_place(const struct visits *v, uint32_t url,
			   uint32_t client)
{
	struct key k = {url, client};
	return intern_find(&v->keys, key_text(&k));
}

/* asker VISITS_NONE: nobody asks. */
static uint32_t add_place(struct visits *v, struct slice url, uint32_t client,
			  uint32_t asker)
{
	struct key k = {intern_add(&v->texts, url), client};
	uint32_t known = v->keys.count;
	uint32_t at = intern_add(&v->keys, key_text(&k));
	if (at == known) {
		if (!(at & (at - 1))) /* full at each power of two */
			v->places = xreallocarray(v->places, 2 * (size_t)at + 1,
						  sizeof *v->places);
		v->places[at] = (struct spot){.url = k.url,
					      .client = client,
					      .latest = VISITS_NONE,
					      .latest_page = VISITS_NONE,
					      .holder = VISITS_NONE};
	}
	v->places[at].last = asker;
	return at;
}

/* "http://host:81" of "http://host:81/path" */
static struct slice origin_of(struct slice url)
{
	size_t host = slice_find(url, ':') + 3;
	return slice_to(url, host + slice_find(slice_from(url, host), '/'));
}

static bool has_one_machine(const struct recording *r)
{
	const struct address *first = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct address *a =
		    &exchange_client(&r->exchanges[i])->address;
		if (a->version != 4)
			continue;
		if (first && !address_equal(first, a))
			return false;
		first = a;
	}
	return first;
}

static uint32_t client_of(struct visits *v, const struct exchange *e)
{
	const struct address *a = &exchange_client(e)->address;
	uint8_t key[1 + sizeof a->bytes] = {0};
	if (v->one_machine)
		return intern_add(&v->clients, (struct slice){key, 1});
	key[0] = a->version;
	memcpy(key + 1, a->bytes, sizeof a->bytes);
	return intern_add(&v->clients, (struct slice){key, sizeof key});
}

static void place_exchange(struct visits *v, uint32_t i, struct buf *url,
			   struct buf *normal)
{
	const struct exchange *e = &v->recording->exchanges[i];
	struct visit *visit = &v->list[i];
	uint32_t client = client_of(v, e);
	*visit = (struct visit){VISITS_NONE,
				VISITS_NONE,
				VISITS_NONE,
				.referer = VISITS_NONE,
				.referer_origin = VISITS_NONE,
				.before = VISITS_NONE,
				.origin_before = VISITS_NONE,
				.page_before = VISITS_NONE};
	buf_clear(url);
	buf_clear(normal);
	if (!links_asked(e, url))
		return;
	resolve_normal(buf_slice(url), normal);
	visit->raw = add_place(v, buf_slice(url), client, i);
	visit->normal = add_place(v, buf_slice(normal), client, i);
	visit->origin = add_place(v, origin_of(buf_slice(url)), client, i);
}

static struct slice request_field(const struct exchange *e, struct slice name)
{
	struct message m;
	if (http_request(e->request_head, &m) != HTTP_DONE)
		return (struct slice){0};
	return http_field(m.fields, name);
}

static uint32_t find_text(const struct visits *v, struct slice url)
{
	struct buf normal = {0};
	uint32_t found = intern_find(&v->texts, url);
	if (found == INTERN_NONE && slice_find(url, '%') < url.len) {
		resolve_normal(url, &normal);
		found = intern_find(&v->texts, buf_slice(&normal));
		buf_release(&normal);
	}
	return found;
}

/* Once all exchanges have their places. */
static void place_referer(struct visits *v, uint32_t i, struct buf *url)
{
	struct visit *visit = &v->list[i];
	struct slice value =
	    request_field(&v->recording->exchanges[i], SLICE("Referer"));
	buf_clear(url);
	if (visit->raw == VISITS_NONE || !value.len ||
	    !resolve((struct slice){0}, value, url))
		return;
	struct slice text = buf_slice(url);
	visit->referer_hash = slice_hash(text, 0) | 1;
	visit->referer_bare = origin_of(text).len + 1 == text.len;
	uint32_t client = v->places[visit->raw].client;
	uint32_t found = find_text(v, text);
	if (found != INTERN_NONE)
		visit->referer = find_place(v, found, client);
	found = intern_find(&v->texts, origin_of(text));
	if (found != INTERN_NONE)
		visit->referer_origin = find_place(v, found, client);
}

void visits_collect(struct visits *v, const struct recording *r)
{
	struct buf url = {0}, normal = {0};
	*v = (struct visits){.recording = r, .one_machine = has_one_machine(r)};
	v->list = xcalloc(r->count + 1, sizeof *v->list);
	for (uint32_t i = 0; i < r->count; i++)
		place_exchange(v, i, &url, &normal);
	for (uint32_t i = 0; i < r->count; i++)
		place_referer(v, i, &url);
	buf_release(&url);
	buf_release(&normal);
}

void visits_release(struct visits *v)
{
	free(v->list);
	free(v->places);
	free(v->holders);
	intern_release(&v->texts);
	intern_release(&v->clients);
	intern_release(&v->keys);
	*v = (struct visits){0};
}

/* ---- in the order of the exchanges ---- */

void visits_note(struct visits *v, uint32_t i, enum answer_form form)
{
	struct visit *visit = &v->list[i];
	if (visit->raw == VISITS_NONE)
		return;
	struct spot *url = &v->places[visit->raw];
	struct spot *origin = &v->places[visit->origin];
	uint16_t status = v->recording->exchanges[i].status;
	if (status / 100 == 3) /* is not shown */
		form = ANSWER_OTHER;
	/* What the client has of it is shown again. */
	if (status == 304 && url->latest != VISITS_NONE)
		form = v->list[url->latest].form;
	visit->form = (uint8_t)form;
	visit->before = url->latest;
	url->latest = i;
	visit->origin_before = origin->latest;
	origin->latest = i;
	if (form == ANSWER_PAGE) {
		visit->page_before = origin->latest_page;
		origin->latest_page = i;
	}
}

static void add_holder(struct visits *v, struct spot *p, uint32_t i,
		       enum link_kind kind)
{
	/* The links of an answer come one after the other. */
	if (p->holder != VISITS_NONE && v->holders[p->holder].exchange == i) {
		if (kind < v->holders[p->holder].kind)
			v->holders[p->holder].kind = kind;
		return;
	}
	if (v->holder_count == HOLDERS_MAX)
		return;
	if (v->holder_count == v->holder_room) {
		v->holder_room = v->holder_room ? 2 * v->holder_room : 256;
		v->holders = xreallocarray(v->holders, v->holder_room,
					   sizeof *v->holders);
	}
	v->holders[v->holder_count] =
	    (struct holder){.exchange = i, .next = p->holder, .kind = kind};
	p->holder = v->holder_count++;
}

/* A URL that browsers ask as https whatever the link says (P38). */
static uint32_t find_upgraded(const struct visits *v, struct slice url)
{
	struct buf https = {0};
	if (!slice_starts(url, SLICE("http:")))
		return INTERN_NONE;
	buf_add_string(&https, "https");
	buf_add(&https, slice_from(url, 4));
	uint32_t found = find_text(v, buf_slice(&https));
	buf_release(&https);
	return found;
}

bool visits_link(struct visits *v, uint32_t i, enum link_kind kind,
		 struct slice url)
{
	uint32_t found = find_text(v, url);
	if (found == INTERN_NONE)
		found = find_upgraded(v, url);
	if (found == INTERN_NONE || v->list[i].raw == VISITS_NONE)
		return found != INTERN_NONE;
	uint32_t client = v->places[v->list[i].raw].client;
	uint32_t at = find_place(v, found, client);
	if (at != VISITS_NONE && v->places[at].last > i)
		add_holder(v, &v->places[at], i, kind);
	return true;
}

bool visits_may_cause(const struct visits *v, uint32_t cause, uint32_t i)
{
	const struct exchange *c = &v->recording->exchanges[cause];
	int64_t from = c->answer_time ? c->answer_time : c->end_time;
	return cause < i && from <= v->recording->exchanges[i].time;
}

uint32_t visits_nearest(const struct visits *v, uint32_t place, uint32_t i)
{
	uint32_t at = v->places[place].latest;
	for (uint32_t n = 0; n < BACK_MAX && at != VISITS_NONE; n++) {
		if (visits_may_cause(v, at, i))
			return at;
		at = v->list[at].before;
	}
	return VISITS_NONE;
}

uint32_t visits_nearest_page(const struct visits *v, uint32_t origin,
			     uint32_t i)
{
	uint32_t at = v->places[origin].latest_page;
	for (uint32_t n = 0; n < BACK_MAX && at != VISITS_NONE; n++) {
		if (visits_may_cause(v, at, i))
			return at;
		at = v->list[at].page_before;
	}
	return VISITS_NONE;
}

static struct slice place_text(const struct visits *v, uint32_t place)
{
	const struct intern_text *t = &v->texts.list[v->places[place].url];
	return (struct slice){v->texts.text.data + t->at, t->len};
}

uint32_t visits_nearest_begun(const struct visits *v, uint32_t i)
{
	struct slice value =
	    request_field(&v->recording->exchanges[i], SLICE("Referer"));
	struct buf url = {0};
	uint32_t at = VISITS_NONE;
	if (v->list[i].referer_origin != VISITS_NONE &&
	    slice_find(value, '?') < value.len &&
	    resolve((struct slice){0}, value, &url))
		at = v->places[v->list[i].referer_origin].latest;
	for (uint32_t n = 0; n < BACK_MAX && at != VISITS_NONE; n++) {
		if (visits_may_cause(v, at, i) &&
		    slice_starts(place_text(v, v->list[at].raw),
				 buf_slice(&url)))
			break;
		at = n + 1 < BACK_MAX ? v->list[at].origin_before : VISITS_NONE;
	}
	buf_release(&url);
	return at;
}
