/* What the victim's client brought along, and what a visit leaves behind. */
#include "brought.h"

#include "cookie.h"

#include "site/traits.h"

#include <stdlib.h>

#define ENTRIES_MAX 4096
#define COOKIES_MAX ((size_t)4 << 20)
#define LABELS_MAX 16 /* of a host, from which cookies may come */

/* A cookie that an answer set, and since when a client has it. */
struct cookie {
	uint64_t hash; /* of client, name and domain */
	int64_t time;
};

struct jar {
	struct cookie *list;
	size_t count, room;
};

struct look {
	struct brought *b;
	const struct findings *f;
	const struct chain *chain;
	const struct jar *jar;
	uint32_t i;
	const struct exchange *e;
	struct url url;
};

const char *brought_kind_name(enum brought_kind kind)
{
	static const char *const names[BROUGHT_KINDS] = {
	    [BROUGHT_CACHE] = "cache",
	    [BROUGHT_COOKIE] = "cookie",
	    [BROUGHT_LOGIN] = "login",
	    [BROUGHT_REFERER] = "referer",
	    [BROUGHT_WORKER] = "service-worker",
	    [BROUGHT_HSTS] = "hsts",
	    [BROUGHT_REDIRECT] = "permanent-redirect",
	};
	return names[kind];
}

static void add(struct look *l, enum brought_kind kind, struct slice place,
		struct slice text)
{
	roll_add(&l->b->kinds[kind], place, text, l->i);
}

static void add_url(struct look *l, enum brought_kind kind)
{
	struct buf url = {0};
	url_print(&url, &l->url);
	add(l, kind, l->url.host, buf_slice(&url));
	buf_release(&url);
}

/* ---- cookies that answers set (RFC 6265 5) ---- */

/* The value of the last Domain attribute, without a dot before it. */
static struct slice cookie_domain(struct slice attributes)
{
	struct slice domain = {0};
	while (attributes.len) {
		struct slice part = cookie_next(&attributes);
		if (!slice_equal_nocase(cookie_name(part), SLICE("domain")))
			continue;
		domain = cookie_value(part);
		if (domain.len && domain.data[0] == '.')
			domain = slice_from(domain, 1);
	}
	return domain;
}

static uint64_t cookie_hash(const struct exchange *e, struct slice name,
			    struct slice domain)
{
	const struct address *client = &exchange_client(e)->address;
	struct buf lower = {0};
	buf_add_lower(&lower, domain);
	uint64_t hash =
	    slice_hash((struct slice){client->bytes, sizeof client->bytes}, 0);
	hash = slice_hash(name, hash);
	hash = slice_hash(buf_slice(&lower), hash);
	buf_release(&lower);
	return hash;
}

static void jar_add(struct jar *j, const struct exchange *e, struct slice value)
{
	struct slice name = cookie_name(cookie_next(&value));
	struct slice domain = cookie_domain(value);
	if (j->count >= COOKIES_MAX)
		return;
	if (j->count == j->room) {
		j->room = j->room ? 2 * j->room : 64;
		j->list = xreallocarray(j->list, j->room, sizeof *j->list);
	}
	if (!domain.len)
		domain = exchange_url(e).host;
	j->list[j->count++] =
	    (struct cookie){cookie_hash(e, name, domain), e->answer_time};
}

static int compare_cookies(const void *a, const void *b)
{
	const struct cookie *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->time > y->time) - (x->time < y->time);
}

static void jar_fill(struct jar *j, const struct recording *r)
{
	struct field f;
	for (size_t i = 0; i < r->count; i++) {
		const struct exchange *e = &r->exchanges[i];
		struct slice rest = head_fields(e->response_head);
		while (head_field_next(&rest, SLICE("set-cookie"), &f))
			jar_add(j, e, f.value);
	}
	if (j->count)
		qsort(j->list, j->count, sizeof *j->list, compare_cookies);
}

/* Whether it was set at that time: the earliest of a hash stands first. */
static bool jar_has(const struct jar *j, uint64_t hash, int64_t time)
{
	size_t from = 0, to = j->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (j->list[middle].hash < hash)
			from = middle + 1;
		else
			to = middle;
	}
	return from < j->count && j->list[from].hash == hash &&
	       j->list[from].time <= time;
}

/* By its host or a domain above it. That a cookie without Domain is for its
 * own host alone counts for nothing here. */
static bool was_set(const struct look *l, struct slice name)
{
	struct slice domain = l->url.host;
	for (size_t n = 0; domain.len && n < LABELS_MAX; n++) {
		if (jar_has(l->jar, cookie_hash(l->e, name, domain),
			    l->e->time))
			return true;
		domain = slice_from(domain, slice_find(domain, '.') + 1);
	}
	return false;
}

/* ---- an exchange ---- */

static void take_cookies(struct look *l, struct slice value)
{
	while (value.len) {
		struct slice name = cookie_name(cookie_next(&value));
		if (name.len && !was_set(l, name))
			add(l, BROUGHT_COOKIE, l->url.host, name);
	}
}

static void take_login(struct look *l, struct slice value)
{
	add(l, BROUGHT_LOGIN, l->url.host,
	    slice_to(value, slice_find(value, ' ')));
}

static void take_referer(struct look *l, struct slice value)
{
	if (l->chain->links[l->i].by == CHAIN_OUTSIDE)
		add(l, BROUGHT_REFERER, (struct slice){0}, value);
}

static void take_worker(struct look *l, struct slice value)
{
	(void)value;
	add_url(l, BROUGHT_WORKER);
}

/* RFC 6797 8.1: over plain HTTP it counts for nothing, but the capture may be
 * of a proxy that took TLS off. */
static void take_hsts(struct look *l, struct slice value)
{
	add(l, BROUGHT_HSTS, l->url.host, value);
}

/* RFC 9110 15.4.2, 15.4.9: kept by caches for any time. */
static void take_location(struct look *l, struct slice value)
{
	struct buf url = {0};
	if (l->e->status != 301 && l->e->status != 308)
		return;
	url_print(&url, &l->url);
	add(l, BROUGHT_REDIRECT, buf_slice(&url), value);
	buf_release(&url);
}

typedef void taker(struct look *l, struct slice value);

static const struct wanted {
	struct slice name; /* in lower case */
	taker *take;
} in_requests[] =
    {
	{SLICE("cookie"), take_cookies},
	{SLICE("authorization"), take_login},
	{SLICE("proxy-authorization"), take_login},
	{SLICE("referer"), take_referer},
	{SLICE("service-worker"), take_worker},
},
  in_answers[] = {
      {SLICE("strict-transport-security"), take_hsts},
      {SLICE("location"), take_location},
};

static void look_at_head(struct look *l, struct slice head,
			 const struct wanted *wanted, size_t count)
{
	struct field f;
	for (size_t i = 0; i < count; i++) {
		struct slice rest = head_fields(head);
		while (head_field_next(&rest, wanted[i].name, &f))
			wanted[i].take(l, f.value);
	}
}

static void look_at(struct look *l)
{
	uint8_t marks = l->f->marks[l->i];
	l->url = exchange_url(l->e);
	if (marks & MARK_SETS_COOKIE && l->b->script_cookies == UINT32_MAX)
		l->b->script_cookies = l->i;
	if (marks & MARK_WORKER)
		add_url(l, BROUGHT_WORKER);
	if (findings_reason(l->f, l->i) == REASON_CACHED)
		add_url(l, BROUGHT_CACHE);
	look_at_head(l, l->e->request_head, in_requests,
		     sizeof in_requests / sizeof *in_requests);
	look_at_head(l, l->e->response_head, in_answers,
		     sizeof in_answers / sizeof *in_answers);
}

void brought_collect(struct brought *b, const struct findings *f,
		     const struct chain *c)
{
	const struct recording *r = f->recording;
	struct jar jar = {0};
	struct look l = {.b = b, .f = f, .chain = c, .jar = &jar};
	*b = (struct brought){.script_cookies = UINT32_MAX};
	for (size_t kind = 0; kind < BROUGHT_KINDS; kind++)
		b->kinds[kind].max = ENTRIES_MAX;
	jar_fill(&jar, r);
	for (; l.i < r->count; l.i++) {
		l.e = &r->exchanges[l.i];
		look_at(&l);
	}
	free(jar.list);
}

void brought_release(struct brought *b)
{
	for (size_t kind = 0; kind < BROUGHT_KINDS; kind++)
		roll_release(&b->kinds[kind]);
}
