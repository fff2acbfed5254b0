/* Digests that vouch for bytes: found, and replaced by those of what the bytes
 * became. */
#include "integrity.h"

#include "markup.h"

#include "capture/digest.h"

#include <stdlib.h>
#include <sys/random.h>

#define SLOTS_FIRST 64 /* a power of two */
/* So many scripts and styles of a page are worth their digests. */
#define INLINE_MAX 4096
#define HIDDEN_DIGITS_MAX 8 /* of a character reference */

/* ---- the map ---- */

struct slot {
	size_t len; /* of both digests; 0: free */
	uint8_t recorded[DIGEST_MAX], changed[DIGEST_MAX];
};

struct digest_map {
	struct slot *slots; /* the first free one ends a search */
	size_t count, size; /* at most half of them are taken */
	uint64_t seed;      /* who makes the pages shall not choose places */
};

static const enum digest_kind kinds[] = {DIGEST_SHA256, DIGEST_SHA384,
					 DIGEST_SHA512};
#define KINDS (sizeof kinds / sizeof *kinds)

struct digest_map *digest_map_new(void)
{
	struct digest_map *m = xcalloc(1, sizeof *m);
	m->size = SLOTS_FIRST;
	m->slots = xcalloc(m->size, sizeof *m->slots);
	if (getrandom(&m->seed, sizeof m->seed, GRND_NONBLOCK) < 0)
		m->seed = (uintptr_t)m->slots;
	return m;
}

void digest_map_free(struct digest_map *m)
{
	if (!m)
		return;
	free(m->slots);
	free(m);
}

/* Where a recorded digest is, or would be. */
static struct slot *map_slot(const struct digest_map *m, struct slice recorded)
{
	size_t at = (size_t)slice_hash(recorded, m->seed) & (m->size - 1);
	for (;; at = (at + 1) & (m->size - 1)) {
		struct slot *s = &m->slots[at];
		if (!s->len ||
		    slice_equal((struct slice){s->recorded, s->len}, recorded))
			return s;
	}
}

static void map_grow(struct digest_map *m)
{
	struct slot *old = m->slots;
	size_t size = m->size;
	m->size *= 2;
	m->slots = xcalloc(m->size, sizeof *m->slots);
	for (size_t i = 0; i < size; i++)
		if (old[i].len)
			*map_slot(m, (struct slice){old[i].recorded,
						    old[i].len}) = old[i];
	free(old);
}

void digest_map_add(struct digest_map *m, struct slice recorded,
		    struct slice changed)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct slot new = {0};
		new.len = digest_of(kinds[i], recorded, new.recorded);
		digest_of(kinds[i], changed, new.changed);
		if (m->count * 2 >= m->size)
			map_grow(m);
		struct slot *s =
		    map_slot(m, (struct slice){new.recorded, new.len});
		if (!s->len) /* what came first counts */
			m->count++, *s = new;
	}
}

/* ---- the form ---- */

/* "sha256-" and a digest in base64, somewhere in a text. */
struct token {
	size_t at;      /* of the digest: behind the '-' */
	size_t len;     /* as written */
	size_t padding; /* '=' at its end */
	uint8_t digest[DIGEST_MAX];
	size_t digest_len;
};

static const struct {
	struct slice name; /* behind "sha" */
	size_t len;        /* bytes */
} algorithms[] = {{SLICE("256"), 32}, {SLICE("384"), 48}, {SLICE("512"), 64}};
#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

static int digit_of(uint8_t c, unsigned base)
{
	int value = -1;
	if (c >= '0' && c <= '9')
		value = c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		value = (c | 0x20) - 'a' + 10;
	return value < (int)base ? value : -1;
}

/* least to most digits; s becomes what follows. */
static bool take_digits(struct slice *s, unsigned base, size_t least,
			size_t most, uint32_t *number)
{
	size_t len = 0;
	*number = 0;
	for (; len < s->len && len < most; len++) {
		int value = digit_of(s->data[len], base);
		if (value < 0)
			break;
		*number = *number * base + (uint32_t)value;
	}
	*s = slice_from(*s, len);
	return len >= least;
}

static bool take_start(struct slice *s, struct slice start)
{
	bool is = slice_starts_nocase(*s, start);
	*s = slice_from(*s, is ? start.len : 0);
	return is;
}

/* A character reference of HTML or an escape of a script's string. */
static bool take_hidden(struct slice *s, uint32_t *c)
{
	*c = '/';
	if (take_start(s, SLICE("\\/")) || take_start(s, SLICE("&sol;")))
		return true;
	*c = '+';
	if (take_start(s, SLICE("&plus;")))
		return true;
	*c = '=';
	if (take_start(s, SLICE("&equals;")))
		return true;
	if (take_start(s, SLICE("\\u")))
		return take_digits(s, 16, 4, 4, c);
	if (take_start(s, SLICE("\\x")))
		return take_digits(s, 16, 2, 2, c);
	bool hex = take_start(s, SLICE("&#x"));
	if ((!hex && !take_start(s, SLICE("&#"))) ||
	    !take_digits(s, hex ? 16 : 10, 1, HIDDEN_DIGITS_MAX, c))
		return false;
	take_start(s, SLICE(";"));
	return true;
}

/* The next character, 0 if it is none of ASCII. s is left before it then. */
static uint8_t take_char(struct slice *s)
{
	struct slice rest = *s;
	uint32_t c;
	if (!rest.len)
		return 0;
	if (rest.data[0] != '&' && rest.data[0] != '\\') {
		*s = slice_from(rest, 1);
		return rest.data[0];
	}
	if (!take_hidden(&rest, &c) || c > 0x7f)
		return 0;
	*s = rest;
	return (uint8_t)c;
}

static bool is_base64(uint8_t c)
{
	return (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' ||
	       c == '-' || c == '/' || c == '_';
}

static size_t take_padding(struct slice *s, size_t most)
{
	size_t count = 0;
	for (;; count++) {
		struct slice next = *s;
		if (count == most || take_char(&next) != '=')
			return count;
		*s = next;
	}
}

/* As many characters as digest_len bytes have, and then no more. */
static bool take_digest(struct slice *s, struct token *t)
{
	uint8_t text[DIGEST_MAX / 3 * 4 + 4];
	size_t len = (t->digest_len * 8 + 5) / 6;
	struct buf bytes = {0};
	for (size_t i = 0; i < len; i++) {
		text[i] = take_char(s);
		if (!is_base64(text[i]))
			return false;
	}
	t->padding = take_padding(s, (4 - len % 4) % 4);
	struct slice next = *s;
	uint8_t after = take_char(&next);
	if (is_base64(after) || after == '=')
		return false;
	bool is = base64_read((struct slice){text, len}, &bytes);
	if (is)
		memcpy(t->digest, bytes.data, t->digest_len);
	buf_release(&bytes);
	return is;
}

/* At an 's'. */
static bool take_token(struct slice text, size_t at, struct token *t)
{
	struct slice s = slice_from(text, at);
	if (!take_start(&s, SLICE("sha")))
		return false;
	for (size_t i = 0; i < ALGORITHMS; i++) {
		struct slice rest = s;
		if (!take_start(&rest, algorithms[i].name))
			continue;
		if (take_char(&rest) != '-')
			return false;
		t->at = text.len - rest.len;
		t->digest_len = algorithms[i].len;
		bool is = take_digest(&rest, t);
		t->len = text.len - rest.len - t->at;
		return is;
	}
	return false;
}

/* The first one at or after offset from. */
static bool find_token(struct slice text, size_t from, struct token *t)
{
	for (size_t i = from; i < text.len; i++)
		if ((text.data[i] | 0x20) == 's' && take_token(text, i, t))
			return true;
	return false;
}

bool integrity_named(struct slice text)
{
	struct token t;
	return find_token(text, 0, &t);
}

static void add_digest(struct buf *out, const struct slot *s, size_t padding)
{
	base64_add(out, (struct slice){s->changed, s->len});
	while (out->data[out->len - 1] == '=')
		out->len--;
	while (padding--)
		buf_add_byte(out, '=');
}

size_t integrity_mend(const struct digest_map *m, struct slice text,
		      struct buf *out)
{
	struct token t;
	size_t count = 0, done = 0;
	for (size_t from = 0; find_token(text, from, &t); from = t.at + t.len) {
		const struct slot *s =
		    map_slot(m, (struct slice){t.digest, t.digest_len});
		if (!s->len)
			continue;
		buf_add(out, slice_to(slice_from(text, done), t.at - done));
		add_digest(out, s, t.padding);
		done = t.at + t.len;
		count++;
	}
	if (count)
		buf_add(out, slice_from(text, done));
	return count;
}

/* ---- inline scripts and styles ---- */

/* Elements in which tags do not count (WHATWG HTML 13.2.6.2; noscript, since
 * whoever replays runs scripts). A script that hides "<script>" in "<!--" ends
 * with the first closing tag here. */
static bool is_raw(struct slice name)
{
	static const char *const raw[] = {
	    "script", "style",   "textarea", "title",    "xmp",
	    "iframe", "noembed", "noframes", "noscript",
	};
	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
		if (slice_equal_nocase(name, slice_of(raw[i])))
			return true;
	return false;
}

static bool has_source(struct tag t)
{
	struct slice name, value;
	while (tag_attribute(&t.attributes, &name, &value))
		if (slice_equal_nocase(name, SLICE("src")))
			return true;
	return false;
}

/* A script that is not closed does not run, a style counts up to the end. */
static bool next_inline(struct slice *page, struct slice *content)
{
	struct tag t;
	bool closed;
	while (tag_next(page, &t)) {
		if (t.closing || !is_raw(t.name))
			continue;
		*content = tag_raw_text(page, t.name, &closed);
		if (slice_equal_nocase(t.name, SLICE("style")))
			return true;
		if (slice_equal_nocase(t.name, SLICE("script")) && closed &&
		    !has_source(t))
			return true;
	}
	return false;
}

static size_t count_inline(struct slice page)
{
	struct slice content;
	size_t count = 0;
	while (next_inline(&page, &content))
		count++;
	return count;
}

/* What the digest is of (WHATWG HTML 13.2.3.5, 13.2.5.4): line ends are LF, a
 * NUL is no character. Text in other character sets than UTF-8 would have to
 * become that too: beyond ASCII its digests are not found. */
static void normalise(struct slice content, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < content.len; i++) {
		uint8_t c = content.data[i];
		bool pair = c == '\r' && i + 1 < content.len &&
			    content.data[i + 1] == '\n';
		if (!c)
			buf_add_string(out, "\xef\xbf\xbd");
		else if (!pair)
			buf_add_byte(out, c == '\r' ? '\n' : c);
	}
}

/* Digests of event handlers and of style attributes, which count with
 * 'unsafe-hashes', are left out: few pages have them. */
void integrity_add_inline(struct digest_map *m, struct slice recorded,
			  struct slice changed)
{
	struct slice before, after;
	struct buf from = {0}, to = {0};
	size_t added = 0;
	if (count_inline(recorded) != count_inline(changed))
		return;
	while (added < INLINE_MAX && next_inline(&recorded, &before) &&
	       next_inline(&changed, &after)) {
		if (slice_equal(before, after))
			continue;
		normalise(before, &from);
		normalise(after, &to);
		digest_map_add(m, buf_slice(&from), buf_slice(&to));
		added++;
	}
	buf_release(&from);
	buf_release(&to);
}
