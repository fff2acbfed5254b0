/* HTTP/2 with a client, by nghttp2: streams become requests as HTTP/1 would
 * write them, answers are taken apart into fields and data. */
#include "client_http2.h"

#include "http2_fields.h"
#include "intake.h"
#include "unframed.h"

#include "capture/h2_head.h"
#include "capture/log.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <nghttp2/nghttp2.h>

#include <stdlib.h>

#define STREAMS_MAX 100
#define OUT_MAX (32U << 10) /* frames gathered for one write, then one more */
#define KEEP_MAX (4U << 10) /* of an empty buffer */

struct http2 {
	struct client *client;
	nghttp2_session *session;
	struct http2_stream *first; /* of those that are open */
	struct buf out; /* frames; sent: how many bytes of them are */
	size_t sent;
	int64_t head_since; /* when a head began that is not whole yet; 0: none
			       did */
	int64_t sent_at;    /* when something was sent last */
	bool over;          /* nothing more is read */
};

/* One request and its answer. */
struct http2_stream {
	struct http2 *http;
	struct http2_stream *next, *before;
	int32_t id;
	struct event *timer; /* for --pace; NULL: none */

	struct h2_head head; /* whose text message points into */
	bool too_long;       /* the head */
	bool bodied;         /* a body comes, or came */
	bool asked;          /* the request is there whole */
	bool answered;       /* the answer is under way, or was refused */
	bool interim_sent;
	bool dropped; /* by the client */
	struct message message;
	struct live live;
	struct intake body;

	struct reply reply;
	struct unframed answer;
};

/* ---- streams ---- */

static struct http2_stream *stream_new(struct http2 *h, int32_t id);

static void stream_free(struct http2_stream *s, const char *reason)
{
	struct http2 *h = s->http;
	if (s->before)
		s->before->next = s->next;
	else
		h->first = s->next;
	if (s->next)
		s->next->before = s->before;
	client_line_end(h->client, &s->reply.line, s->answer.taken, reason);
	if (s->timer)
		event_free(s->timer);
	unframed_release(&s->answer);
	reply_release(&s->reply);
	live_release(&s->live);
	intake_release(&s->body);
	h2_head_release(&s->head);
	free(s);
}

static void reset(struct http2_stream *s)
{
	s->answered = true;
	nghttp2_submit_rst_stream(s->http->session, NGHTTP2_FLAG_NONE, s->id,
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
	nghttp2_session *session = s->http->session;
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

static bool pump(struct client *c);

static void go_on(struct http2_stream *s)
{
	struct client *c = s->http->client;
	answer_now(s);
	if (pump(c))
		client_run(c);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	go_on(context);
}

/* The answer is there: it goes out now, or after the recorded delay. */
static void answer_begin(struct http2_stream *s)
{
	struct client *c = s->http->client;
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
	struct client *c = s->http->client;
	if (!reply_go_on(&c->all->site, &s->reply, &s->live.request))
		return;
	answer_begin(s);
	if (pump(c))
		client_run(c);
}

static void refuse(struct http2_stream *s, const struct request *q,
		   const char *status)
{
	struct client *c = s->http->client;
	reply_refuse(&c->all->site, &s->reply, q, &c->arrival, client_now(c),
		     status);
	s->reply.match.step = MATCH_NONE;
	s->live.request.method = s->message.method;
	answer_now(s);
}

/* ---- requests ---- */

static void request_whole(struct http2_stream *s)
{
	struct client *c = s->http->client;
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
	http2_fields_interim(s->http->session, s->id, &go_on);
	s->interim_sent = true;
}

static void head_whole(struct http2_stream *s, bool bodied)
{
	struct client *c = s->http->client;
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
}

/* ---- what nghttp2 calls ---- */

static struct http2_stream *stream_of(nghttp2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session, id);
}

static bool is_request(const nghttp2_frame *f)
{
	return f->hd.type == NGHTTP2_HEADERS &&
	       f->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_head_begin(nghttp2_session *session, const nghttp2_frame *f,
			 void *context)
{
	struct http2 *h = context;
	h->head_since = client_now(h->client);
	if (!is_request(f))
		return 0;
	struct http2_stream *s = stream_new(h, f->hd.stream_id);
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

/* Trailers of a request are of no use. */
static int on_field(nghttp2_session *session, const nghttp2_frame *f,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *context)
{
	struct http2_stream *s = stream_of(session, f->hd.stream_id);
	(void)flags, (void)context;
	if (!s || !is_request(f) || s->too_long)
		return 0;
	h2_head_take(&s->head, (struct slice){name, name_len},
		     (struct slice){value, value_len});
	s->too_long = s->head.size > HEAD_MAX;
	return 0;
}

static bool ends_stream(const nghttp2_frame *f)
{
	return (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
	       f->hd.flags & NGHTTP2_FLAG_END_STREAM;
}

/* nghttp2 itself tells the client. */
static int on_invalid(nghttp2_session *session, const nghttp2_frame *f,
		      int error, void *context)
{
	struct http2 *h = context;
	(void)session;
	log_debug("HTTP/2 frame of type %u: %s", f->hd.type,
		  nghttp2_strerror(error));
	h->head_since = 0;
	return 0;
}

/* An answer that does not wait for the body of its request: the client may stop
 * (RFC 9113 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *f,
		   void *context)
{
	struct http2_stream *s = stream_of(session, f->hd.stream_id);
	(void)context;
	if (s && !s->asked && ends_stream(f))
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, s->id,
					  NGHTTP2_NO_ERROR);
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *f,
		    void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, f->hd.stream_id);
	if (f->hd.type == NGHTTP2_HEADERS)
		h->head_since = 0;
	if (!s)
		return 0;
	bool ends = ends_stream(f);
	if (f->hd.type == NGHTTP2_RST_STREAM)
		s->dropped = true;
	if (is_request(f))
		head_whole(s, !ends);
	if (ends)
		request_whole(s);
	else if (is_request(f) && !s->answered)
		tell_to_go_on(s);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
		   const uint8_t *data, size_t len, void *context)
{
	struct http2_stream *s = stream_of(session, id);
	(void)flags, (void)context;
	if (!s || s->answered)
		return 0;
	intake_add(&s->body, (struct slice){data, len});
	if (s->body.len > BODY_MAX)
		refuse(s, &s->live.request, "413 Content Too Large");
	return 0;
}

static const char *end_reason(const struct http2_stream *s)
{
	if (s->dropped)
		return "reset by the client";
	return s->answered ? NULL : "the request ended early";
}

static int on_stream_end(nghttp2_session *session, int32_t id, uint32_t error,
			 void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, id);
	(void)error;
	h->head_since = 0;
	if (s)
		stream_free(s, end_reason(s));
	return 0;
}

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *c;
	if (nghttp2_session_callbacks_new(&c))
		log_fatal("out of memory");
	nghttp2_session_callbacks_set_on_begin_headers_callback(c,
								on_head_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_field);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
	    c, on_invalid);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(c,
							       on_stream_end);
	return c;
}

static nghttp2_option *make_options(void)
{
	nghttp2_option *o;
	if (nghttp2_option_new(&o))
		log_fatal("out of memory");
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_max_send_header_block_length(o, HTTP_HEAD_MAX * 2);
	return o;
}

static struct http2_stream *stream_new(struct http2 *h, int32_t id)
{
	struct http2_stream *s = xcalloc(1, sizeof *s);
	s->http = h;
	s->id = id;
	s->reply.waiter.ready = on_ready;
	s->reply.waiter.context = s;
	h2_head_begin(&s->head, H2_REQUEST);
	s->next = h->first;
	if (s->next)
		s->next->before = s;
	h->first = s;
	return s;
}

/* ---- the connection ---- */

/* Gathers frames if none are left. False: there are none to send. */
static bool gather(struct http2 *h)
{
	const uint8_t *frame;
	ssize_t len;
	if (h->out.len)
		return true;
	while (h->out.len < OUT_MAX &&
	       (len = nghttp2_session_mem_send(h->session, &frame)) > 0)
		buf_add(&h->out, (struct slice){frame, (size_t)len});
	return h->out.len > 0;
}

static void empty(struct http2 *h)
{
	h->sent = 0;
	if (h->out.cap > KEEP_MAX && !h->first)
		buf_release(&h->out);
	else
		buf_clear(&h->out);
}

/* Sends what there is. Returns whether it is out, and the client still
 * there. */
static bool pump(struct client *c)
{
	struct http2 *h = c->talk;
	while (gather(h)) {
		bool all;
		struct slice rest = slice_from(buf_slice(&h->out), h->sent);
		ssize_t n = client_send(c, &rest, 1, &all);
		if (n < 0) {
			client_close(c, "the client went away");
			return false;
		}
		h->sent += (size_t)n;
		h->sent_at = client_now(c);
		if (h->sent == h->out.len)
			empty(h);
		if (!all) {
			client_await(c);
			return false;
		}
	}
	return client_drained(c);
}

/* Frames out of what came. False: the client broke the rules beyond what a
 * frame can tell it. */
static bool take_input(struct http2 *h)
{
	struct client *c = h->client;
	struct slice in;
	while ((in = client_piece(c->in)).len) {
		ssize_t n =
		    nghttp2_session_mem_recv(h->session, in.data, in.len);
		if (n < 0) {
			log_debug("HTTP/2: %s", nghttp2_strerror((int)n));
			return false;
		}
		evbuffer_drain(c->in, in.len);
	}
	return true;
}

/* Whether an answer is still being made, or held back. */
static bool waits_for_us(const struct http2 *h)
{
	for (const struct http2_stream *s = h->first; s; s = s->next)
		if (s->asked && !s->answered)
			return true;
	return false;
}

/* Whether the connection is to end, when all is out that may go out: what is
 * left of answers waits for a word of the client's. */
static bool is_over(const struct http2 *h)
{
	if (!nghttp2_session_want_read(h->session) &&
	    !nghttp2_session_want_write(h->session))
		return true;
	return h->over ? !waits_for_us(h)
		       : h->client->all->stopping && !h->first;
}

static bool work(struct client *c)
{
	struct http2 *h = c->talk;
	if (h->out.len) /* what a client does not read it shall not have more
			   of */
		return false;
	if (!take_input(h)) {
		client_close(c, "no HTTP/2");
		return false;
	}
	h->over |= c->ended;
	if (!pump(c))
		return false;
	if (is_over(h))
		return client_end(c);
	if (h->head_since &&
	    client_now(c) - h->head_since > HEAD_SECONDS * 1000000LL) {
		client_close(c, "the request took too long");
		return false;
	}
	return c->tls && client_has_more(c);
}

static bool writable(struct client *c)
{
	return pump(c);
}

/* A client that takes nothing, though there is something for it, does not
 * wait. */
static bool busy(const struct client *c)
{
	const struct http2 *h = c->talk;
	return waits_for_us(h) || (h->first && client_now(c) - h->sent_at <
						   IDLE_SECONDS * 1000000LL);
}

/* What was asked for before the client hears of it is still answered. */
static void stop(struct client *c)
{
	struct http2 *h = c->talk;
	struct http2_stream *next;
	nghttp2_submit_goaway(
	    h->session, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0);
	for (struct http2_stream *s = h->first; s; s = next) {
		next = s->next;
		if (s->timer && evtimer_pending(s->timer, NULL))
			event_active(s->timer, EV_TIMEOUT, 0);
	}
	if (pump(c) && !h->first)
		client_close(c, "stopping");
}

static void release(struct client *c, const char *reason)
{
	struct http2 *h = c->talk;
	while (h->first)
		stream_free(h->first, reason);
	nghttp2_session_del(h->session);
	buf_release(&h->out);
	free(h);
}

void http2_begin(struct client *c)
{
	static const struct speaker speaker = {writable, busy, stop, release};
	static const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
	};
	struct http2 *h = xcalloc(1, sizeof *h);
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *options = make_options();
	h->client = c;
	if (nghttp2_session_server_new2(&h->session, callbacks, h, options) ||
	    nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
				    sizeof settings / sizeof *settings))
		log_fatal("out of memory");
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(options);
	client_speak(c, &speaker, h);
	c->work = work;
}
