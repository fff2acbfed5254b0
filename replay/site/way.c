/* By which way a request came. */
#include "way.h"

static const char *const names[] = {
    [WAY_UNKNOWN] = "unknown",        [WAY_NAME] = "name",
    [WAY_STEERING] = "steering-name", [WAY_ADDRESS] = "address",
    [WAY_MEANT] = "meant-address",    [WAY_PROXY] = "proxy",
};

const char *way_name(enum way way)
{
	return names[way];
}

static bool is_host(const struct table *t, struct slice name)
{
	return t && table_host(t, name) != TABLE_NONE;
}

enum way way_of(const struct request *r, const struct table *t,
		const struct table *others)
{
	struct address literal;
	struct slice host = r->url.host;
	if (r->proxied)
		return WAY_PROXY;
	if (r->steered)
		return WAY_STEERING;
	if (host_literal(host, &literal))
		return WAY_ADDRESS;
	if (host.len && (is_host(t, host) || is_host(others, host)))
		return WAY_NAME;
	bool meant =
	    r->any_address || table_at(t, &r->local.address) != TABLE_NONE;
	return meant ? WAY_MEANT : WAY_UNKNOWN;
}
