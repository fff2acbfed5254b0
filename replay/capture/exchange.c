/* Flows become exchanges: requests and responses paired in order. */
#include "exchange.h"

#include "heads.h"

/* Whether the responses still answer the requests one by one. */
enum alignment {
	ALIGNED,
	LATE_START, /* the recording began inside the connection: the first
		       responses may answer requests that it does not hold */
	LOST,       /* a response's start or end was lost */
};

/* A request that was read, with the state of what it alone says. */
struct asked {
	struct exchange e;
	const uint8_t *first;
	enum exchange_state state;
};

struct finder {
	struct talk *talk;
	struct heads heads;
	struct cursor asking, answering;
	enum alignment alignment;
	bool begun;        /* a request was found */
	struct asked next; /* read ahead */
	bool has_next;
};

const char *exchange_state_name(enum exchange_state state)
{
	switch (state) {
	case EXCHANGE_COMPLETE:
		return "complete";
	case EXCHANGE_NO_RESPONSE:
		return "no-response";
	case EXCHANGE_CUT:
		return "cut";
	case EXCHANGE_GAP:
		return "gap";
	case EXCHANGE_MALFORMED:
		return "malformed";
	}
	return "-";
}

void exchange_version_print(struct buf *out, const struct exchange *e)
{
	buf_add_string(out, "HTTP/");
	buf_add_number(out, e->version / 10);
	if (e->version == EXCHANGE_HTTP2)
		return;
	buf_add_byte(out, '.');
	buf_add_number(out, e->version % 10);
}

const struct endpoint *exchange_client(const struct exchange *e)
{
	return &e->flow->ends[e->client];
}

const struct endpoint *exchange_server(const struct exchange *e)
{
	return &e->flow->ends[!e->client];
}

static struct slice part_of(struct slice head, struct head_part p)
{
	if (!p.at && !p.len)
		return (struct slice){0};
	return (struct slice){head.data + p.at, p.len};
}

struct slice exchange_method(const struct exchange *e)
{
	return part_of(e->request_head, e->parts.method);
}

struct slice exchange_target(const struct exchange *e)
{
	return part_of(e->request_head, e->parts.target);
}

struct slice exchange_host(const struct exchange *e)
{
	return part_of(e->request_head, e->parts.host);
}

static struct head_part part_at(struct slice head, struct slice part)
{
	if (!part.data)
		return (struct head_part){0};
	return (struct head_part){(uint32_t)(part.data - head.data),
				  (uint32_t)part.len};
}

void exchange_ask(struct exchange *e, const struct message *m)
{
	e->request_head = m->head;
	e->parts = (struct request_parts){part_at(m->head, m->method),
					  part_at(m->head, m->target),
					  part_at(m->head, m->host)};
}

uint16_t exchange_port(const struct exchange *e)
{
	uint16_t port = exchange_server(e)->port;
	if (!e->tunnel.data)
		return port;
	return url_of(SLICE("CONNECT"), e->tunnel, e->tunnel, e->https, port)
	    .port;
}

struct url exchange_url(const struct exchange *e)
{
	return url_of(exchange_method(e), exchange_target(e), exchange_host(e),
		      e->https, exchange_port(e));
}

bool exchange_head_whole(const struct exchange *e)
{
	struct place body = e->response_body.start;
	return e->response_head.data && (body.piece || body.skip);
}

enum stream_end exchange_end(const struct exchange *e)
{
	return e->reset ? STREAM_RESET
			: (enum stream_end)e->flow->streams[!e->client].end;
}

bool exchange_lacks_length(const struct exchange *e)
{
	return e->version == EXCHANGE_HTTP2 && e->state == EXCHANGE_COMPLETE &&
	       e->response_framing == HTTP_UNTIL_CLOSE;
}

struct slice exchange_trailers(const struct exchange *e)
{
	/* The piece before the response: see h2_streams.c. */
	const struct stream *s = &e->flow->streams[!e->client];
	if (!e->trailers)
		return (struct slice){0};
	const struct piece *p = &s->pieces[e->response.start.piece - 1];
	return (struct slice){p->data, p->len};
}

/* ---- bodies ---- */

static enum exchange_state read_chunked(struct cursor *c, uint64_t *bytes)
{
	struct chunked chunked = {0};
	struct slice in, data;
	bool gap = false;
	while (cursor_bytes(c, &in)) {
		if (!in.data) {
			gap = true;
			if (!chunked_skip(&chunked, in.len))
				return EXCHANGE_GAP;
			*bytes += in.len;
			cursor_skip(c, in.len, NULL);
			continue;
		}
		struct slice left = in;
		enum http_result r = chunked_next(&chunked, &left, &data);
		cursor_skip(c, in.len - left.len, NULL);
		*bytes += data.len;
		if (r == HTTP_BAD)
			return gap ? EXCHANGE_GAP : EXCHANGE_MALFORMED;
		if (r == HTTP_DONE)
			return gap ? EXCHANGE_GAP : EXCHANGE_COMPLETE;
	}
	return gap ? EXCHANGE_GAP : EXCHANGE_CUT;
}

/* Reads a body at c. bytes: its length with the transfer coding taken off. The
 * framing can be lost for EXCHANGE_GAP of a chunked one and for
 * EXCHANGE_MALFORMED: *lost. */
static enum exchange_state read_body(struct cursor *c, const struct message *m,
				     uint64_t *bytes, bool *lost)
{
	uint64_t missing = 0;
	enum exchange_state state = EXCHANGE_COMPLETE;
	*bytes = 0;
	*lost = false;
	switch (m->framing) {
	case HTTP_NO_BODY:
		break;
	case HTTP_LENGTH:
		*bytes = cursor_skip(c, m->length, &missing);
		if (*bytes < m->length)
			state = EXCHANGE_CUT;
		break;
	case HTTP_CHUNKED:
		state = read_chunked(c, bytes);
		*lost = state == EXCHANGE_GAP || state == EXCHANGE_MALFORMED;
		break;
	case HTTP_UNTIL_CLOSE:
		*bytes = cursor_skip(c, UINT64_MAX, &missing);
		/* A reset is no orderly end (RFC 9112 8). */
		if (c->stream->end != STREAM_FIN)
			state = EXCHANGE_CUT;
		break;
	}
	return missing ? EXCHANGE_GAP : state;
}

/* ---- requests ---- */

static void take_request(struct asked *a, struct talk *talk, int side,
			 const struct message *m)
{
	a->e.flow = talk->flow;
	a->e.tunnel = talk->tunnel;
	a->e.https = talk->flow->tls != NULL;
	a->e.client = (uint8_t)side;
	exchange_ask(&a->e, m);
	a->e.ranged = m->range;
	a->e.version = (uint8_t)(10 + m->minor);
	a->e.request_framing = (uint8_t)m->framing;
}

static bool read_request(struct finder *f);

/* A connection that begins with something else is HTTP later on only if both
 * sides say so, each at the start of a segment: behind the greeting of a SOCKS
 * or PROXY protocol, say. One side alone could be a mail that quotes one. */
static bool find_later_start(struct finder *f)
{
	struct cursor answering = f->answering;
	struct slice method = SLICE("GET");
	if (!heads_search(&f->heads, &f->asking, NULL, INT64_MIN) ||
	    !heads_search(&f->heads, &answering, &method,
			  cursor_time(&f->asking)))
		return false;
	f->begun = true;
	f->alignment = LATE_START;
	return read_request(f);
}

/* Reads the next request of the talk into f->next. False if there is none. */
static bool read_request(struct finder *f)
{
	struct asked *a = &f->next;
	struct cursor *c = &f->asking;
	struct message m;
	for (;;) {
		cursor_skip_line_breaks(c);
		*a = (struct asked){.state = EXCHANGE_COMPLETE};
		struct slice bytes;
		if (!cursor_bytes(c, &bytes))
			return false;
		a->first = bytes.data;
		a->e.time = cursor_time(c);
		enum head_result r = heads_read(&f->heads, c, NULL, &m);
		if (r == HEAD_WHOLE || m.method.len) {
			if (r == HEAD_GAP)
				a->state = EXCHANGE_GAP;
			if (r == HEAD_END)
				a->state = EXCHANGE_CUT;
			break;
		}
		if (r == HEAD_NONE && !f->begun && c->stream->from_start)
			return find_later_start(f);
		if (r == HEAD_GAP && f->begun)
			f->alignment = LOST;
		if (!heads_search(&f->heads, c, NULL, INT64_MIN))
			return false;
	}
	f->begun = true;
	take_request(a, f->talk, c->side, &m);
	if (m.malformed)
		a->state = EXCHANGE_MALFORMED;
	if (a->state != EXCHANGE_COMPLETE)
		return true;
	uint64_t length;
	bool lost;
	a->e.request_body.start = c->at;
	uint64_t from = c->offset;
	read_body(c, &m, &length, &lost);
	a->e.request_body.len = c->offset - from;
	return true;
}

static bool peek_request(struct finder *f)
{
	if (!f->has_next)
		f->has_next = read_request(f);
	return f->has_next;
}

/* ---- responses ---- */

/* Whether the server said anything between two times. */
static bool spoke_between(const struct stream *s, int64_t after, int64_t before)
{
	uint32_t low = 0, high = s->count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (s->pieces[mid].time <= after)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->count && s->pieces[low].time < before;
}

/* After a loss: whether the response at a time answers a later request, since
 * the server had spoken between the two requests. */
static bool answers_later(struct finder *f, const struct exchange *e,
			  int64_t time)
{
	return f->alignment == LOST && peek_request(f) &&
	       f->next.e.time <= time &&
	       spoke_between(f->answering.stream, e->time, f->next.e.time);
}

/* Reads the body of a final response. Returns whether the place of the next
 * message is known. */
static bool take_body(struct finder *f, struct exchange *e,
		      const struct message *m)
{
	struct cursor *c = &f->answering;
	uint64_t from = c->offset;
	bool lost;
	e->response_body.start = c->at;
	enum exchange_state state = read_body(c, m, &e->body_bytes, &lost);
	if (m->malformed)
		state = EXCHANGE_MALFORMED;
	/* Of a message without an end all that was sent is told. */
	if (state == EXCHANGE_MALFORMED)
		cursor_skip(c, UINT64_MAX, NULL);
	e->response_body.len = c->offset - from;
	e->state = (uint8_t)state;
	return !lost;
}

/* Where the framing was lost, the search for the next response begins not
 * before the next request. */
static void find_again(struct finder *f)
{
	f->alignment = LOST;
	if (peek_request(f)) {
		struct slice method = exchange_method(&f->next.e);
		if (heads_search(&f->heads, &f->answering, &method,
				 f->next.e.time))
			return;
	}
	cursor_skip(&f->answering, UINT64_MAX, NULL);
}

enum answer_result {
	ANSWER_HEAD,  /* the head of the final response was read */
	ANSWER_NONE,  /* nothing of one is there */
	ANSWER_WRONG, /* something else is there */
	ANSWER_CUT,   /* the stream ends in it */
	ANSWER_LOST,  /* bytes of it are missing */
	ANSWER_LATER, /* it was lost whole: what follows answers a later one */
};

/* Whether a response that begins at a time answers a request from before the
 * recording; it is then passed over. */
static bool answers_earlier(struct finder *f, const struct exchange *e,
			    const struct message *m, int64_t time)
{
	if (f->alignment == ALIGNED || time >= e->time)
		return false;
	uint64_t bytes;
	bool lost;
	read_body(&f->answering, m, &bytes, &lost);
	return true;
}

/* Reads up to the head of the final response. *from becomes the place of the
 * first byte that answers. */
static enum answer_result read_answer(struct finder *f, struct exchange *e,
				      struct cursor *from, struct message *m)
{
	struct cursor *c = &f->answering;
	struct slice method = exchange_method(e);
	bool interim = false;
	for (;;) {
		cursor_skip_line_breaks(c);
		if (!interim)
			*from = *c;
		int64_t time = cursor_time(c);
		struct cursor before = *c;
		switch (heads_read(&f->heads, c, &method, m)) {
		case HEAD_NONE:
			interim = false;
			if (heads_search(&f->heads, c, &method, e->time)) {
				f->alignment = LOST;
				continue;
			}
			return f->alignment == ALIGNED ? ANSWER_WRONG
						       : ANSWER_NONE;
		case HEAD_END:
			return c->offset > from->offset ? ANSWER_CUT
							: ANSWER_NONE;
		case HEAD_GAP:
			return ANSWER_LOST;
		case HEAD_WHOLE:
			break;
		}
		if (answers_earlier(f, e, m, time))
			continue;
		if (answers_later(f, e, time)) {
			*c = before;
			*m = (struct message){0};
			return ANSWER_LATER;
		}
		f->alignment = ALIGNED;
		if (m->status >= 200 || m->status == 101)
			return ANSWER_HEAD;
		interim = true;
	}
}

static void read_response(struct finder *f, struct exchange *e)
{
	struct cursor *c = &f->answering, from = *c;
	struct message m = {0};
	bool lost = false;
	enum answer_result r = read_answer(f, e, &from, &m);
	e->response_head = m.head;
	e->status = m.status;
	e->response_framing = (uint8_t)m.framing;
	e->response.start = from.at;
	switch (r) {
	case ANSWER_HEAD:
		lost = !take_body(f, e, &m);
		break;
	case ANSWER_NONE:
		e->state = EXCHANGE_NO_RESPONSE;
		return;
	case ANSWER_WRONG:
		e->state = EXCHANGE_MALFORMED;
		cursor_skip(c, UINT64_MAX, NULL);
		break;
	case ANSWER_CUT:
		e->state = EXCHANGE_CUT;
		break;
	case ANSWER_LOST:
		e->state = EXCHANGE_GAP;
		lost = true;
		break;
	case ANSWER_LATER:
		e->state = EXCHANGE_GAP;
		return;
	}
	e->response.len = c->offset - from.offset;
	if (e->response.len) {
		e->answer_time = cursor_time(&from);
		e->end_time = cursor_last_time(c);
	}
	if (lost)
		find_again(f);
}

/* ---- the talk ---- */

static void begin(struct finder *f, int asking)
{
	const struct stream *s = f->talk->flow->streams;
	const struct place *from = f->talk->from;
	f->asking = cursor_of(&s[asking], from[asking], asking);
	f->answering = cursor_of(&s[!asking], from[!asking], !asking);
	f->begun = f->has_next = false;
	f->alignment =
	    s[0].from_start && s[1].from_start ? ALIGNED : LATE_START;
}

/* Which side asks: the one that opened the connection if that is known and it
 * begins with a request, else the one with the earlier request. False if there
 * is none. */
static bool choose_sides(struct finder *f)
{
	int64_t time = 0;
	int asking = -1;
	for (int side = 0; side < 2; side++) {
		begin(f, side);
		if (!peek_request(f))
			continue;
		if (asking < 0 || f->next.e.time < time) {
			asking = side;
			time = f->next.e.time;
		}
		if (f->asking.stream->from_start)
			break;
	}
	if (asking >= 0 && asking != f->asking.side)
		begin(f, asking);
	return asking >= 0 && peek_request(f);
}

/* The exchange whose request was read, whole or not. */
static void finish(struct finder *f, struct asked *a)
{
	read_response(f, &a->e);
	/* A request whose head is not whole has no certain key, whatever
	 * answered it. One whose body is not whole was answered all the
	 * same. */
	if (a->state != EXCHANGE_COMPLETE && a->e.state == EXCHANGE_COMPLETE)
		a->e.state = (uint8_t)a->state;
	if (!a->e.end_time)
		a->e.end_time = a->e.time;
}

/* Whether the exchange's request is to be answered over HTTP/2. */
static bool goes_over_to_h2(const struct exchange *e)
{
	struct message q, a;
	struct slice h2c = SLICE("h2c"), upgrade = SLICE("Upgrade");
	return http_request(e->request_head, &q) == HTTP_DONE &&
	       http_response(e->response_head, exchange_method(e), &a) ==
		   HTTP_DONE &&
	       http_has_token(http_field(q.fields, upgrade), h2c) &&
	       http_has_token(http_field(a.fields, upgrade), h2c);
}

bool exchanges_find(struct talk *talk, struct spool *spool,
		    exchange_taker *take, void *context)
{
	struct finder f = {.talk = talk, .heads = heads_of(spool)};
	bool tunnel = false, upgraded = false;
	if (!choose_sides(&f)) {
		heads_release(&f.heads);
		return false;
	}
	while (!tunnel && !upgraded && peek_request(&f)) {
		struct asked a = f.next;
		f.has_next = false;
		finish(&f, &a);
		bool well = a.e.state == EXCHANGE_COMPLETE;
		upgraded = well && a.e.status == 101;
		if (upgraded && goes_over_to_h2(&a.e)) {
			talk->upgraded = a.e;
			talk->asked = a.first;
			break;
		}
		take(context, &a.e, a.first);
		tunnel = well && a.e.status / 100 == 2 &&
			 slice_equal(exchange_method(&a.e), SLICE("CONNECT"));
		if (tunnel)
			talk->tunnel = exchange_target(&a.e);
	}
	talk->from[f.asking.side] = f.asking.at;
	talk->from[f.answering.side] = f.answering.at;
	heads_release(&f.heads);
	return tunnel || talk->upgraded.flow;
}

/* ---- bodies, once more: for readers ---- */

static struct body_reader read_from(const struct stream *stream,
				    struct span span, uint8_t framing)
{
	return (struct body_reader){.span = span_read(stream, span),
				    .framing = (enum http_framing)framing};
}

struct body_reader exchange_request_body(const struct exchange *e)
{
	return read_from(&e->flow->streams[e->client], e->request_body,
			 e->request_framing);
}

struct body_reader exchange_response_body(const struct exchange *e)
{
	return read_from(&e->flow->streams[!e->client], e->response_body,
			 e->response_framing);
}

bool body_next(struct body_reader *r, struct slice *bytes)
{
	if (r->framing != HTTP_CHUNKED)
		return span_next(&r->span, bytes);
	for (;;) {
		if (!r->bytes.len && !span_next(&r->span, &r->bytes))
			return false;
		if (!r->bytes.data) {
			*bytes = r->bytes;
			r->bytes.len = 0;
			return chunked_skip(&r->chunked, bytes->len);
		}
		enum http_result result =
		    chunked_next(&r->chunked, &r->bytes, bytes);
		if (bytes->len)
			return true;
		if (result != HTTP_MORE)
			return false;
	}
}
