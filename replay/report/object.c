/* What a message carried, as the program that asked for it got it. */
#include "object.h"

#include "rewrite/content.h"
#include "rewrite/sniff.h"

/* Small, so that the start of what is too much is kept nearly up to max. */
#define PIECE_LEN ((size_t)4 << 10)

/* The body being read. */
struct body {
	struct body_reader reader;
	struct slice piece; /* of it, not yet given out */
};

static struct body_reader reader_of_side(const struct exchange *e,
					 enum object_side side)
{
	return side == OBJECT_REQUEST ? exchange_request_body(e)
				      : exchange_response_body(e);
}

/* Up to the first gap. */
static bool next_piece(void *context, struct slice *bytes)
{
	struct body *b = context;
	if (!b->piece.len &&
	    (!body_next(&b->reader, &b->piece) || !b->piece.data))
		return false;
	*bytes = slice_to(b->piece, PIECE_LEN);
	b->piece = slice_from(b->piece, bytes->len);
	return true;
}

/* ---- what was recorded of it ---- */

static bool read_head(const struct exchange *e, enum object_side side,
		      struct message *m)
{
	*m = (struct message){0};
	if (side == OBJECT_REQUEST)
		return http_request(e->request_head, m) == HTTP_DONE;
	return e->response_head.len &&
	       http_response(e->response_head, exchange_method(e), m) ==
		   HTTP_DONE;
}

/* Why it ends early; NULL if it is whole. What else of an exchange was cut
 * makes a whole body no worse. */
static const char *measure(struct object *o, const struct exchange *e,
			   enum object_side side, const struct message *m)
{
	struct body_reader r = reader_of_side(e, side);
	struct slice piece, none = {0};
	bool gap = false;
	while (body_next(&r, &piece)) {
		gap = gap || !piece.data;
		o->recorded += piece.data ? piece.len : 0;
	}
	if (gap)
		return "has a gap";
	if (e->state == EXCHANGE_COMPLETE || m->framing == HTTP_NO_BODY)
		return NULL;
	if (e->state == EXCHANGE_MALFORMED)
		return "is malformed";
	if (m->framing == HTTP_LENGTH && o->recorded >= m->length)
		return NULL;
	if (r.framing == HTTP_CHUNKED &&
	    chunked_next(&r.chunked, &none, &piece) == HTTP_DONE)
		return NULL;
	return "is cut";
}

/* Those of a list that say anything; what frames a body is off already. */
static void list_codings(struct slice list, struct buf *out)
{
	while (list.len) {
		struct slice item = slice_to(list, slice_find(list, ','));
		list = slice_from(list, item.len + 1);
		item = slice_trim(item);
		if (!item.len || slice_equal_nocase(item, SLICE("identity")) ||
		    slice_equal_nocase(item, SLICE("chunked")))
			continue;
		if (out->len)
			buf_add_string(out, ", ");
		buf_add(out, item);
	}
}

static void list_named(struct slice fields, struct slice name, struct buf *out)
{
	struct buf value = {0};
	struct field f;
	while (http_field_next(&fields, &f)) {
		if (!slice_equal_nocase(f.name, name))
			continue;
		buf_clear(&value);
		http_unfold(&value, f.value);
		list_codings(buf_slice(&value), out);
	}
	buf_release(&value);
}

/* ---- codings ---- */

/* False if nothing came out of it. */
static bool decode(struct object *o, struct body *b, size_t max)
{
	struct original original = {
	    .next = next_piece, .context = b, .framing = HTTP_UNTIL_CLOSE};
	struct content c;
	if (content_open(&c, &original, o->codings, max))
		content_read(&c, SIZE_MAX);
	o->coding = c.misnamed ? OBJECT_MISNAMED : OBJECT_DECODED;
	o->too_large = c.result == CODING_TOO_LARGE;
	if (!o->trouble || c.result > CODING_CUT)
		o->trouble = coding_trouble(c.result);
	o->kept = c.plain;
	c.plain = (struct buf){0};
	content_release(&c);
	return o->kept.len || !o->trouble;
}

static void keep(struct object *o, struct body *b, size_t max)
{
	struct slice bytes;
	buf_clear(&o->kept);
	while (next_piece(b, &bytes)) {
		if (bytes.len > max - o->kept.len) {
			o->too_large = true;
			o->trouble = "is too large";
			bytes = slice_to(bytes, max - o->kept.len);
		}
		buf_add(&o->kept, bytes);
		if (o->too_large)
			return;
	}
}

static void read_body(struct object *o, const struct exchange *e,
		      enum object_side side, size_t max)
{
	const struct body from = {.reader = reader_of_side(e, side)};
	struct body b = from;
	if (o->coding == OBJECT_DECODED && !decode(o, &b, max)) {
		o->coding = OBJECT_CODED;
		b = from;
	}
	if (o->coding == OBJECT_PLAIN || o->coding == OBJECT_CODED)
		keep(o, &b, max);
}

static void object_open(struct object *o, const struct exchange *e,
			enum object_side side, size_t max,
			enum object_coding coding)
{
	struct message m;
	*o = (struct object){.whole = true};
	if (!read_head(e, side, &m))
		return;
	o->trouble = measure(o, e, side, &m);
	o->content_type = http_field(m.fields, SLICE("Content-Type"));
	/* What is transferred is coded after what is sent (RFC 9112 6.1). */
	list_named(m.fields, SLICE("Content-Encoding"), &o->codings_kept);
	list_named(m.fields, SLICE("Transfer-Encoding"), &o->codings_kept);
	o->codings = buf_slice(&o->codings_kept);
	o->coding = o->codings.len && o->recorded ? coding : OBJECT_PLAIN;
	read_body(o, e, side, max);
	o->whole = !o->trouble;
	o->bytes = buf_slice(&o->kept);
	o->type = sniff_type(o->content_type, o->bytes, &o->type_kept);
}

void object_read(struct object *o, const struct exchange *e,
		 enum object_side side, size_t max)
{
	object_open(o, e, side, max, OBJECT_DECODED);
}

void object_read_coded(struct object *o, const struct exchange *e,
		       enum object_side side, size_t max)
{
	object_open(o, e, side, max, OBJECT_CODED);
}

void object_release(struct object *o)
{
	buf_release(&o->kept);
	buf_release(&o->codings_kept);
	buf_release(&o->type_kept);
	*o = (struct object){0};
}

const char *object_coding_name(enum object_coding coding)
{
	static const char *const names[] = {
	    [OBJECT_PLAIN] = "plain",
	    [OBJECT_DECODED] = "decoded",
	    [OBJECT_MISNAMED] = "misnamed",
	    [OBJECT_CODED] = "coded",
	};
	return names[coding];
}
