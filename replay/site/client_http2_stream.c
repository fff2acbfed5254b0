/* A stream of HTTP/2: a request and its answer. */
#include "client_http2_stream.h"

#include "http2_fields.h"

#include <event2/event.h>

#include <stdlib.h>

static void reset(struct http2_stream *s)
{
	s->answered = true;
	nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, s->id,
				  NGHTTP2_INTERNAL_ERROR);
}

/* ---- answers ---- */

/* The field lines behind the body: of chunks, or as HTTP/2 had them. */
static struct slice trailers_of(const struct http2_stream *s)
{
	const struct reply *r = &s->reply;
	if (s->answer.trailers.len || !r->match.step)
		return buf_slice(&s->answer.trailers);
	return exchange_trailers(
	    table_exchange(r->edition->table, r->match.exchange));
}

/* What of an answer goes out next. Its end is in the last data, but for a
 * trailer section, which follows. */
static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *out,
			 size_t max, uint32_t *flags,
			 nghttp2_data_source *source, void *context)
{
	struct http2_stream *s = source->ptr;
	(void)context;
	size_t len = unframed_read(&s->answer, out, max);
	if (!s->answer.ended)
		return (ssize_t)len;
	if (s->answer.cut) /* the stream is reset behind what is there */
		return len ? (ssize_t)len
			   : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (http2_fields_trailers(session, id, trailers_of(s)))
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	return (ssize_t)len;
}

/* Interim heads, then the final one. False: it cannot be told in HTTP/2. */
static bool submit(struct http2_stream *s)
{
	nghttp2_session *session = s->session;
	nghttp2_data_provider data = {{.ptr = s}, read_data};
	struct slice method = s->live.request.method;
	struct message m;
	for (;;) {
		if (!unframed_head(&s->answer, method, &m) || m.status == 101)
			return false;
		if (m.status >= 200)
			break;
		if (!http2_fields_interim(session, s->id, &m))
			return false;
	}
	return http2_fields_answer(session, s->id, &m,
				   s->answer.ended ? NULL : &data);
}

static void answer_now(struct http2_stream *s)
{
	s->answered = true;
	unframed_begin(&s->answer, &s->reply.answer);
	if (!submit(s))
		reset(s);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct http2_stream *s = context;
	(void)fd, (void)what;
	answer_now(s);
	s->ready(s->client);
}

/* The answer is there: it goes out now, or after the recorded delay. */
static void answer_begin(struct http2_stream *s)
{
	struct client *c = s->client;
	int64_t delay = reply_delay(&c->all->site, &s->reply);
	if (!delay || c->all->stopping) {
		answer_now(s);
		return;
	}
	struct timeval tv = {delay / 1000000, delay % 1000000};
	s->timer = evtimer_new(c->all->base, on_time, s);
	evtimer_add(s->timer, &tv);
}

/* The answer that it waits for was made. */
static void on_ready(void *context)
{
	struct http2_stream *s = context;
	struct client *c = s->client;
	if (!reply_go_on(&c->all->site, &s->reply, &s->live.request))
		return;
	answer_begin(s);
	s->ready(c);
}

static void refuse(struct http2_stream *s, const struct request *q,
		   const char *status)
{
	struct client *c = s->client;
	reply_refuse(&c->all->site, &s->reply, q, &c->arrival, client_now(c),
		     status);
	s->reply.match.step = MATCH_NONE;
	s->live.request.method = s->message.method;
	answer_now(s);
}

/* ---- requests ---- */

void http2_stream_asked(struct http2_stream *s)
{
	struct client *c = s->client;
	s->asked = true;
	if (s->answered)
		return;
	if (s->bodied)
		intake_end(&s->body, &s->live.request);
	if (reply_find(&c->all->site, &s->reply, &s->live, client_now(c),
		       s->interim_sent))
		answer_begin(s);
}

/* The client waits to be told whether to send the body (RFC 9110 10.1.1). */
static void tell_to_go_on(struct http2_stream *s)
{
	static const struct message go_on = {.status = 100};
	if (!s->message.expect)
		return;
	http2_fields_interim(s->session, s->id, &go_on);
	s->interim_sent = true;
}

void http2_stream_head(struct http2_stream *s, bool bodied)
{
	struct client *c = s->client;
	struct message *m = &s->message;
	struct slice text = {0};
	bool right = h2_head_text(&s->head, &text) && !s->head.malformed &&
		     http_request(text, m) == HTTP_DONE && !m->malformed;
	if (s->too_long) {
		refuse(s, NULL, "431 Request Header Fields Too Large");
		return;
	}
	if (!right) {
		refuse(s, NULL, "400 Bad Request");
		return;
	}
	live_begin(&s->live, m, &c->arrival, &c->all->site);
	s->bodied = bodied;
	if (bodied)
		intake_begin(&s->body);
	if (slice_equal(m->method, SLICE("CONNECT")))
		refuse(s, &s->live.request, "501 Not Implemented");
	else if (bodied)
		tell_to_go_on(s);
}

void http2_stream_field(struct http2_stream *s, struct slice name,
			struct slice value)
{
	if (s->too_long)
		return;
	h2_head_take(&s->head, name, value);
	s->too_long = s->head.size > HEAD_MAX;
}

void http2_stream_data(struct http2_stream *s, struct slice bytes)
{
	if (s->answered)
		return;
	intake_add(&s->body, bytes);
	if (s->body.len > BODY_MAX)
		refuse(s, &s->live.request, "413 Content Too Large");
}

bool http2_stream_look(struct http2_stream *s)
{
	if (!s->bodied || s->asked || s->answered ||
	    !client_body_slow(s->since, s->body.len))
		return false;
	refuse(s, &s->live.request, "408 Request Timeout");
	return true;
}

bool http2_stream_waits(const struct http2_stream *s)
{
	return s->asked && !s->answered;
}

void http2_stream_hurry(struct http2_stream *s)
{
	if (s->timer && evtimer_pending(s->timer, NULL))
		event_active(s->timer, EV_TIMEOUT, 0);
}

/* ---- its life ---- */

struct http2_stream *http2_stream_new(struct client *c,
				      nghttp2_session *session, int32_t id,
				      void (*ready)(struct client *c))
{
	struct http2_stream *s = xcalloc(1, sizeof *s);
	s->client = c;
	s->session = session;
	s->id = id;
	s->ready = ready;
	s->since = client_ticks();
	s->reply.waiter.ready = on_ready;
	s->reply.waiter.context = s;
	h2_head_begin(&s->head, H2_REQUEST);
	return s;
}

static const char *end_reason(const struct http2_stream *s)
{
	if (s->dropped)
		return "reset by the client";
	return s->answered ? NULL : "the request ended early";
}

void http2_stream_free(struct http2_stream *s, const char *reason)
{
	client_line_end(s->client, &s->reply.line, s->answer.taken,
			reason ? reason : end_reason(s));
	if (s->timer)
		event_free(s->timer);
	unframed_release(&s->answer);
	reply_release(&s->reply);
	live_release(&s->live);
	intake_release(&s->body);
	h2_head_release(&s->head);
	free(s);
}
