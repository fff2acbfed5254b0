/* Scripts and styles that rules change: pages vouch for their digests. */
#include "vouched.h"

static bool contains(struct slice s, struct slice word)
{
	for (; s.len >= word.len; s = slice_from(s, 1))
		if (slice_starts_nocase(s, word))
			return true;
	return false;
}

/* Browsers check the integrity of these alone (Subresource Integrity 3.4). */
static bool is_vouched_for(const struct original *o)
{
	struct message m;
	if (!o->next || o->cut ||
	    http_response(o->head, o->method, &m) != HTTP_DONE)
		return false;
	struct slice type = http_field(m.fields, SLICE("Content-Type"));
	type = slice_to(type, slice_find(type, ';'));
	return contains(type, SLICE("javascript")) ||
	       contains(type, SLICE("ecmascript")) ||
	       contains(type, SLICE("css"));
}

/* Digests are of the body's bytes, in the character set that it has. */
static void add(struct digest_map *map, const struct rewritten *w)
{
	struct buf recorded = {0};
	if (w->charset != CHARSET_UTF16_LE && w->charset != CHARSET_UTF16_BE)
		digest_map_add(map, buf_slice(&w->plain), buf_slice(&w->body));
	else if (charset_encode(w->charset, buf_slice(&w->plain), &recorded))
		digest_map_add(map, buf_slice(&recorded), buf_slice(&w->body));
	buf_release(&recorded);
}

struct digest_map *vouched_find(const struct exchange *exchanges, size_t count,
				const struct rules *rules)
{
	struct digest_map *map = digest_map_new();
	struct matcher *m = matcher_new();
	for (size_t i = 0; i < count; i++) {
		struct body_reader reader;
		struct original o = original_of(&exchanges[i], &reader);
		struct rewritten w = {.keep_plain = true};
		if (!is_vouched_for(&o))
			continue;
		if (apply(rules, m, &o, false, NULL, &w) && w.body_changed)
			add(map, &w);
		rewritten_release(&w);
	}
	matcher_free(m);
	return map;
}
