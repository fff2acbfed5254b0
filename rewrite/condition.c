/* Conditions of a rule: read, and held against a request or an answer. */
#include "condition.h"

#include "glob.h"
#include "steer.h"
#include "word.h"

#include "capture/url.h"

#define ANY_IP SLICE("{ip}")
#define STATUS_LEN 3

/* What one shell pattern of a list can have wrong: words, and where in it. */
typedef const char *item_check(struct slice item, size_t *at);

static const char *check_type(struct slice item, size_t *at)
{
	*at = slice_find(item, ';');
	if (*at < item.len)
		return "types are compared without parameters";
	*at = 0;
	if (!glob_wild(item) && slice_find(item, '/') == item.len)
		return "a media type has a \"/\", as text/html";
	return NULL;
}

static const char *check_host(struct slice item, size_t *at)
{
	struct slice port;
	uint64_t number;
	*at = slice_find(item, '/');
	if (*at < item.len)
		return "a host alone has no \"/\"";
	*at = 0;
	if (item.data[0] == '[' && slice_find(item, ':') < item.len)
		return "an IPv6 address stands without brackets here";
	*at = slice_find(item, ':');
	port = slice_from(item, *at + 1);
	if (slice_number(port, UINT16_MAX, &number) ||
	    slice_equal(port, SLICE("*")))
		return "hosts are compared without port";
	return NULL;
}

static const char *check_path(struct slice item, size_t *at)
{
	size_t mark = slice_find(item, '?');
	*at = mark;
	if (slice_find(slice_from(item, mark), '=') + mark < item.len)
		return "a path ends before the question mark (use target=)";
	*at = 0;
	if (!memchr("/*?[\\", item.data[0], 5))
		return "a path begins with \"/\"";
	return NULL;
}

static const char *check_status(struct slice item, size_t *at)
{
	static const char known[] = "0123456789xX*?[]!^-\\";
	for (*at = 0; *at < item.len; (*at)++)
		if (!memchr(known, item.data[*at], sizeof known - 1))
			return "a status is three digits, x for any";
	*at = 0;
	if (!glob_wild(item) && item.len != STATUS_LEN)
		return "a status is three digits, x for any";
	return NULL;
}

static const char *check_scheme(struct slice item, size_t *at)
{
	*at = 0;
	if (!glob_wild(item) && !slice_equal_nocase(item, SLICE("http")) &&
	    !slice_equal_nocase(item, SLICE("https")))
		return "a scheme is http or https";
	return NULL;
}

static const struct key {
	const char *name;
	bool list;   /* of shell patterns; else one */
	bool rooted; /* its patterns begin with '/' */
	unsigned globs;
	unsigned flags; /* of its regexes, whatever is written */
	item_check *check;
} keys[] = {
    [CONDITION_TYPE] = {"type", true, false, GLOB_NOCASE, PATTERN_NOCASE,
			check_type},
    [CONDITION_HOST] = {"host", true, false, GLOB_NOCASE, PATTERN_NOCASE,
			check_host},
    [CONDITION_PATH] = {"path", false, true, 0, 0, check_path},
    [CONDITION_TARGET] = {"target", false, true, 0, 0, NULL},
    [CONDITION_METHOD] = {"method", true, false, GLOB_NOCASE, PATTERN_NOCASE,
			  NULL},
    [CONDITION_STATUS] = {"status", true, false, GLOB_NOCASE | GLOB_DIGITS, 0,
			  check_status},
    [CONDITION_SCHEME] = {"scheme", true, false, GLOB_NOCASE, PATTERN_NOCASE,
			  check_scheme},
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

const char *condition_name(enum condition_key key)
{
	return keys[key].name;
}

static const struct key *find_key(struct slice word)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (slice_equal(word, slice_of(keys[i].name)))
			return &keys[i];
	return NULL;
}

bool condition_is_key(struct slice word)
{
	return find_key(word) != NULL;
}

/* The word that a condition begins with; empty if none begins here. One letter
 * is none: "s=a=b=" is a substitution. */
static struct slice key_word(const struct scan *s)
{
	struct slice rest = scan_rest(s);
	size_t len = 0;
	while (len < rest.len &&
	       (((rest.data[len] | 0x20) >= 'a' &&
		 (rest.data[len] | 0x20) <= 'z') ||
		rest.data[len] == '-' || rest.data[len] == '_'))
		len++;
	struct slice behind = slice_from(rest, len);
	if (len < 2 || (!slice_starts(behind, SLICE("=")) &&
			!slice_starts(behind, SLICE("!="))))
		len = 0;
	return slice_to(rest, len);
}

bool condition_begins(const struct scan *s)
{
	return key_word(s).len > 0;
}

static bool unknown_key(struct scan *s, struct slice word)
{
	const char *names[KEY_COUNT];
	for (size_t i = 0; i < KEY_COUNT; i++)
		names[i] = keys[i].name;
	const char *near = word_nearest(word, names, KEY_COUNT);
	if (near)
		return scan_fault(s, s->at,
				  "unknown condition \"%.*s\" (did you mean "
				  "%s?)",
				  SCAN_WORD(word), near);
	return scan_fault(s, s->at,
			  "unknown condition \"%.*s\" (there are type, host, "
			  "path, target, method, status, scheme)",
			  SCAN_WORD(word));
}

/* What no shell pattern of a path would hold. */
static bool only_regex(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		uint8_t next = i + 1 < text.len ? text.data[i + 1] : 0;
		if (memchr("^$+|(){", c, 7) || (c == '.' && next == '*'))
			return true;
		if (c != '\\')
			continue;
		if (!memchr("*?[]\\,", next, 6))
			return true;
		i++;
	}
	return false;
}

static size_t find_plain_slash(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '/')
			return i;
		if (text.data[i] == '\\')
			i++;
	}
	return text.len;
}

static bool all_flags(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr("gimsxu", text.data[i], 6))
			return false;
	return true;
}

/* See the header. value begins with '/'. */
static bool is_regex(const struct key *k, const struct scan *s)
{
	struct slice rest = scan_rest(s);
	struct scan ahead = *s;
	if (!k->rooted || slice_starts(rest, SLICE("/^")) ||
	    slice_starts(rest, SLICE("/(?")))
		return true;
	struct slice inner = slice_from(scan_word(&ahead), 1);
	size_t end = find_plain_slash(inner);
	return end < inner.len && all_flags(slice_from(inner, end + 1)) &&
	       only_regex(slice_to(inner, end));
}

static bool parse_regex(struct scan *s, const struct key *k,
			struct condition *c)
{
	struct delimited d;
	unsigned flags = k->flags;
	if (!scan_delimited(s, "regex", &d))
		return false;
	if (!d.text.len)
		return scan_fault(s, d.begin, "an empty regex");
	if (!scan_flags(s, d.close, &flags, NULL))
		return false;
	if (scan_word(&(struct scan){s->line, s->at, s->fault}).len)
		return scan_fault(s, s->at,
				  "this stands behind the regex (\"/\" inside "
				  "is written \"\\/\")");
	c->regex = scan_pattern(s, &d, flags);
	return c->regex != NULL;
}

static bool check_item(struct scan *s, const struct key *k, struct slice item)
{
	size_t begin = (size_t)(item.data - s->line.data), at = 0;
	const char *wrong = NULL;
	if (!item.len)
		return scan_fault(s, begin,
				  "an empty pattern (lists have no white "
				  "space)");
	if (k == &keys[CONDITION_HOST] && slice_equal(item, ANY_IP))
		return true;
	const uint8_t *ip =
	    memmem(item.data, item.len, ANY_IP.data, ANY_IP.len);
	if (ip)
		return scan_fault(s, (size_t)(ip - s->line.data),
				  "{ip} in a shell pattern is for host={ip} "
				  "alone: write a /regex/");
	if (k->check)
		wrong = k->check(item, &at);
	return !wrong || scan_fault(s, begin + at, "%s", wrong);
}

/* A shell pattern ends at white space that is not behind a backslash. */
static struct slice take_globs(struct scan *s)
{
	size_t begin = s->at;
	for (; s->at < s->line.len; s->at++) {
		uint8_t c = s->line.data[s->at];
		if (c == ' ' || c == '\t')
			break;
		if (c == '\\' && s->at + 1 < s->line.len)
			s->at++;
	}
	return slice_to(slice_from(s->line, begin), s->at - begin);
}

static bool parse_globs(struct scan *s, const struct key *k,
			struct condition *c)
{
	size_t begin = s->at, at;
	struct slice list, item;
	c->globs = list = take_globs(s);
	const char *wrong = glob_fault(list, &at);
	if (wrong)
		return scan_fault(s, begin + at, "%s", wrong);
	if (!k->list)
		return check_item(s, k, list);
	while (glob_next(&list, &item))
		if (!check_item(s, k, item))
			return false;
	return true;
}

bool condition_parse(struct scan *s, struct condition *c)
{
	struct slice word = key_word(s);
	const struct key *k = find_key(word);
	if (!k)
		return unknown_key(s, word);
	*c = (struct condition){.key = (enum condition_key)(k - keys)};
	s->at += word.len;
	c->negated = s->line.data[s->at] == '!';
	s->at += c->negated ? 2 : 1;
	struct slice rest = scan_rest(s);
	if (!rest.len || rest.data[0] == ' ' || rest.data[0] == '\t')
		return scan_fault(s, s->at,
				  "%s has no value here (there is no "
				  "white space around \"=\")",
				  k->name);
	if (rest.data[0] == '=' || rest.data[0] == '~')
		return scan_fault(s, s->at, "write %s=VALUE, or %s=/regex/",
				  k->name, k->name);
	if (rest.data[0] == '/' && is_regex(k, s))
		return parse_regex(s, k, c);
	return parse_globs(s, k, c);
}

void condition_release(struct condition *c)
{
	pattern_free(c->regex);
	*c = (struct condition){0};
}

static struct slice without_dot(struct slice host)
{
	if (host.len && host.data[host.len - 1] == '.')
		host.len--;
	return host;
}

static bool is_ip(struct slice host)
{
	struct address a;
	return steer_literal(host, &a) || address_parse(host, &a);
}

static bool item_fits(const struct condition *c, struct slice item,
		      struct slice text)
{
	if (c->key == CONDITION_HOST) {
		if (slice_equal(item, ANY_IP))
			return is_ip(text);
		item = without_dot(item);
	}
	return glob_match(item, text, keys[c->key].globs);
}

static bool globs_fit(const struct condition *c, struct slice text)
{
	struct slice list = c->globs, item;
	if (!keys[c->key].list)
		return item_fits(c, list, text);
	while (glob_next(&list, &item))
		if (item_fits(c, item, text))
			return true;
	return false;
}

/* What the condition looks at; digits has room for the status. */
static struct slice text_of(const struct condition *c, const struct subject *s,
			    uint8_t digits[static STATUS_LEN])
{
	switch (c->key) {
	case CONDITION_TYPE:
		return s->type;
	case CONDITION_HOST:
		return without_dot(s->host);
	case CONDITION_PATH:
		return url_path(s->target);
	case CONDITION_TARGET:
		return s->target;
	case CONDITION_METHOD:
		return s->method;
	case CONDITION_STATUS:
		digits[0] = (uint8_t)('0' + s->status / 100 % 10);
		digits[1] = (uint8_t)('0' + s->status / 10 % 10);
		digits[2] = (uint8_t)('0' + s->status % 10);
		return (struct slice){digits, STATUS_LEN};
	case CONDITION_SCHEME:
		return s->https ? SLICE("https") : SLICE("http");
	}
	return (struct slice){0};
}

bool condition_holds(const struct condition *c, struct matcher *m,
		     const struct subject *s)
{
	uint8_t digits[STATUS_LEN];
	struct slice text = text_of(c, s, digits);
	if (!c->regex)
		return globs_fit(c, text) != c->negated;
	enum pattern_result found = pattern_find(c->regex, m, text, 0, false);
	return found != PATTERN_LIMIT && (found == PATTERN_FOUND) != c->negated;
}
