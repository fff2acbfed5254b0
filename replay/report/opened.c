/* A recorded answer opened. */
#include "opened.h"

/* Small, so that whoever wants no more than the start gets it although what
 * follows is too much. */
#define PIECE_LEN ((size_t)4 << 10)

static bool next_piece(void *context, struct slice *bytes)
{
	struct opened *o = context;
	if (!o->piece.len &&
	    (!body_next(&o->reader, &o->piece) || !o->piece.data))
		return false;
	*bytes = slice_to(o->piece, PIECE_LEN);
	o->piece = slice_from(o->piece, bytes->len);
	return true;
}

struct slice opened_fields(const struct exchange *e)
{
	struct message m;
	if (!e->response_head.len ||
	    http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE)
		return (struct slice){0};
	return m.fields;
}

static void list_codings(struct slice fields, struct buf *out)
{
	struct field f;
	while (http_field_next(&fields, &f)) {
		if (!slice_equal_nocase(f.name, SLICE("Content-Encoding")))
			continue;
		if (out->len)
			buf_add_string(out, ", ");
		http_unfold(out, f.value);
	}
}

bool opened_body(struct opened *o, const struct exchange *e, size_t max)
{
	struct buf codings = {0};
	o->reader = exchange_response_body(e);
	o->piece = (struct slice){0};
	o->original = (struct original){
	    .next = next_piece, .context = o, .framing = HTTP_UNTIL_CLOSE};
	list_codings(opened_fields(e), &codings);
	bool well =
	    content_open(&o->content, &o->original, buf_slice(&codings), max);
	buf_release(&codings);
	return well;
}
