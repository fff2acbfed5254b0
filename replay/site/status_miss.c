/* A request that nothing recorded matched, kept: its bytes are its own. */
#include "status_miss.h"

#define TARGET_START 512 /* of a target that is too long */

uint64_t miss_hash(const struct request *r)
{
	struct slice digest = {r->digest, r->has_body ? DIGEST_LEN : 0};
	uint64_t hash = slice_hash(r->method, r->url.https);
	hash = slice_hash(r->url.host, hash + r->url.port);
	return slice_hash(digest, slice_hash(r->url.target, hash));
}

/* What a request points to, one after the other. */
static size_t slices_of(struct request *r, struct slice *out[6 + TRAITS])
{
	size_t n = 0;
	out[n++] = &r->method;
	out[n++] = &r->host_field;
	out[n++] = &r->url.host;
	out[n++] = &r->url.target;
	out[n++] = &r->unsteered;
	out[n++] = &r->referer;
	for (size_t i = 0; i < TRAITS; i++)
		out[n++] = &r->traits.value[i];
	return n;
}

static size_t length(struct request *r)
{
	struct slice *all[6 + TRAITS];
	size_t count = slices_of(r, all), len = 0;
	for (size_t i = 0; i < count; i++)
		len += all[i]->len;
	return len;
}

/* The request points into text from then on. */
static void take_over(struct request *r, struct buf *text)
{
	struct slice *all[6 + TRAITS];
	size_t count = slices_of(r, all);
	buf_clear(text);
	buf_reserve(text, length(r) + 1); /* so that nothing moves */
	for (size_t i = 0; i < count; i++) {
		if (!all[i]->data)
			continue;
		struct slice kept = {text->data + text->len, all[i]->len};
		buf_add(text, *all[i]);
		*all[i] = kept;
	}
}

static void shorten(struct request *r)
{
	struct slice target = slice_to(r->url.target, TARGET_START);
	r->traits = (struct traits){0};
	r->unsteered = r->referer = r->host_field = (struct slice){0};
	r->method = slice_to(r->method, TARGET_START);
	r->url.host = slice_to(r->url.host, TARGET_START);
	r->url.target = target;
}

void miss_keep(struct miss *m, const struct request *r)
{
	m->hash = miss_hash(r);
	m->request = *r;
	m->request.body = (struct slice){0};
	m->request.tls = NULL;
	m->cut = length(&m->request) + r->ruled.len > MISS_MAX;
	if (m->cut) {
		shorten(&m->request);
		m->request.ruled = (struct slice){0};
	}
	take_over(&m->request, &m->text);
	miss_rule(m, m->request.ruled);
}

void miss_copy(struct miss *to, const struct miss *from)
{
	struct buf text = to->text, ruled = to->ruled, note = to->note;
	*to = *from;
	to->text = text;
	to->ruled = ruled;
	to->note = note;
	take_over(&to->request, &to->text);
	miss_rule(to, from->request.ruled);
	buf_clear(&to->note);
	buf_add(&to->note, buf_slice(&from->note));
}

void miss_rule(struct miss *m, struct slice ruled)
{
	m->request.ruled = (struct slice){0};
	if (!ruled.data)
		return;
	buf_clear(&m->ruled);
	buf_reserve(&m->ruled, 1); /* so that an empty one is there too */
	buf_add(&m->ruled, ruled);
	m->request.ruled = buf_slice(&m->ruled);
}

void miss_release(struct miss *m)
{
	buf_release(&m->text);
	buf_release(&m->ruled);
	buf_release(&m->note);
	*m = (struct miss){0};
}
