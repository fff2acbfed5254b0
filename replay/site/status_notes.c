/* What one event loop notes of its requests, for the page that shows them. */
#include "status_notes.h"

#include "edition.h"
#include "tls.h"

#include "rewrite/apply.h"

#include <stdlib.h>
#include <string.h>

struct notes *notes_new(void)
{
	return xcalloc(1, sizeof(struct notes));
}

void notes_free(struct notes *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < NOTES_MISSES; i++)
		miss_release(&n->misses[i]);
	if (n->table)
		table_free(n->table);
	free(n);
}

/* Appends some of the text. Returns how many bytes. */
static uint8_t put(struct seen *s, size_t at, size_t max, struct slice text)
{
	text = slice_to(text, max);
	if (text.len)
		memcpy(s->text + at, text.data, text.len);
	return (uint8_t)text.len;
}

static void put_request(struct seen *s, const struct request *r)
{
	const struct url *u = &r->url;
	size_t at = s->method_len = put(s, 0, NOTES_METHOD, r->method);
	at += s->host_len = put(s, at, NOTES_TEXT / 2, u->host);
	size_t room = NOTES_METHOD + NOTES_TEXT - at;
	room = room < UINT8_MAX ? room : UINT8_MAX;
	s->target_len = put(s, at, room, u->target);
	s->cut = u->target.len > room || u->host.len > NOTES_TEXT / 2;
	s->https = u->https;
	s->port = u->port;
}

struct slice seen_method(const struct seen *s)
{
	return (struct slice){s->text, s->method_len};
}

struct slice seen_server_name(const struct seen *s)
{
	return (struct slice){s->text, s->asks ? 0 : s->host_len};
}

struct url seen_url(const struct seen *s)
{
	const uint8_t *host = s->text + s->method_len;
	return (struct url){.https = s->https,
			    .port = s->port,
			    .host = {host, s->host_len},
			    .target = {host + s->host_len, s->target_len}};
}

static enum seen_kind kind_of(const struct record *r)
{
	if (r->tls && r->tls->failure)
		return SEEN_FAILED;
	if (!r->match)
		return SEEN_REFUSED;
	return r->match->step ? SEEN_ANSWERED : SEEN_MISSED;
}

/* What is known of it, all but the request. */
static void see(struct seen *s, const struct record *r, enum seen_kind kind)
{
	bool found = r->match && r->match->step;
	s->time = r->time;
	s->note = r->note;
	s->client = r->client.address;
	s->exchange = found ? r->exchange : TABLE_NONE;
	s->status = r->status;
	s->kind = (uint8_t)kind;
	s->step = found ? (uint8_t)r->match->step : MATCH_NONE;
	s->rewritten = r->rewritten;
	s->supplement = r->supplement && found;
	s->cut = s->https = false;
	s->asks = r->request;
	s->method_len = s->host_len = s->target_len = 0;
}

static void see_next(struct notes *n, const struct record *r,
		     enum seen_kind kind)
{
	struct seen *s = &n->seen[n->seen_count++ % NOTES_SEEN];
	see(s, r, kind);
	if (kind == SEEN_FAILED) {
		s->note = r->tls->failure;
		s->host_len = put(s, 0, NOTES_TEXT, r->tls->sni);
	} else if (r->request) {
		put_request(s, r->request);
	}
}

static void count(struct counts *c, const struct record *r, enum seen_kind kind)
{
	c->requests += kind != SEEN_FAILED;
	c->failed += kind == SEEN_FAILED;
	c->refused += kind == SEEN_REFUSED;
	c->rewritten += r->rewritten;
	if (kind == SEEN_ANSWERED || kind == SEEN_MISSED)
		c->steps[r->match->step]++;
}

/* The one of that request, or else the oldest, as the first of them. */
static struct miss *first_miss(struct notes *n, uint64_t hash, bool *known)
{
	size_t at = 0;
	while (at < n->miss_count && n->misses[at].hash != hash)
		at++;
	*known = at < n->miss_count;
	if (!*known && n->miss_count < NOTES_MISSES)
		n->miss_count++;
	else if (!*known)
		at--;
	struct miss m = n->misses[at];
	memmove(&n->misses[1], &n->misses[0], at * sizeof m);
	n->misses[0] = m;
	return &n->misses[0];
}

static void miss(struct notes *n, const struct record *r)
{
	bool known;
	struct miss *m = first_miss(n, miss_hash(r->request), &known);
	miss_keep(m, r->request);
	m->count = known ? m->count + 1 : 1;
	m->time = r->time;
	m->cached = r->match->only_304;
	buf_clear(&m->note);
	if (r->note)
		buf_add_string(&m->note, r->note);
}

void notes_take(struct notes *n, const struct record *r)
{
	if (!n)
		return;
	enum seen_kind kind = kind_of(r);
	count(&n->counts, r, kind);
	see_next(n, r, kind);
	if (kind == SEEN_MISSED)
		miss(n, r);
}

void notes_rule(struct notes *n, const struct edition *e,
		struct matcher *matcher)
{
	struct buf ruled = {0};
	for (size_t i = 0; n && i < n->miss_count; i++) {
		const struct request *r = &n->misses[i].request;
		const struct subject s = {
		    .method = r->method,
		    .host = r->url.host,
		    .target = r->unsteered.data ? r->unsteered : r->url.target,
		    .https = r->url.https};
		buf_clear(&ruled);
		buf_reserve(&ruled, 1);
		bool changed = !n->misses[i].cut && table_ruled(e->table) &&
			       apply_target(e->rules, matcher, &s, &ruled);
		miss_rule(&n->misses[i],
			  changed ? buf_slice(&ruled) : (struct slice){0});
	}
	buf_release(&ruled);
}

struct notes *notes_copy(const struct notes *n, struct table *table)
{
	struct notes *copy = xmalloc(sizeof *copy);
	*copy = *n;
	copy->table = table_hold(table);
	memset(copy->misses, 0, sizeof copy->misses);
	for (size_t i = 0; i < n->miss_count; i++)
		miss_copy(&copy->misses[i], &n->misses[i]);
	return copy;
}
