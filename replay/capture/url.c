/* The effective URL of a request (RFC 9112 3.3), recorded and live alike. */
#include "url.h"

#include <string.h>

static uint16_t scheme_port(bool https)
{
	return https ? 443 : 80;
}

/* Takes ":port" off the end of an authority. What is no port stays part of the
 * host: hostile names are compared, not judged. */
static bool split_port(struct slice *authority, uint16_t *port)
{
	size_t at = authority->len;
	while (at > 0 && authority->data[at - 1] >= '0' &&
	       authority->data[at - 1] <= '9')
		at--;
	if (at == 0 || authority->data[at - 1] != ':')
		return false;
	struct slice digits = slice_from(*authority, at);
	struct slice name = slice_to(*authority, at - 1);
	bool literal = name.len && name.data[0] == '[';
	if (!literal && slice_find(name, ':') < name.len)
		return false; /* IPv6 without brackets: no port to be told */
	if (literal && name.data[name.len - 1] != ']')
		return false;
	uint64_t value;
	bool told = slice_number(digits, UINT16_MAX, &value);
	if (!told && digits.len)
		return false;
	*authority = name;
	if (told)
		*port = (uint16_t)value;
	return told;
}

static void take_authority(struct url *u, struct slice authority)
{
	u->names_port = split_port(&authority, &u->port);
	if (authority.len > 2 && authority.data[0] == '[' &&
	    authority.data[authority.len - 1] == ']')
		authority =
		    slice_to(slice_from(authority, 1), authority.len - 2);
	else if (authority.len > 1 && authority.data[authority.len - 1] == '.')
		authority.len--;
	u->host = authority;
}

/* Whether target is in absolute form; takes its scheme off. */
static bool take_scheme(struct slice *target, bool *https)
{
	if (slice_starts_nocase(*target, SLICE("http://")))
		*https = false;
	else if (slice_starts_nocase(*target, SLICE("https://")))
		*https = true;
	else
		return false;
	*target = slice_from(*target, *https ? 8 : 7);
	return true;
}

static struct slice after_userinfo(struct slice authority)
{
	const uint8_t *at =
	    authority.len ? memrchr(authority.data, '@', authority.len) : NULL;
	return at ? slice_from(authority, (size_t)(at - authority.data) + 1)
		  : authority;
}

struct url url_of(struct slice method, struct slice target, struct slice host,
		  bool https, uint16_t port)
{
	struct url u = {.https = https, .port = port, .target = target};
	/* that of HTTP/2 may have a path: RFC 8441 4 */
	bool path = target.len && target.data[0] == '/';
	if (!path && slice_equal(method, SLICE("CONNECT"))) {
		take_authority(&u, target);
		return u;
	}
	struct slice rest = target;
	if (!target.len || path || !take_scheme(&rest, &u.https)) {
		take_authority(&u, host);
		return u;
	}
	size_t end = 0;
	while (end < rest.len && rest.data[end] != '/' &&
	       rest.data[end] != '?' && rest.data[end] != '#')
		end++;
	u.port = scheme_port(u.https);
	take_authority(&u, after_userinfo(slice_to(rest, end)));
	u.target = end < rest.len ? slice_from(rest, end) : SLICE("/");
	return u;
}

struct slice url_path(struct slice target)
{
	return slice_to(target, slice_find(target, '?'));
}

struct slice url_query(struct slice target)
{
	return slice_from(target, slice_find(target, '?') + 1);
}

void url_print(struct buf *out, const struct url *u)
{
	buf_add_string(out, u->https ? "https://" : "http://");
	bool literal = slice_find(u->host, ':') < u->host.len;
	if (literal)
		buf_add_byte(out, '[');
	buf_add(out, u->host.len ? u->host : SLICE("-"));
	if (literal)
		buf_add_byte(out, ']');
	if (u->port != scheme_port(u->https))
		buf_printf(out, ":%u", u->port);
	if (!u->target.len || u->target.data[0] != '/')
		buf_add_byte(out, ' '); /* "*", an authority */
	buf_add(out, u->target);
}
