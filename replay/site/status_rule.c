/* The target rules that would make a request that missed be answered by a
 * recorded exchange. */
#include "status_rule.h"

#include "capture/hostname.h"

#include <string.h>

#define TARGET_MAX 1024 /* longer ones nobody reads */
#define PARAMS 32
#define LOOK_MAX 1000

/* ---- text of a rule ---- */

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || (c && strchr("_-/=&%,;:@!~", c));
}

/* Bytes of an expression or a replacement that stand for themselves; dot: a
 * "." does so too. What means something there or to the file's lines, or is no
 * letter anywhere, is written by its number. */
static void add_literal(struct buf *out, struct slice text, bool dot)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (is_word(c) || (dot && (c == '.' || c == '?' || c == '+')))
			buf_add_byte(out, c);
		else if (c == '.' || c == '?' || c == '+' || c == '*')
			buf_printf(out, "\\%c", c);
		else
			buf_printf(out, "\\x%02X", c);
	}
}

static void add_pattern(struct buf *out, struct slice text)
{
	add_literal(out, text, false);
}

static void add_replacement(struct buf *out, struct slice text)
{
	add_literal(out, text, true);
}

/* Whether it stands for itself as a shell pattern, which no list follows. */
static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if ((!is_word(c) && c != '.') || c == '!' || c == '~')
			return false;
	}
	return text.len && text.data[0] == '/';
}

/* The conditions, and the part. A path that cannot be one is left to the
 * expression. */
static void begin_rule(struct buf *out, struct slice host, struct slice path)
{
	if (host.len && !hostname_fault(host))
		buf_printf(out, "host=%.*s ", (int)host.len,
			   (const char *)host.data);
	if (is_plain(path))
		buf_printf(out, "path=%.*s ", (int)path.len,
			   (const char *)path.data);
	buf_add_string(out, "target s{");
}

/* ---- parameters, in their order ---- */

struct pair {
	struct slice name, value, all;
	bool extra; /* the other side has it not */
};

struct pairs {
	struct pair list[PARAMS];
	size_t count;
};

/* False: there are too many, a name stands twice, or one is empty. */
static bool pairs_of(struct slice query, struct pairs *p)
{
	p->count = 0;
	while (query.len) {
		struct slice all = slice_to(query, slice_find(query, '&'));
		size_t equals = slice_find(all, '=');
		query = slice_from(query, all.len + 1);
		if (p->count == PARAMS || equals == all.len || !equals)
			return false;
		struct pair *one = &p->list[p->count++];
		*one = (struct pair){slice_to(all, equals),
				     slice_from(all, equals + 1), all, false};
		for (size_t i = 0; i + 1 < p->count; i++)
			if (slice_equal(p->list[i].name, one->name))
				return false;
	}
	return p->count > 0;
}

static bool same_names(const struct pairs *a, const struct pairs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_equal(a->list[i].name, b->list[i].name))
			return false;
	return true;
}

/* Whether a has all of b in its order and more, which is marked. */
static bool has_more(struct pairs *a, const struct pairs *b)
{
	size_t at = 0;
	for (size_t i = 0; i < a->count; i++) {
		struct pair *one = &a->list[i];
		bool both =
		    at < b->count && slice_equal(one->all, b->list[at].all);
		one->extra = !both;
		at += both;
	}
	return at == b->count && a->count > b->count;
}

static void set_values(struct buf *out, struct slice host, struct slice path,
		       const struct pairs *asked, const struct pairs *recorded,
		       bool alone)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct pair *a = &asked->list[i];
		const struct pair *b = &recorded->list[i];
		if (slice_equal(a->value, b->value))
			continue;
		begin_rule(out, host, path);
		buf_add_string(out, "([?&]");
		add_pattern(out, a->name);
		buf_add_string(out, "=)");
		if (alone)
			buf_add_string(out, "[^&]*");
		else
			add_pattern(out, a->value);
		buf_add_string(out, alone ? "}{${1}" : "(?=&|$)}{${1}");
		add_replacement(out, b->value);
		buf_add_string(out, "}\n");
	}
}

/* From the last on, so that it is known of each what stands behind it. */
static void drop_extra(struct buf *out, struct slice host, struct slice path,
		       const struct pairs *asked)
{
	bool last = true;
	for (size_t i = asked->count; i-- > 0;) {
		if (!asked->list[i].extra) {
			last = false;
			continue;
		}
		begin_rule(out, host, path);
		buf_add_string(out, last ? "[?&]" : "([?&])");
		add_pattern(out, asked->list[i].name);
		buf_add_string(out, last ? "=[^&]*$}{}\n" : "=[^&]*&}{$1}\n");
	}
}

static void set_target(struct buf *out, struct slice host, struct slice asked,
		       struct slice recorded)
{
	begin_rule(out, host, (struct slice){0});
	buf_add_byte(out, '^');
	add_pattern(out, asked);
	buf_add_string(out, "$}{");
	add_replacement(out, recorded);
	buf_add_string(out, "}\n");
}

bool rule_targets(struct slice host, struct slice path, struct slice asked,
		  struct slice recorded, bool alone, struct buf *out)
{
	struct pairs a, b;
	struct slice query = url_query(recorded);
	if (asked.len > TARGET_MAX || recorded.len > TARGET_MAX)
		return false;
	bool same_path = is_plain(path) && slice_equal(path, url_path(asked)) &&
			 slice_equal(path, url_path(recorded)) &&
			 pairs_of(url_query(asked), &a);
	/* "/x?" is not "/x" */
	bool none = path.len == asked.len || recorded.len == path.len;
	if (same_path && pairs_of(query, &b) && same_names(&a, &b))
		set_values(out, host, path, &a, &b, alone);
	else if (same_path && (pairs_of(query, &b) || none) && has_more(&a, &b))
		drop_extra(out, host, path, &a);
	else
		set_target(out, host, asked, recorded);
	return true;
}

/* ---- whether one would do ---- */

/* Whether all that was recorded of the path has that target. */
static bool is_alone(const struct table *t, uint32_t i)
{
	struct slice target = table_target(t, i);
	uint32_t j = table_near(t, exchange_method(table_exchange(t, i)),
				table_entry(t, i)->host, url_path(target));
	size_t looked = 0;
	for (; j != TABLE_NONE; j = table_entry(t, j)->near_next)
		if (looked++ == LOOK_MAX ||
		    !slice_equal(table_target(t, j), target))
			return false;
	return true;
}

static bool same_body(const struct table *t, const struct request *r,
		      uint32_t i)
{
	const uint8_t *body = table_body(t, i);
	if (!body || !r->has_body)
		return !body && !r->has_body;
	return !memcmp(body, r->digest, DIGEST_LEN);
}

static bool same_place(const struct table *t, const struct request *r,
		       uint32_t i)
{
	struct url u = table_url(t, i);
	return r->url.https == u.https &&
	       (r->any_port || r->url.port == u.port);
}

/* What no target rule changes; NULL: nothing is in the way. */
static const char *obstacle(const struct table *t, const struct request *r,
			    uint32_t i, bool exact)
{
	const struct entry *e = table_entry(t, i);
	const struct exchange *x = table_exchange(t, i);
	struct slice range = head_range(x->request_head);
	unsigned differ = !same_body(t, r, i) + !same_place(t, r, i);
	if (!slice_equal(r->method, exchange_method(x)))
		return "another method";
	if (table_host(t, r->url.host) != e->host)
		return "another host";
	if (e->not_modified)
		return "recorded as 304: the victim had the body in its cache";
	if (range.data && !slice_same(range, r->traits.value[TRAIT_RANGE]))
		return "another range";
	if (differ && exact)
		return same_body(t, r, i) ? "another port or scheme (--exact)"
					  : "another body (--exact)";
	return differ > 1 ? "another body, and another port or scheme" : NULL;
}

enum rule_outcome rule_suggest(const struct table *t, const struct request *r,
			       uint32_t i, bool exact, struct buf *out,
			       const char **why)
{
	struct slice asked = request_target(r), recorded = table_target(t, i);
	*why = obstacle(t, r, i, exact);
	if (*why)
		return RULE_NONE;
	if (slice_equal(asked, recorded))
		return RULE_NOW;
	struct slice sent = r->unsteered.data ? r->unsteered : r->url.target;
	if (rule_targets(r->url.host, url_path(sent), asked, recorded,
			 is_alone(t, i), out))
		return RULE_LINES;
	*why = "a target too long to be read in a rule";
	return RULE_NONE;
}
