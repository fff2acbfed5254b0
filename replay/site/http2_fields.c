/* Heads of answers as the fields of HTTP/2. */
#include "http2_fields.h"

#include "capture/h2_head.h"

#include <stdlib.h>

struct fields {
	nghttp2_nv *list;
	size_t count, room;
	struct buf unfolded[4]; /* values over several lines: there are few */
	size_t folds;
	char status[4];
};

static void add(struct fields *f, struct slice name, struct slice value)
{
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 32;
		f->list = xreallocarray(f->list, f->room, sizeof *f->list);
	}
	/* both are copied, names in lower case */
	f->list[f->count++] =
	    (nghttp2_nv){(uint8_t *)name.data, (uint8_t *)value.data, name.len,
			 value.len, NGHTTP2_NV_FLAG_NONE};
}

/* A folded value in one line; data NULL: no more of them are taken. */
static struct slice unfold(struct fields *f, struct slice value)
{
	const size_t max = sizeof f->unfolded / sizeof *f->unfolded;
	if (slice_find(value, '\n') == value.len)
		return value;
	if (f->folds == max)
		return (struct slice){0};
	struct buf *out = &f->unfolded[f->folds++];
	http_unfold(out, value);
	return buf_slice(out);
}

static bool is_right(struct slice name, struct slice value)
{
	struct buf lower = {0};
	buf_add_lower(&lower, name);
	bool right = value.data && name.len &&
		     nghttp2_check_header_name(lower.data, lower.len) &&
		     nghttp2_check_header_value(value.data, value.len);
	buf_release(&lower);
	return right;
}

static void add_lines(struct fields *f, struct slice lines, bool has_length)
{
	struct field field;
	while (http_field_next(&lines, &field)) {
		if (h2_head_of_connection(field.name))
			continue;
		bool length =
		    slice_equal_nocase(field.name, SLICE("content-length"));
		if (length && !has_length)
			continue;
		struct slice value = unfold(f, field.value);
		if (is_right(field.name, value))
			add(f, field.name, value);
		has_length &= !length; /* one of several that are equal */
	}
}

static void add_head(struct fields *f, const struct message *m)
{
	f->status[0] = (char)('0' + m->status / 100 % 10);
	f->status[1] = (char)('0' + m->status / 10 % 10);
	f->status[2] = (char)('0' + m->status % 10);
	add(f, SLICE(":status"), slice_of(f->status));
	add_lines(f, m->fields,
		  m->framing == HTTP_LENGTH || m->framing == HTTP_NO_BODY);
}

static void release(struct fields *f)
{
	for (size_t i = 0; i < f->folds; i++)
		buf_release(&f->unfolded[i]);
	free(f->list);
}

bool http2_fields_interim(nghttp2_session *session, int32_t stream,
			  const struct message *m)
{
	struct fields f = {0};
	add_head(&f, m);
	int error = nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, stream,
					   NULL, f.list, f.count, NULL);
	release(&f);
	return !error;
}

bool http2_fields_answer(nghttp2_session *session, int32_t stream,
			 const struct message *m,
			 const nghttp2_data_provider *body)
{
	struct fields f = {0};
	add_head(&f, m);
	int error =
	    nghttp2_submit_response(session, stream, f.list, f.count, body);
	release(&f);
	return !error;
}

bool http2_fields_trailers(nghttp2_session *session, int32_t stream,
			   struct slice lines)
{
	struct fields f = {0};
	add_lines(&f, lines, false);
	bool done = f.count &&
		    !nghttp2_submit_trailer(session, stream, f.list, f.count);
	release(&f);
	return done;
}
