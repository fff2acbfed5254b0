/* The frames of one direction of an HTTP/2 connection (RFC 9113 4 and 6). */
#include "h2_frames.h"

#define HEADER_LEN 9
#define FRAMES_TO_BEGIN 3
#define LEN_USUAL (1U << 14) /* unless the receiver allows more: 4.2 */

/* Copies n bytes at c, which moves on. */
static enum h2_result copy(struct cursor *c, uint8_t *out, size_t n)
{
	struct slice bytes;
	while (n) {
		if (!cursor_bytes(c, &bytes))
			return H2_END;
		if (!bytes.data)
			return H2_GAP;
		bytes = slice_to(bytes, n);
		memcpy(out, bytes.data, bytes.len);
		cursor_skip(c, bytes.len, NULL);
		out += bytes.len;
		n -= bytes.len;
	}
	return H2_FRAME;
}

/* The lengths that section 6 prescribes. */
static bool is_possible(const struct h2_frame *f)
{
	switch (f->type) {
	case H2_PRIORITY:
		return f->len == 5;
	case H2_RST_STREAM:
	case H2_WINDOW_UPDATE:
		return f->len == 4;
	case H2_SETTINGS:
		return f->len % 6 == 0 && !f->stream;
	case H2_PING:
		return f->len == 8 && !f->stream;
	case H2_GOAWAY:
		return f->len >= 8 && !f->stream;
	case H2_DATA:
	case H2_HEADERS:
	case H2_PUSH_PROMISE:
	case H2_CONTINUATION:
		return f->stream;
	}
	return true; /* others are passed over: 5.5 */
}

enum h2_result h2_frame_next(struct cursor *c, struct h2_frame *f)
{
	uint8_t header[HEADER_LEN];
	struct slice bytes;
	if (!cursor_bytes(c, &bytes))
		return H2_END;
	*f = (struct h2_frame){.first = bytes.data, .time = cursor_time(c)};
	enum h2_result result = copy(c, header, sizeof header);
	if (result != H2_FRAME)
		return result;
	struct reader r = reader_of((struct slice){header, sizeof header});
	f->len = (uint32_t)reader_u8(&r) << 16;
	f->len |= reader_u16(&r);
	f->type = reader_u8(&r);
	f->flags = reader_u8(&r);
	f->stream = reader_u32(&r) & INT32_MAX;
	return is_possible(f) ? H2_FRAME : H2_FALSE;
}

bool h2_frames_begin(struct cursor c)
{
	if (cursor_at_end(&c))
		return true;
	for (int i = 0; i < FRAMES_TO_BEGIN; i++) {
		struct h2_frame f;
		enum h2_result r = h2_frame_next(&c, &f);
		if (r == H2_END)
			return i > 0;
		if (r != H2_FRAME || f.type > H2_CONTINUATION ||
		    f.len > LEN_USUAL)
			return false;
		uint64_t missing = 0;
		if (cursor_skip(&c, f.len, &missing) < f.len)
			return i > 0;
		if (missing)
			return false;
	}
	return true;
}

struct h2_payload h2_payload_of(struct cursor *c, const struct h2_frame *f)
{
	return (struct h2_payload){.c = c, .end = c->offset + f->len};
}

static uint64_t left(const struct h2_payload *p)
{
	return p->end - p->pad - p->c->offset;
}

bool h2_payload_next(struct h2_payload *p, struct slice *bytes)
{
	if (!left(p) || !cursor_bytes(p->c, bytes))
		return false;
	if (bytes->len > left(p))
		bytes->len = (size_t)left(p);
	p->gap |= !bytes->data;
	cursor_skip(p->c, bytes->len, NULL);
	return true;
}

bool h2_payload_copy(struct h2_payload *p, uint8_t *out, size_t n)
{
	if (n > left(p))
		return false;
	enum h2_result result = copy(p->c, out, n);
	p->gap |= result == H2_GAP;
	return result == H2_FRAME;
}

enum h2_padding h2_payload_strip(struct h2_payload *p, const struct h2_frame *f)
{
	uint8_t pad;
	if (!(f->flags & H2_PADDED))
		return H2_PADDING_KNOWN;
	if (!left(p))
		return H2_PADDING_FALSE;
	if (!h2_payload_copy(p, &pad, 1))
		return H2_PADDING_MISSING;
	if (pad > left(p))
		return H2_PADDING_FALSE;
	p->pad = pad;
	return H2_PADDING_KNOWN;
}

bool h2_payload_end(struct h2_payload *p)
{
	uint64_t rest = p->end - p->c->offset;
	return cursor_skip(p->c, rest, NULL) == rest;
}
