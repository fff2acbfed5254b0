/* URL references made absolute. */
#include "resolve.h"

#include "rewrite/steer.h"

#include "capture/url.h"

#include <ctype.h>

/* A reference taken apart; all of it before '#', backslashes are slashes. */
struct parts {
	bool has_host;
	bool https;
	struct slice host;   /* with user information and port, if has_host */
	struct slice target; /* path and query */
};

static bool is_space(uint8_t c)
{
	return c <= ' ';
}

/* Without white space at its ends, line breaks and tabs, and fragment; slashes
 * made uniform up to the query. */
static void clean(struct slice reference, struct buf *out)
{
	bool query = false;
	while (reference.len && is_space(reference.data[0]))
		reference = slice_from(reference, 1);
	while (reference.len && is_space(reference.data[reference.len - 1]))
		reference.len--;
	reference = slice_to(reference, slice_find(reference, '#'));
	for (size_t i = 0; i < reference.len; i++) {
		uint8_t c = reference.data[i];
		query |= c == '?';
		if (c != '\t' && c != '\n' && c != '\r')
			buf_add_byte(out, c == '\\' && !query ? '/' : c);
	}
}

/* The length of a scheme that s begins with, without the colon; 0: none. */
static size_t scheme_length(struct slice s)
{
	size_t len = 0;
	if (!s.len || s.data[0] >= 0x80 || !isalpha(s.data[0]))
		return 0;
	while (
	    len < s.len && s.data[len] < 0x80 &&
	    (isalnum(s.data[len]) || slice_find(SLICE("+-."), s.data[len]) < 3))
		len++;
	return len < s.len && s.data[len] == ':' ? len : 0;
}

static size_t count_slashes(struct slice s)
{
	size_t count = 0;
	while (count < s.len && s.data[count] == '/')
		count++;
	return count;
}

static void take_host(struct parts *p, struct slice s)
{
	size_t end = 0;
	s = slice_from(s, count_slashes(s));
	while (end < s.len && s.data[end] != '/' && s.data[end] != '?')
		end++;
	p->has_host = true;
	p->host = slice_to(s, end);
	p->target = slice_from(s, end);
}

/* based: there is a base, with the scheme that p has already. */
static bool take_apart(struct slice s, bool based, struct parts *p)
{
	size_t scheme = scheme_length(s);
	if (!scheme) {
		p->target = s;
		if (based && count_slashes(s) >= 2)
			take_host(p, s);
		return based;
	}
	bool https = slice_equal_nocase(slice_to(s, scheme), SLICE("https"));
	if (!https && !slice_equal_nocase(slice_to(s, scheme), SLICE("http")))
		return false;
	struct slice rest = slice_from(s, scheme + 1);
	bool same = based && https == p->https;
	p->https = https;
	p->target = rest;
	/* "http:page.html" and "http:/page.html" are relative there. */
	if (!same || count_slashes(rest) >= 2)
		take_host(p, rest);
	return true;
}

/* ---- hosts ---- */

static int hex_at(struct slice s, size_t at)
{
	if (at >= s.len || s.data[at] >= 0x80 || !isxdigit(s.data[at]))
		return -1;
	uint8_t c = s.data[at];
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The byte that "%HH" at offset at stands for; -1: there is none. */
static int percent_at(struct slice s, size_t at)
{
	if (at >= s.len || s.data[at] != '%')
		return -1;
	int high = hex_at(s, at + 1), low = hex_at(s, at + 2);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_host_byte(uint8_t c)
{
	return c > ' ' && c < 0x7f &&
	       slice_find(SLICE("#/:<>?@[\\]^|%\"'`{}(),;&=+$!*~"), c) ==
		   sizeof "#/:<>?@[\\]^|%\"'`{}(),;&=+$!*~" - 1;
}

static bool is_host(struct slice host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_host_byte(host.data[i]))
			return false;
	return host.len && host.data[0] != '.';
}

static void add_decoded(struct buf *out, struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		int byte = percent_at(host, i);
		buf_add_byte(
		    out, byte_lower(byte < 0 ? host.data[i] : (uint8_t)byte));
		i += byte < 0 ? 0 : 2;
	}
}

/* Makes u's host uniform in text, where it is borrowed from. bracketed: as an
 * IPv6 address is written. */
static bool settle_host(struct url *u, bool bracketed, struct buf *text)
{
	struct address a;
	add_decoded(text, u->host);
	struct slice host = buf_slice(text);
	if (bracketed ? !address_parse(host, &a) || a.version != 6
		      : !is_host(host))
		return false;
	if (bracketed || steer_literal(host, &a)) {
		buf_clear(text);
		address_print(text, &a);
	}
	u->host = buf_slice(text);
	return true;
}

/* ---- paths ---- */

/* WHATWG URL 1.3: the path and the query percent-encode sets. */
static bool must_encode(uint8_t c, bool query)
{
	if (c <= ' ' || c >= 0x7f || c == '"' || c == '#' || c == '<' ||
	    c == '>')
		return true;
	return query ? c == '\'' : c == '`' || c == '{' || c == '}';
}

static void add_encoded(struct buf *out, struct slice s, bool query)
{
	for (size_t i = 0; i < s.len; i++) {
		if (must_encode(s.data[i], query))
			buf_printf(out, "%%%02X", s.data[i]);
		else
			buf_add_byte(out, s.data[i]);
	}
}

/* How many dots a segment is, "%2e" being one; 0: it is something else. */
static unsigned count_dots(struct slice segment)
{
	unsigned dots = 0;
	for (size_t i = 0; i < segment.len; i++, dots++) {
		if (percent_at(segment, i) == '.')
			i += 2;
		else if (segment.data[i] != '.')
			return 0;
	}
	return dots <= 2 ? dots : 0;
}

/* Takes the last segment off, but for its slash. path_at is where the path
 * begins, which always keeps its first slash. */
static void drop_segment(struct buf *out, size_t path_at)
{
	while (out->len > path_at + 1 && out->data[out->len - 1] != '/')
		out->len--;
}

/* Appends the segments of a path, the first behind the slash that out ends
 * with (RFC 3986 5.2.4). */
static void add_segments(struct buf *out, size_t path_at, struct slice path)
{
	for (bool last = false; !last;) {
		size_t len = slice_find(path, '/');
		struct slice segment = slice_to(path, len);
		last = len == path.len;
		path = slice_from(path, len + 1);
		unsigned dots = count_dots(segment);
		if (dots == 2 && out->len > path_at + 1) {
			out->len--;
			drop_segment(out, path_at);
		}
		if (dots)
			continue;
		add_encoded(out, segment, false);
		if (!last)
			buf_add_byte(out, '/');
	}
}

/* Appends the target that reference means at base: both path and query. */
static void add_target(struct buf *out, struct slice base, struct slice target)
{
	size_t path_at = out->len;
	struct slice path = url_path(target);
	if (!target.len) {
		buf_add(out, base.len ? base : SLICE("/"));
		return;
	}
	if (path.len && path.data[0] == '/') {
		path = slice_from(path, 1);
		buf_add_byte(out, '/');
	} else {
		buf_add(out, base.len ? url_path(base) : SLICE("/"));
		if (path.len)
			drop_segment(out, path_at);
	}
	if (path.len)
		add_segments(out, path_at, path);
	if (url_path(target).len < target.len) {
		buf_add_byte(out, '?');
		add_encoded(out, url_query(target), true);
	}
}

/* ---- both ---- */

static struct url split(struct slice absolute)
{
	return url_of(SLICE("GET"), absolute, (struct slice){0}, false, 80);
}

static bool put_together(const struct parts *p, const struct url *base,
			 struct buf *out)
{
	struct buf start = {0}, host = {0}, target = {0};
	struct url u = *base;
	bool valid = true;
	if (p->has_host) {
		buf_add_string(&start, p->https ? "https://" : "http://");
		buf_add(&start, p->host);
		u = split(buf_slice(&start));
		bool bracketed = slice_find(p->host, '[') < p->host.len;
		valid = settle_host(&u, bracketed, &host);
	}
	if (valid) {
		struct slice none = {0};
		add_target(&target, p->has_host ? none : base->target,
			   p->target);
		u.target = buf_slice(&target);
		valid = u.target.len + u.host.len <= RESOLVE_MAX;
	}
	if (valid)
		url_print(out, &u);
	buf_release(&start);
	buf_release(&host);
	buf_release(&target);
	return valid;
}

bool resolve(struct slice base, struct slice reference, struct buf *out)
{
	struct url at = {0};
	struct buf text = {0};
	if (reference.len > RESOLVE_MAX)
		return false;
	if (base.len)
		at = split(base);
	struct parts p = {.https = at.https};
	clean(reference, &text);
	bool found = take_apart(buf_slice(&text), base.len > 0, &p) &&
		     put_together(&p, &at, out);
	buf_release(&text);
	return found;
}

/* RFC 3986 2.3 */
static bool is_unreserved(int c)
{
	return c < 0x80 &&
	       (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~');
}

void resolve_normal(struct slice url, struct buf *out)
{
	for (size_t i = 0; i < url.len; i++) {
		int byte = percent_at(url, i);
		if (byte < 0) {
			buf_add_byte(out, url.data[i]);
			continue;
		}
		if (is_unreserved(byte))
			buf_add_byte(out, (uint8_t)byte);
		else
			buf_printf(out, "%%%02X", (unsigned)byte);
		i += 2;
	}
}
