/* Which exchanges a report tells one by one, and what their answers were. */
#include "html_page.h"
#include "object.h"

#include <stdlib.h>

/* A longer body, codings off, is told by its start; and so is each once so much
 * was decoded in all. */
#define BODY_MAX ((size_t)64 << 20)
#define DECODED_MAX ((uint64_t)1 << 30)
#define START_MAX ((size_t)64 << 10)

/* ---- which ---- */

/* Returns how many may still be chosen. */
static uint32_t choose_one(bool *chosen, uint32_t i, uint32_t room)
{
	if (chosen[i] || !room)
		return room;
	chosen[i] = true;
	return room - 1;
}

/* The first page's tree, what is lost, then all in recorded order. */
static void choose(const struct page *p, bool *chosen)
{
	const struct trail *t = &p->survey.trail;
	uint32_t room = HTML_LISTED_MAX;
	for (uint32_t k = 0; k < t->count; k++)
		room = choose_one(chosen, t->order[k], room);
	for (uint32_t i = 0; i < p->recording->count; i++)
		if (!findings_reproducible(&p->survey.findings, i))
			room = choose_one(chosen, i, room);
	for (uint32_t i = 0; i < p->recording->count; i++)
		room = choose_one(chosen, i, room);
}

/* ---- what they were ---- */

/* As --list has it: of what was sent, transfer coding off; none of a body with
 * a hole. */
static void hash_sent(struct glance *g, const struct exchange *e,
		      struct digest *digest)
{
	struct body_reader r = exchange_response_body(e);
	struct slice bytes;
	digest_start(digest);
	while (body_next(&r, &bytes)) {
		if (!bytes.data)
			return;
		digest_add(digest, bytes);
	}
	digest_finish(digest, g->sha256);
	g->has_sha256 = true;
}

static void hash_object(struct glance *g, struct slice bytes)
{
	struct glance_digests *d = &g->digests;
	d->md5_len = digest_of(DIGEST_MD5, bytes, d->md5);
	digest_of(DIGEST_SHA1, bytes, d->sha1);
	digest_of(DIGEST_SHA256, bytes, d->sha256);
	g->has_digests = true;
}

static size_t decoding_room(const struct page *p)
{
	if (!p->decoding_left)
		return START_MAX;
	return p->decoding_left < BODY_MAX ? (size_t)p->decoding_left
					   : BODY_MAX;
}

static void look_at_body(struct page *p, struct glance *g,
			 const struct exchange *e, struct digest *digest)
{
	struct object o;
	object_read(&o, e, OBJECT_RESPONSE, decoding_room(p));
	p->decoding_left -=
	    o.bytes.len < p->decoding_left ? o.bytes.len : p->decoding_left;
	g->bytes = o.recorded;
	g->size = o.bytes.len;
	g->decoded = o.coding == OBJECT_DECODED;
	g->whole = o.whole;
	g->trouble = o.trouble;
	g->kind = html_kind_of(e, o.type, o.recorded);
	if (o.recorded)
		g->type = intern_add(&p->types, slice_to(o.type, 100));
	if (g->kind == HTML_IMAGE && !image_size_read(o.bytes, &g->image))
		g->image = (struct image_size){0};
	if (o.whole && o.bytes.len)
		hash_object(g, o.bytes);
	if (g->has_digests && !g->decoded && o.bytes.len == o.recorded) {
		memcpy(g->sha256, g->digests.sha256, DIGEST_LEN);
		g->has_sha256 = true;
	} else {
		hash_sent(g, e, digest);
	}
	object_release(&o);
}

static void look_at(struct page *p, struct glance *g, uint32_t i,
		    struct digest *digest)
{
	const struct exchange *e = &p->recording->exchanges[i];
	*g = (struct glance){.kind = HTML_NOTHING,
			     .has_head = e->response_head.len > 0};
	if (g->has_head)
		look_at_body(p, g, e, digest);
}

static void find_effects(struct page *p)
{
	const struct chain *c = &p->survey.chain;
	size_t room = (size_t)c->count + 1;
	p->effect = xcalloc(room, sizeof *p->effect);
	p->next_effect = xcalloc(room, sizeof *p->next_effect);
	memset(p->effect, 0xff, room * sizeof *p->effect); /* CHAIN_NONE */
	for (uint32_t i = c->count; i-- > 0;) {
		uint32_t cause = c->links[i].cause;
		if (cause == CHAIN_NONE)
			continue;
		p->next_effect[i] = p->effect[cause];
		p->effect[cause] = i;
	}
}

void page_choose(struct page *p)
{
	size_t count = p->recording->count;
	bool *chosen = xcalloc(count + 1, sizeof *chosen);
	struct digest digest = {0};
	choose(p, chosen);
	find_effects(p);
	p->decoding_left = DECODED_MAX;
	p->listed = xcalloc(HTML_LISTED_MAX, sizeof *p->listed);
	p->glances = xcalloc(HTML_LISTED_MAX, sizeof *p->glances);
	p->glance_of = xcalloc(count + 1, sizeof *p->glance_of);
	intern_add(&p->types, SLICE(""));
	for (uint32_t i = 0; i < count; i++) {
		p->glance_of[i] = UINT32_MAX;
		if (!chosen[i])
			continue;
		look_at(p, &p->glances[p->listed_count], i, &digest);
		p->glance_of[i] = p->listed_count;
		p->listed[p->listed_count++] = i;
	}
	digest_release(&digest);
	free(chosen);
}

const struct glance *page_glance(const struct page *p, uint32_t i)
{
	uint32_t at = p->glance_of[i];
	return at == UINT32_MAX ? NULL : &p->glances[at];
}

struct slice page_type(const struct page *p, const struct glance *g)
{
	const struct intern_text *t = &p->types.list[g->type];
	return slice_to(slice_from(buf_slice(&p->types.text), t->at), t->len);
}
