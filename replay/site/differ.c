/* In what a live request differs from a recorded one: what an analyst reads to
 * write a rule (P14, P16). */
#include "differ.h"

#include "params.h"

#include <string.h>

static const char *const names[] = {
    [DIFFERS_METHOD] = "method",
    [DIFFERS_SCHEME] = "scheme",
    [DIFFERS_HOST] = "host",
    [DIFFERS_PORT] = "port",
    [DIFFERS_PATH] = "path",
    [DIFFERS_QUERY] = "query",
    [DIFFERS_PARAMETER] = "parameter",
    [DIFFERS_BODY] = "body",
    [DIFFERS_BODY_FIELD] = "body field",
    [DIFFERS_FIELD] = "field",
};

const char *differ_kind_name(enum differ_kind kind)
{
	return names[kind];
}

static void add(struct differences *d, enum differ_kind kind, struct slice name,
		struct slice asked, struct slice recorded)
{
	if (d->count < DIFFERENCES_MAX)
		d->list[d->count++] =
		    (struct difference){kind, name, asked, recorded};
}

static void compare(struct differences *d, enum differ_kind kind,
		    struct slice asked, struct slice recorded)
{
	if (!slice_equal(asked, recorded))
		add(d, kind, (struct slice){0}, asked, recorded);
}

/* Steps through both sorted lists: what only one has, what has other values.
 * Returns whether there was any. */
static bool compare_params(struct differences *d, enum differ_kind kind,
			   const struct params *asked,
			   const struct params *recorded)
{
	const struct slice none = {0};
	size_t a = 0, b = 0, before = d->count;
	while (a < asked->count || b < recorded->count) {
		const struct param *x = &asked->list[a];
		const struct param *y = &recorded->list[b];
		int order;
		if (a == asked->count)
			order = 1;
		else if (b == recorded->count)
			order = -1;
		else
			order = slice_compare(x->name, y->name);
		if (order < 0)
			add(d, kind, x->name, x->value, none);
		else if (order > 0)
			add(d, kind, y->name, none, y->value);
		else if (!slice_equal(x->value, y->value))
			add(d, kind, x->name, x->value, y->value);
		a += order <= 0;
		b += order >= 0;
	}
	return d->count > before;
}

static void compare_queries(struct differences *d, struct slice asked,
			    struct slice recorded)
{
	struct params a, b;
	if (slice_equal(asked, recorded))
		return;
	if (!params_of_query(asked, &a) || !params_of_query(recorded, &b) ||
	    !compare_params(d, DIFFERS_PARAMETER, &a, &b))
		compare(d, DIFFERS_QUERY, asked, recorded);
}

static void compare_bodies(struct differences *d, const struct table *t,
			   const struct request *r, uint32_t i)
{
	const uint8_t *body = table_body(t, i);
	if (!body && !r->has_body)
		return;
	if (body && r->has_body && !memcmp(body, r->digest, DIGEST_LEN))
		return;
	struct params a, b;
	buf_clear(&d->text);
	request_body_read(table_exchange(t, i), &d->text);
	if (!params_of_body(r->body, &a) ||
	    !params_of_body(buf_slice(&d->text), &b) ||
	    !compare_params(d, DIFFERS_BODY_FIELD, &a, &b))
		add(d, DIFFERS_BODY, (struct slice){0}, (struct slice){0},
		    (struct slice){0});
}

/* What a malicious page tests, and Range. */
static void compare_fields(struct differences *d, const struct traits *asked,
			   struct slice head)
{
	static const enum trait told[] = {TRAIT_REFERER, TRAIT_COOKIE,
					  TRAIT_AGENT, TRAIT_LANGUAGE,
					  TRAIT_RANGE};
	struct traits recorded = traits_of_head(head);
	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		if (!trait_equal(asked, &recorded, told[i]))
			add(d, DIFFERS_FIELD, trait_name(told[i]),
			    asked->value[told[i]], recorded.value[told[i]]);
}

static void compare_urls(struct differences *d, const struct url *asked,
			 const struct url *recorded, bool any_port)
{
	if (asked->https != recorded->https)
		add(d, DIFFERS_SCHEME, (struct slice){0},
		    slice_of(asked->https ? "https" : "http"),
		    slice_of(recorded->https ? "https" : "http"));
	if (!slice_equal_nocase(asked->host, recorded->host))
		add(d, DIFFERS_HOST, (struct slice){0}, asked->host,
		    recorded->host);
	if (!any_port && asked->port != recorded->port)
		add(d, DIFFERS_PORT, (struct slice){0}, (struct slice){0},
		    (struct slice){0});
	compare(d, DIFFERS_PATH, url_path(asked->target),
		url_path(recorded->target));
	compare_queries(d, url_query(asked->target),
			url_query(recorded->target));
}

void differ(const struct table *t, const struct request *r, uint32_t i,
	    struct differences *d)
{
	const struct exchange *e = table_exchange(t, i);
	struct url url = table_url(t, i);
	d->count = 0;
	compare(d, DIFFERS_METHOD, r->method, exchange_method(e));
	if (table_entry(t, i)->hostless && !r->url.host.len)
		url.host = r->url.host;
	compare_urls(d, &r->url, &url, r->any_port);
	compare_bodies(d, t, r, i);
	compare_fields(d, &r->traits, e->request_head);
}

void differences_release(struct differences *d)
{
	buf_release(&d->text);
	*d = (struct differences){0};
}
