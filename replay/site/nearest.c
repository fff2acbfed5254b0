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

/* Of exchanges with the same path, that whose target begins most alike. */
static uint32_t most_alike(const struct table *t, const struct request *r,
			   uint32_t i)
{
	uint32_t best = i;
	size_t most = 0, looked = 0;
	for (; i != TABLE_NONE && looked < LOOK_MAX;
	     i = table_entry(t, i)->near_next, looked++) {
		size_t alike =
		    shared_prefix(table_url(t, i).target, r->url.target);
		if (alike > most) {
			most = alike;
			best = i;
		}
	}
	return best;
}

/* The path at a host, under the method asked or a common one. */
static uint32_t same_path(const struct table *t, const struct request *r,
			  uint32_t host)
{
	struct slice path = url_path(r->url.target);
	uint32_t i = table_near(t, r->method, host, path);
	for (size_t m = 0; i == TABLE_NONE && m < METHODS; m++)
		i = table_near(t, slice_of(methods[m]), host, path);
	return i == TABLE_NONE ? i : most_alike(t, r, i);
}

static uint32_t other_host(const struct table *t, const struct request *r)
{
	size_t hosts = table_hosts(t);
	struct slice path = url_path(r->url.target);
	if (path.len < 2)
		return TABLE_NONE; /* "/" is everywhere */
	for (uint32_t h = 0; h < hosts && h < LOOK_MAX; h++) {
		uint32_t i = table_near(t, r->method, h, path);
		if (i != TABLE_NONE)
			return most_alike(t, r, i);
	}
	return TABLE_NONE;
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
	uint32_t i = TABLE_NONE;
	if (host != TABLE_NONE)
		i = same_path(t, r, host);
	if (i == TABLE_NONE)
		i = other_host(t, r);
	if (i == TABLE_NONE && host != TABLE_NONE)
		i = same_host(t, r, host);
	return i;
}
