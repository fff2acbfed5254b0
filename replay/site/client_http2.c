/* HTTP/2 with a client: a connection, by nghttp2. */
#include "client_http2.h"

#include "client_http2_memory.h"
#include "client_http2_stream.h"

#include "capture/log.h"

#include <event2/buffer.h>

#include <stdlib.h>

#define STREAMS_MAX 100
#define OUT_MAX (32U << 10)  /* frames gathered for one write, then one more */
#define KEEP_MAX (4U << 10)  /* of an empty buffer */
#define HEADS_MAX (1U << 20) /* bytes of the heads of all open streams */

struct http2 {
	struct client *client;
	nghttp2_session *session;
	struct http2_memory memory;
	struct http2_stream *first; /* of those that are open */
	struct buf out; /* frames; sent: how many bytes of them are */
	size_t sent;
	size_t heads; /* bytes of the heads of those streams */
	/* Times of client_ticks. A head began that is not whole yet, 0: none
	 * did; a request or an answer got further, which no PING does: */
	int64_t head_since, moved;
	bool over;   /* nothing more is read */
	bool broken; /* the client broke the rules, and that was told */
};

/* ---- streams ---- */

static void ready(struct client *c);

static void add_stream(struct http2 *h, int32_t id)
{
	struct http2_stream *s =
	    http2_stream_new(h->client, h->session, id, ready);
	nghttp2_session_set_stream_user_data(h->session, id, s);
	s->next = h->first;
	if (s->next)
		s->next->before = s;
	h->first = s;
}

static void drop_stream(struct http2 *h, struct http2_stream *s,
			const char *reason)
{
	if (s->before)
		s->before->next = s->next;
	else
		h->first = s->next;
	if (s->next)
		s->next->before = s->before;
	h->heads -= s->head.size;
	http2_stream_free(s, reason);
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
	h->head_since = h->moved = client_ticks();
	(void)session;
	if (is_request(f))
		add_stream(h, f->hd.stream_id);
	return 0;
}

/* Trailers of a request are of no use. */
static int on_field(nghttp2_session *session, const nghttp2_frame *f,
		    const uint8_t *name, size_t name_len, const uint8_t *value,
		    size_t value_len, uint8_t flags, void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, f->hd.stream_id);
	(void)flags;
	if (!s || !is_request(f))
		return 0;
	h->heads -= s->head.size;
	http2_stream_field(s, (struct slice){name, name_len},
			   (struct slice){value, value_len});
	h->heads += s->head.size;
	s->too_long |= h->heads > HEADS_MAX;
	return 0;
}

static bool ends_stream(const nghttp2_frame *f)
{
	return (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
	       f->hd.flags & NGHTTP2_FLAG_END_STREAM;
}

/* One line a connection: the client itself is told by nghttp2. */
static void tell_broken(struct http2 *h, int error)
{
	struct client *c = h->client;
	struct reply r = {0};
	struct buf reason = {0};
	if (h->broken)
		return;
	h->broken = true;
	buf_printf(&reason, "broken HTTP/2: %s", nghttp2_strerror(error));
	buf_add_byte(&reason, 0);
	reply_failed(&c->all->site, &r, &c->arrival, client_now(c),
		     c->arrival.tls);
	client_line_end(c, &r.line, 0, (const char *)reason.data);
	reply_release(&r);
	buf_release(&reason);
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *f,
		      int error, void *context)
{
	struct http2 *h = context;
	(void)session, (void)f;
	tell_broken(h, error);
	h->head_since = 0;
	return 0;
}

/* An answer that does not wait for the body of its request: the client may stop
 * (RFC 9113 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *f,
		   void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, f->hd.stream_id);
	if (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA)
		h->moved = client_ticks();
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
		http2_stream_head(s, !ends);
	if (ends)
		http2_stream_asked(s);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
		   const uint8_t *data, size_t len, void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, id);
	(void)flags;
	h->moved = client_ticks();
	if (s)
		http2_stream_data(s, (struct slice){data, len});
	return 0;
}

static int on_stream_end(nghttp2_session *session, int32_t id, uint32_t error,
			 void *context)
{
	struct http2 *h = context;
	struct http2_stream *s = stream_of(session, id);
	(void)error;
	h->head_since = 0;
	if (s)
		drop_stream(h, s, NULL);
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

/* ---- the connection ---- */

/* Gathers frames if none are left. False: there are none to send. */
static bool gather(struct http2 *h)
{
	const uint8_t *frame;
	ssize_t len;
	if (h->out.len)
		return true;
	while (h->out.len < OUT_MAX &&
	       (len = nghttp2_session_mem_send(h->session, &frame)) > 0) {
		buf_add(&h->out, (struct slice){frame, (size_t)len});
		h->memory.used = true;
	}
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
			tell_broken(h, (int)n);
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
		if (http2_stream_waits(s))
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
	return c->tls && client_has_more(c);
}

static bool writable(struct client *c)
{
	return pump(c);
}

static void ready(struct client *c)
{
	if (pump(c))
		client_run(c);
}

/* A client that takes nothing, though there is something for it, does not
 * wait. */
static bool busy(const struct client *c)
{
	const struct http2 *h = c->talk;
	return waits_for_us(h) ||
	       (h->first && !client_past(h->moved, IDLE_SECONDS));
}

/* Why the connection is kept no longer; NULL: it is. */
static const char *too_slow(const struct http2 *h)
{
	if (h->head_since && client_past(h->head_since, HEAD_SECONDS))
		return "the request took too long";
	if (h->first && !waits_for_us(h) && client_past(h->moved, IDLE_SECONDS))
		return "the client does not go on";
	return NULL;
}

static bool look(struct client *c, bool idle)
{
	struct http2 *h = c->talk;
	const char *slow = too_slow(h);
	if (slow) {
		client_close(c, slow);
		return false;
	}
	bool refused = false;
	for (struct http2_stream *s = h->first; s; s = s->next)
		refused |= http2_stream_look(s);
	if (refused)
		return pump(c);
	if (idle && !h->first && !h->out.len) {
		http2_memory_idle(&h->memory);
		buf_release(&h->out);
	}
	return true;
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
		http2_stream_hurry(s);
	}
	if (pump(c) && !h->first)
		client_close(c, "stopping");
}

static void release(struct client *c, const char *reason)
{
	struct http2 *h = c->talk;
	while (h->first)
		drop_stream(h, h->first, reason);
	nghttp2_session_del(h->session);
	buf_release(&h->out);
	free(h);
}

void http2_begin(struct client *c)
{
	static const struct speaker speaker = {writable, busy, look, stop,
					       release};
	static const nghttp2_settings_entry settings[] = {
	    {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
	    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEAD_MAX},
	};
	struct http2 *h = xcalloc(1, sizeof *h);
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *options = make_options();
	nghttp2_mem memory = http2_memory_calls(&h->memory);
	h->client = c;
	c->arrival.http2 = true;
	if (nghttp2_session_server_new3(&h->session, callbacks, h, options,
					&memory) ||
	    nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
				    sizeof settings / sizeof *settings))
		log_fatal("out of memory");
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(options);
	client_speak(c, &speaker, h);
	c->work = work;
}
