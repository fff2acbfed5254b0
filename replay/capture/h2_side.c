/* Reads one direction of an HTTP/2 connection into its streams. */
#include "h2_side.h"

#include "h2_search.h"

/* ---- heads ---- */

/* A copy in the spool. False without room: then there is no such head. */
static bool keep(struct h2_reader *r, struct slice *text)
{
	if (!text->len)
		return true;
	if (text->len > r->budget)
		return false;
	uint8_t *place = spool_take(r->spool, text->len, 0);
	if (!place)
		return false;
	r->budget -= text->len;
	memcpy(place, text->data, text->len);
	text->data = place;
	return true;
}

/* The whole head in hand, kept. */
static bool take_text(struct h2_reader *r, struct slice *text)
{
	return h2_head_text(&r->head, text) && keep(r, text);
}

static void take_request(struct h2_side *s)
{
	struct h2_reader *r = s->r;
	const struct h2_block *b = &s->block;
	struct slice text;
	if (b->failed || !take_text(r, &text)) {
		r->lost.blocks++;
		return;
	}
	struct h2_stream *stream =
	    h2_streams_add(&r->streams, b->stream, b->promise);
	if (!stream)
		return;
	struct message request = h2_head_request(&r->head, text);
	struct exchange *e = &stream->e;
	e->time = b->time;
	e->client = (uint8_t)r->client;
	e->https = r->https;
	e->ranged = r->head.ranged;
	exchange_ask(e, &request);
	e->request_framing = r->head.has_length ? HTTP_LENGTH : HTTP_NO_BODY;
	stream->first = b->first;
	stream->connects = h2_head_connects(&r->head);
	stream->false_request = r->head.malformed;
	stream->asked = b->last || b->promise;
}

static void add_head(struct h2_reader *r, struct h2_stream *stream,
		     struct slice text, int64_t time)
{
	struct piece p = {
	    .data = text.data, .time = time, .len = (uint32_t)text.len};
	h2_streams_part(&r->streams, stream, true, p);
	stream->heads++;
	stream->heads_len += text.len;
}

/* Whether the response to this can have no content (RFC 9110 6.4.1). */
static bool has_no_body(const struct exchange *e)
{
	return slice_equal(exchange_method(e), SLICE("HEAD")) ||
	       e->status == 204 || e->status == 304;
}

static void take_final(struct h2_reader *r, struct h2_stream *stream,
		       struct slice text)
{
	const struct h2_head *h = &r->head;
	struct exchange *e = &stream->e;
	e->status = h->status;
	e->response_head = text;
	stream->bodiless = has_no_body(e);
	stream->has_length = h->has_length;
	stream->length = h->length;
	if (stream->bodiless || (stream->connects && e->status / 100 == 2))
		e->response_framing = HTTP_NO_BODY;
	else
		e->response_framing =
		    h->has_length ? HTTP_LENGTH : HTTP_UNTIL_CLOSE;
}

/* An interim response, or the final one. 101 is none here: RFC 9113 8.6. */
static void take_response(struct h2_side *s, struct h2_stream *stream)
{
	struct h2_reader *r = s->r;
	struct slice text;
	bool interim = r->head.status < 200;
	if (!take_text(r, &text) || r->head.status == 101) {
		stream->malformed = true;
		r->lost.blocks++;
		return;
	}
	stream->malformed |= r->head.malformed || (interim && s->block.last);
	stream->interim |= interim;
	add_head(r, stream, text, s->block.time);
	if (interim)
		return;
	take_final(r, stream, text);
	/* If any frames of it are missing they came before its head. */
	stream->torn[1] = false;
}

static void take_trailers(struct h2_side *s, struct h2_stream *stream)
{
	struct h2_reader *r = s->r;
	struct slice text;
	stream->malformed |= r->head.malformed || !s->block.last;
	if (take_text(r, &text) && text.len && s->block.last)
		stream->trailers = text;
}

/* A block of the server that is not for a promise. */
static void take_answer(struct h2_side *s)
{
	struct h2_stream *stream =
	    h2_streams_find(&s->r->streams, s->block.stream);
	if (s->block.failed)
		s->r->lost.blocks++;
	if (!stream || stream->answered || stream->e.reset)
		return;
	if (!stream->e.answer_time)
		stream->e.answer_time = s->block.time;
	if (s->block.failed) {
		stream->gap |= s->block.missing;
		stream->malformed |= !s->block.missing;
	} else if (s->r->head.kind == H2_TRAILERS) {
		take_trailers(s, stream);
	} else {
		take_response(s, stream);
	}
	stream->answered = s->block.last;
	stream->e.end_time = cursor_last_time(&s->c);
}

static void end_block(struct h2_side *s)
{
	struct h2_block *b = &s->block;
	struct h2_stream *known;
	b->open = false;
	if (!b->failed && !h2_hpack_end(s->hpack, h2_head_take, &s->r->head)) {
		b->failed = true;
		b->missing = h2_hpack_is_late(s->hpack);
	}
	if (b->promise) {
		take_request(s);
	} else if (!s->asks) {
		take_answer(s);
	} else if (b->stream % 2) {
		known = h2_streams_find(&s->r->streams, b->stream);
		if (known)
			known->asked |= b->last; /* trailers */
		else
			take_request(s);
	}
}

/* ---- header blocks ---- */

static enum h2_head_kind kind_of(const struct h2_side *s)
{
	if (s->block.promise)
		return H2_REQUEST;
	const struct h2_stream *known =
	    h2_streams_find(&s->r->streams, s->block.stream);
	if (s->asks)
		return known ? H2_TRAILERS : H2_REQUEST;
	return known && known->e.response_head.data ? H2_TRAILERS : H2_RESPONSE;
}

static void fail_block(struct h2_side *s, bool missing)
{
	s->block.failed = true;
	s->block.missing = missing;
	h2_hpack_lose(s->hpack, missing);
}

/* Feeds what the payload holds of the block. */
static void feed(struct h2_side *s, struct h2_payload *p)
{
	struct slice bytes;
	while (!s->block.failed && h2_payload_next(p, &bytes)) {
		if (!bytes.data) {
			fail_block(s, true);
		} else if (!h2_hpack_feed(s->hpack, bytes, h2_head_take,
					  &s->r->head)) {
			s->block.failed = true;
			s->block.missing = h2_hpack_is_late(s->hpack);
		}
	}
}

/* What stands before the block in the payload. False if it is not there. */
static bool read_front(struct h2_side *s, const struct h2_frame *f,
		       struct h2_payload *p)
{
	uint8_t front[5];
	if (h2_payload_strip(p, f) != H2_PADDING_KNOWN)
		return false;
	if (f->type == H2_PUSH_PROMISE) {
		if (!h2_payload_copy(p, front, 4))
			return false;
		struct reader r = reader_of((struct slice){front, 4});
		s->block.stream = reader_u32(&r) & INT32_MAX;
		return true;
	}
	return !(f->flags & H2_HAS_PRIORITY) || h2_payload_copy(p, front, 5);
}

static void begin_block(struct h2_side *s, const struct h2_frame *f,
			struct h2_payload *p)
{
	s->block = (struct h2_block){
	    .open = true,
	    .promise = f->type == H2_PUSH_PROMISE,
	    .last = f->type == H2_HEADERS && f->flags & H2_END_STREAM,
	    .frame_stream = f->stream,
	    .stream = f->stream,
	    .first = f->first,
	    .time = f->time,
	};
	if (!read_front(s, f, p))
		fail_block(s, p->gap);
	h2_head_begin(&s->r->head, kind_of(s));
}

static bool is_of_block(const struct h2_side *s, const struct h2_frame *f)
{
	return s->block.open && f->type == H2_CONTINUATION &&
	       f->stream == s->block.frame_stream;
}

static void take_block(struct h2_side *s, const struct h2_frame *f,
		       struct h2_payload *p)
{
	if (f->type == H2_CONTINUATION && !is_of_block(s, f)) {
		h2_hpack_lose(s->hpack, false);
		return;
	}
	if (f->type != H2_CONTINUATION)
		begin_block(s, f, p);
	feed(s, p);
	/* A block that is cut with the stream is never ended. */
	if (f->flags & H2_END_HEADERS && (s->block.failed || h2_payload_end(p)))
		end_block(s);
}

/* ---- bodies ---- */

/* Whether DATA of a response may follow. */
static bool takes_data(struct h2_stream *stream)
{
	if (stream->answered || stream->e.reset)
		return false;
	if (!stream->e.response_head.data) {
		/* unless its head came and was not decoded */
		stream->malformed |= !stream->gap;
		return false;
	}
	return true;
}

static void take_piece(struct h2_side *s, struct h2_stream *stream,
		       struct slice bytes, int64_t time)
{
	struct piece p = {
	    .data = bytes.data, .time = time, .len = (uint32_t)bytes.len};
	bool tunnel = stream->connects && stream->e.status / 100 == 2;
	if (!s->asks && stream->bodiless) {
		stream->malformed = true;
		return;
	}
	h2_streams_part(&s->r->streams, stream, !s->asks, p);
	if (s->asks)
		return;
	if (!tunnel)
		stream->e.body_bytes += p.len;
	stream->gap |= !p.data && !tunnel;
}

static void take_data(struct h2_side *s, const struct h2_frame *f,
		      struct h2_payload *p)
{
	struct h2_stream *stream = h2_streams_find(&s->r->streams, f->stream);
	struct slice bytes;
	if (!stream || !(s->asks ? !stream->asked : takes_data(stream)))
		return;
	if (h2_payload_strip(p, f) == H2_PADDING_FALSE) {
		stream->malformed |= !s->asks;
		return;
	}
	while (!stream->torn[!s->asks]) {
		int64_t time = cursor_time(&s->c);
		if (!h2_payload_next(p, &bytes))
			break;
		take_piece(s, stream, bytes, time);
		if (p->gap && s->r->loose_gaps)
			return;
	}
	if (p->gap && !s->asks)
		stream->gap = true;
	bool last = h2_payload_end(p) && f->flags & H2_END_STREAM;
	if (s->asks) {
		stream->asked |= last;
		return;
	}
	stream->answered |= last;
	stream->e.end_time = cursor_last_time(&s->c);
}

/* ---- frames ---- */

/* The other side's next limit holds from here on: RFC 9113 6.5.3. */
static void take_settings(struct h2_side *s, const struct h2_frame *f)
{
	uint32_t size;
	if (!(f->flags & H2_ACK))
		return;
	switch (h2_settings_next(&s->limits, &size)) {
	case H2_SETTING_FOUND:
		h2_hpack_limit(s->hpack, size);
		break;
	case H2_SETTING_UNKNOWN:
		h2_hpack_limit_unknown(s->hpack);
		break;
	case H2_SETTING_NONE:
		break;
	}
}

static void take_reset(struct h2_side *s, const struct h2_frame *f)
{
	struct h2_stream *stream = h2_streams_find(&s->r->streams, f->stream);
	if (!stream)
		return;
	/* The server may have sent more before it knew, and that was read. */
	if (s->asks)
		stream->reset_asked = true;
	else
		stream->e.reset |= !stream->answered;
}

static void take_frame(struct h2_side *s, const struct h2_frame *f,
		       struct h2_payload *p)
{
	/* Nothing may come between the parts of a block: 6.10. */
	if (s->block.open && !is_of_block(s, f)) {
		s->block.open = false;
		s->r->lost.blocks++;
		h2_hpack_lose(s->hpack, false);
	}
	switch (f->type) {
	case H2_DATA:
		take_data(s, f, p);
		break;
	case H2_PUSH_PROMISE:
		if (s->asks)
			h2_hpack_lose(s->hpack, false);
		else
			take_block(s, f, p);
		break;
	case H2_HEADERS:
	case H2_CONTINUATION:
		take_block(s, f, p);
		break;
	case H2_SETTINGS:
		take_settings(s, f);
		break;
	case H2_RST_STREAM:
		take_reset(s, f);
		break;
	}
}

/* Passes over the payload. False if where it ends is not known: the length of a
 * gap in it is an estimate. */
static bool pass(struct h2_side *s, struct h2_payload *p)
{
	struct slice bytes;
	uint64_t rest = p->end - s->c.offset;
	if (p->gap && s->r->loose_gaps)
		return false;
	while (rest && cursor_bytes(&s->c, &bytes)) {
		if (!bytes.data && s->r->loose_gaps)
			return false;
		rest -= cursor_skip(&s->c, bytes.len < rest ? bytes.len : rest,
				    NULL);
	}
	return true;
}

/* The frames from the cursor on, up to the end or to where the next one begins
 * is not known: then the cursor stands before the missing bytes. */
static enum h2_result read_row(struct h2_side *s)
{
	struct h2_frame f;
	for (;;) {
		struct cursor before = s->c;
		enum h2_result r = h2_frame_next(&s->c, &f);
		if (r == H2_FRAME) {
			struct h2_payload p = h2_payload_of(&s->c, &f);
			before = s->c;
			take_frame(s, &f, &p);
			r = pass(s, &p) ? H2_FRAME : H2_GAP;
		}
		if (r == H2_GAP)
			s->c = before;
		if (r != H2_FRAME)
			return r;
	}
}

/* Behind missing bytes: any frames may be among them. False if no more are
 * found. */
static bool find_again(struct h2_side *s)
{
	if (s->block.open)
		s->r->lost.blocks++;
	s->block.open = false;
	h2_hpack_lose(s->hpack, true);
	s->limits.lost = true;
	h2_streams_tear(&s->r->streams, !s->asks);
	if (!h2_search(&s->c, &s->r->streams, s->asks))
		return false;
	s->r->lost.gaps++;
	return true;
}

static enum h2_result read_frames(struct h2_side *s)
{
	enum h2_result r;
	bool lost = false;
	while ((r = read_row(s)) == H2_GAP && find_again(s))
		lost = true;
	if (r != H2_END)
		s->r->lost.rests++;
	return r == H2_END && lost ? H2_GAP : r;
}

enum exchange_state h2_side_read(struct h2_side *s)
{
	enum h2_result r = H2_GAP;
	s->hpack = h2_hpack_new(s->late);
	if (s->has_limit)
		h2_hpack_limit(s->hpack, s->limit);
	if (!s->late || h2_frames_begin(s->c))
		r = read_frames(s);
	else
		s->r->lost.rests++;
	h2_hpack_free(s->hpack);
	s->hpack = NULL;
	if (r == H2_END)
		return EXCHANGE_CUT;
	return r == H2_GAP ? EXCHANGE_GAP : EXCHANGE_MALFORMED;
}
