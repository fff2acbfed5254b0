/* Finds the heads of messages in streams. */
#include "heads.h"

#include <string.h>

/* Bytes looked at in search of a message's start after a loss, in one talk.
 * Enough for any real one; a hostile capture must not make us search for
 * ever. */
#define SEARCH_MAX (UINT64_C(64) << 20)

struct heads heads_of(struct spool *spool)
{
	return (struct heads){.spool = spool, .search_left = SEARCH_MAX};
}

void heads_release(struct heads *h)
{
	buf_release(&h->scratch);
}

static enum http_result parse(struct slice in, const struct slice *method,
			      struct message *m)
{
	return method ? http_response(in, *method, m) : http_request(in, m);
}

/* Whether the bytes added from old on may end a head or its first line, so
 * that parsing it again is worth the while. */
static bool worth_parsing(const struct buf *b, size_t old, bool *first_line)
{
	struct slice all = buf_slice(b);
	size_t at = old + slice_find(slice_from(all, old), '\n');
	if (at == all.len)
		return false;
	if (!*first_line)
		return *first_line = true;
	for (; at < all.len;
	     at += 1 + slice_find(slice_from(all, at + 1), '\n')) {
		size_t before = at;
		if (before && all.data[before - 1] == '\r')
			before--;
		if (before && all.data[before - 1] == '\n')
			return true;
	}
	return false;
}

/* What of a head stands before a loss: its whole lines are read as if it ended
 * there, so that a request line or a status line counts. */
static void parse_part(struct heads *h, const struct slice *method,
		       struct message *m)
{
	struct buf *b = &h->scratch;
	while (b->len && b->data[b->len - 1] != '\n')
		b->len--;
	buf_add_string(b, "\r\n");
	if (parse(buf_slice(b), method, m) != HTTP_DONE)
		*m = (struct message){0};
}

/* Moves a head out of the scratch buffer. */
static bool settle_head(struct heads *h, const struct slice *method,
			struct message *m)
{
	if (!m->head.len)
		return true;
	size_t len = m->head.len;
	uint8_t *place = spool_take(h->spool, len, 0);
	if (!place)
		return false;
	memcpy(place, h->scratch.data, len);
	return parse((struct slice){place, len}, method, m) == HTTP_DONE;
}

/* A head that is not in one piece. */
static enum head_result gather_head(struct heads *h, struct cursor *c,
				    const struct slice *method,
				    struct message *m)
{
	struct cursor look = *c;
	struct slice bytes;
	bool first_line = false;
	enum http_result r = HTTP_MORE;
	buf_clear(&h->scratch);
	while (r == HTTP_MORE && cursor_bytes(&look, &bytes) && bytes.data) {
		size_t old = h->scratch.len;
		buf_add(&h->scratch, bytes);
		cursor_skip(&look, bytes.len, NULL);
		if (worth_parsing(&h->scratch, old, &first_line) ||
		    h->scratch.len > HTTP_HEAD_MAX)
			r = parse(buf_slice(&h->scratch), method, m);
	}
	if (r == HTTP_BAD) {
		*m = (struct message){0};
		return HEAD_NONE;
	}
	enum head_result result = HEAD_WHOLE;
	if (r == HTTP_MORE) {
		result = cursor_bytes(&look, &bytes) ? HEAD_GAP : HEAD_END;
		parse_part(h, method, m);
		*c = look;
	} else {
		cursor_skip(c, m->head.len, NULL);
	}
	return settle_head(h, method, m) ? result : HEAD_NONE;
}

enum head_result heads_read(struct heads *h, struct cursor *c,
			    const struct slice *method, struct message *m)
{
	struct slice bytes;
	*m = (struct message){0};
	if (!cursor_bytes(c, &bytes))
		return HEAD_END;
	if (!bytes.data)
		return HEAD_GAP;
	switch (parse(bytes, method, m)) {
	case HTTP_DONE:
		cursor_skip(c, m->head.len, NULL);
		return HEAD_WHOLE;
	case HTTP_BAD:
		*m = (struct message){0};
		return HEAD_NONE;
	case HTTP_MORE:
		break;
	}
	return gather_head(h, c, method, m);
}

bool heads_search(struct heads *h, struct cursor *c, const struct slice *method,
		  int64_t not_before)
{
	struct cursor look = *c;
	bool more =
	    look.at.skip ? cursor_next_piece(&look) : !cursor_at_end(&look);
	for (; more && h->search_left; more = cursor_next_piece(&look)) {
		struct slice bytes;
		struct message m;
		h->search_left--;
		if (!cursor_bytes(&look, &bytes) || !bytes.data ||
		    cursor_time(&look) < not_before ||
		    (method && bytes.data[0] != 'H'))
			continue;
		struct cursor try = look;
		enum head_result r = heads_read(h, &try, method, &m);
		uint64_t cost = h->scratch.len;
		h->search_left -= cost < h->search_left ? cost : h->search_left;
		if (r != HEAD_WHOLE)
			continue;
		*c = look;
		return true;
	}
	return false;
}
