/* Scripts, styles and the like that rules change. */
#include "vouched.h"

#include "capture/recording.h"

static bool contains(struct slice s, struct slice word)
{
	for (; s.len >= word.len; s = slice_from(s, 1))
		if (slice_starts_nocase(s, word))
			return true;
	return false;
}

/* Scripts and styles, what scripts fetch or import, and what names no type. */
bool vouched_is(const struct exchange *e)
{
	static const struct slice words[] = {SLICE("script"), SLICE("/css"),
					     SLICE("json"), SLICE("text/plain"),
					     SLICE("wasm")};
	struct message m;
	if (e->state != EXCHANGE_COMPLETE || e->status != 200 ||
	    !e->body_bytes ||
	    http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE)
		return false;
	struct slice type = http_field(m.fields, SLICE("Content-Type"));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (contains(type, words[i]))
			return true;
	return !type.data;
}

/* Digests are of the body's bytes, in the character set that it has. */
static void add(struct digest_map *map, const struct rewritten *w)
{
	struct buf recorded = {0};
	if (!charset_is_utf16(w->charset))
		digest_map_add(map, buf_slice(&w->plain), buf_slice(&w->body));
	else if (charset_encode(w->charset, buf_slice(&w->plain), &recorded))
		digest_map_add(map, buf_slice(&recorded), buf_slice(&w->body));
	buf_release(&recorded);
}

void vouched_add(struct digest_map *map, const struct exchange *e,
		 const struct rules *rules, struct matcher *m)
{
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct rewritten w = {.keep_plain = true};
	if (apply(rules, m, &o, false, NULL, &w) && w.body_changed)
		add(map, &w);
	rewritten_release(&w);
}

struct digest_map *vouched_all(const struct recording *r,
			       const struct rules *rules)
{
	struct matcher *m = matcher_new();
	struct digest_map *map = digest_map_new();
	for (size_t i = 0; i < r->count; i++)
		if (vouched_is(&r->exchanges[i]))
			vouched_add(map, &r->exchanges[i], rules, m);
	matcher_free(m);
	return map;
}
