/* An answer taken apart again: heads, and a body without framing. */
#include "unframed.h"

void unframed_begin(struct unframed *u, struct answer *a)
{
	buf_clear(&u->head);
	buf_clear(&u->trailers);
	u->answer = a;
	u->chunked = (struct chunked){0};
	u->framing = HTTP_NO_BODY;
	u->left = u->taken = 0;
	u->ended = u->cut = false;
}

void unframed_release(struct unframed *u)
{
	buf_release(&u->head);
	buf_release(&u->trailers);
}

/* What of the answer stands in one piece; empty at its end. */
static struct slice piece(struct unframed *u)
{
	struct answer *a = u->answer;
	return a->from < a->to || answer_fill(a) ? a->ready[a->from]
						 : (struct slice){0};
}

static void take(struct unframed *u, size_t bytes)
{
	answer_sent(u->answer, bytes);
	u->taken += bytes;
}

/* A head over several pieces. */
static enum http_result join_head(struct unframed *u, struct slice method,
				  struct message *m)
{
	struct slice part;
	enum http_result result = HTTP_MORE;
	buf_clear(&u->head);
	while (result == HTTP_MORE && u->head.len <= HTTP_HEAD_MAX &&
	       (part = piece(u)).len) {
		size_t before = u->head.len;
		buf_add(&u->head, part);
		if (http_empty_line(buf_slice(&u->head), before))
			result = http_response(buf_slice(&u->head), method, m);
		take(u, result == HTTP_DONE ? m->head.len - before : part.len);
	}
	return result;
}

bool unframed_head(struct unframed *u, struct slice method, struct message *m)
{
	enum http_result result = http_response(piece(u), method, m);
	if (result == HTTP_DONE)
		take(u, m->head.len);
	else if (result == HTTP_MORE)
		result = join_head(u, method, m);
	if (result != HTTP_DONE || m->malformed)
		return false;
	u->framing = m->framing;
	u->left = m->framing == HTTP_LENGTH ? m->length : 0;
	u->ended = m->framing == HTTP_NO_BODY ||
		   (m->framing == HTTP_LENGTH && !m->length);
	return true;
}

static void end(struct unframed *u, bool whole)
{
	u->ended = true;
	u->cut = !whole || u->answer->cut;
}

/* What is no data is taken byte by byte, since the next may be of the trailer
 * section: there is little of it. */
static enum http_result chunk_step(struct unframed *u, struct slice *in,
				   struct slice *data)
{
	enum chunked_place place = chunked_place(&u->chunked);
	if (place == CHUNKED_DATA)
		return chunked_next(&u->chunked, in, data);
	struct slice byte = slice_to(*in, 1);
	*in = slice_from(*in, 1);
	if (place == CHUNKED_TRAILERS && u->trailers.len < HTTP_HEAD_MAX)
		buf_add(&u->trailers, byte);
	return chunked_next(&u->chunked, &byte, data);
}

/* The next data in the chunks. */
static struct slice chunk_data(struct unframed *u, struct slice in)
{
	struct slice data = {0}, rest = in;
	enum http_result result = HTTP_MORE;
	while (result == HTTP_MORE && rest.len && !data.len)
		result = chunk_step(u, &rest, &data);
	take(u, in.len - rest.len);
	if (result != HTTP_MORE)
		end(u, result == HTTP_DONE);
	return data;
}

/* The next bytes in one piece; they stay where they are while the answer
 * does. */
static struct slice next(struct unframed *u, size_t max)
{
	struct slice in = piece(u);
	if (!in.len) {
		end(u, u->framing == HTTP_UNTIL_CLOSE);
		return in;
	}
	in = slice_to(in, max);
	if (u->framing == HTTP_CHUNKED)
		return chunk_data(u, in);
	if (u->framing == HTTP_LENGTH) {
		in = slice_to(in, u->left < in.len ? (size_t)u->left : in.len);
		u->left -= in.len;
		if (!u->left)
			end(u, true);
	}
	take(u, in.len);
	return in;
}

size_t unframed_read(struct unframed *u, uint8_t *out, size_t max)
{
	size_t len = 0;
	while (len < max && !u->ended) {
		struct slice part = next(u, max - len);
		if (part.len)
			memcpy(out + len, part.data, part.len);
		len += part.len;
	}
	return len;
}
