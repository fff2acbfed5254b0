/* A request that nothing recorded matches: what comes nearest to it. */
#include "nearest.h"

#define LOOK_MAX 1000

static const char *const methods[] = {"GET", "POST", "HEAD", "PUT"};
#define METHODS (sizeof methods / sizeof *methods)

static size_t shared_prefix(struct slice a, struct slice b)
{
	size_t i = 0;
	while (i < a.len && i < b.len && a.data[i] == b.data[i])
		i++;
	return i;
}

/* What looks most like the request, so far. */
struct nearest {
	uint32_t exchange;
	size_t alike; /* bytes that its target and the asked one begin with */
	size_t looked;
};

/* Looks at exchanges with the same path from i on. */
static void look(const struct table *t, const struct request *r, uint32_t i,
		 struct nearest *n)
{
	for (; i != TABLE_NONE && n->looked < LOOK_MAX;
	     i = table_entry(t, i)->near_next, n->looked++) {
		size_t alike =
		    shared_prefix(table_url(t, i).target, r->url.target);
		if (alike > n->alike) {
			n->alike = alike;
			n->exchange = i;
		}
	}
}

/* The path at a host, under the method asked or a common one. */
static uint32_t same_path(const struct table *t, const struct request *r,
			  uint32_t host)
{
	struct slice path = url_path(request_target(r));
	uint32_t i = table_near(t, r->method, host, path);
	for (size_t m = 0; i == TABLE_NONE && m < METHODS; m++)
		i = table_near(t, slice_of(methods[m]), host, path);
	struct nearest n = {.exchange = i};
	look(t, r, i, &n);
	return n.exchange;
}

/* How much must be alike at another host: "/" is everywhere, so there the
 * first parameter's name; kits ask each new host for the same "/?a=1". */
static size_t least_alike(struct slice target)
{
	if (url_path(target).len > 1)
		return 1;
	size_t equals = slice_find(target, '=') + 1;
	size_t least = equals < target.len ? equals : target.len;
	return least > 1 ? least : SIZE_MAX;
}

static uint32_t other_host(const struct table *t, const struct request *r)
{
	size_t hosts = table_hosts(t);
	struct slice path = url_path(request_target(r));
	struct nearest n = {.exchange = TABLE_NONE,
			    .alike = least_alike(r->url.target) - 1};
	for (uint32_t h = 0; h < hosts && h < LOOK_MAX; h++)
		look(t, r, table_near(t, r->method, h, path), &n);
	return n.exchange;
}

static uint32_t same_host(const struct table *t, const struct request *r,
			  uint32_t host)
{
	uint32_t best = table_host_first(t, host);
	size_t most = 0, looked = 0;
	for (uint32_t i = best; i < table_count(t) && looked < LOOK_MAX;
	     i++, looked++) {
		if (table_entry(t, i)->host != host)
			continue;
		size_t alike =
		    shared_prefix(table_url(t, i).target, r->url.target);
		if (alike > most) {
			most = alike;
			best = i;
		}
	}
	return best;
}

uint32_t nearest_find(const struct table *t, const struct request *r)
{
	uint32_t host = table_host(t, r->url.host);
	uint32_t at = request_meant(t, r);
	uint32_t i = TABLE_NONE;
	if (host == TABLE_NONE && at != TABLE_NONE)
		host = table_host_at(t, at);
	if (host != TABLE_NONE)
		i = same_path(t, r, host);
	if (i == TABLE_NONE)
		i = other_host(t, r);
	if (i == TABLE_NONE && host != TABLE_NONE)
		i = same_host(t, r, host);
	return i;
}
