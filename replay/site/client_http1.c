/* HTTP/1 with a client: a request, its body, its answer, the next. */
#include "client_http1.h"

#include "intake.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <stdlib.h>

struct http1 {
	struct event *timer; /* for --pace, NULL until it is needed */
	size_t scanned;      /* bytes of the head that were looked at */
	int64_t head_since;  /* when its first byte came: client_ticks */
	int64_t body_since;  /* the same of the body, if there is one */
	bool last;           /* the connection ends after this answer */
	bool interim_sent;   /* or under way, and the body is to come */

	/* A request with a body: its head is kept until the body is there. */
	struct buf head;
	struct message message;
	struct live live;
	struct intake body;
	struct chunked chunked;
	uint64_t left;

	struct reply reply;
	uint64_t sent;
};

static bool read_head(struct client *c);
static bool read_body(struct client *c);

/* All of the answer went out. */
static bool answer_end(struct client *c)
{
	struct http1 *h = c->talk;
	struct answer *a = &h->reply.answer;
	if (h->interim_sent) {
		c->work = read_body;
		return true;
	}
	client_line_end(c, &h->reply.line, h->sent, NULL);
	h->sent = 0;
	c->silent = a->cut;
	reply_end(&h->reply);
	if (a->reset)
		return client_reset(c);
	if (h->last || a->close || c->all->stopping)
		return client_end(c);
	/* what a tunnel carries may be TLS */
	c->work = c->arrival.tunnel && !c->tls ? c->first : read_head;
	return true;
}

/* Sends on. Returns whether the answer is out and the client still there;
 * else it goes on when the socket takes more, or there is no client. */
static bool answer_pump(struct client *c)
{
	struct http1 *h = c->talk;
	struct answer *a = &h->reply.answer;
	while (answer_fill(a)) {
		bool all;
		ssize_t n =
		    client_send(c, a->ready + a->from, a->to - a->from, &all);
		if (n < 0) {
			client_close(c, "the client went away");
			return false;
		}
		h->sent += (size_t)n;
		answer_sent(a, (size_t)n);
		if (!all) {
			client_await(c);
			return false;
		}
	}
	return client_drained(c) && answer_end(c);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct client *c = context;
	(void)fd, (void)what;
	if (answer_pump(c))
		client_run(c);
}

/* Sends the answer now, or after the recorded delay. */
static bool answer_begin(struct client *c)
{
	struct http1 *h = c->talk;
	c->work = NULL;
	h->reply.line.before += h->sent; /* that it may go on */
	int64_t delay = reply_delay(&c->all->site, &h->reply);
	if (!delay)
		return answer_pump(c);
	struct timeval tv = {delay / 1000000, delay % 1000000};
	if (!h->timer)
		h->timer = evtimer_new(c->all->base, on_time, c);
	evtimer_add(h->timer, &tv);
	return false;
}

static bool refuse(struct client *c, const struct request *q,
		   const char *status)
{
	struct http1 *h = c->talk;
	reply_refuse(&c->all->site, &h->reply, q, &c->arrival, client_now(c),
		     status);
	h->reply.match.step = MATCH_NONE;
	h->reply.line.before += h->sent;
	h->interim_sent = false; /* it is the last of this request */
	c->work = NULL;
	return answer_pump(c);
}

/* What the tunnel carries is a connection of its own. */
static void enter_tunnel(struct client *c)
{
	struct http1 *h = c->talk;
	const struct request *q = &h->live.request;
	if (!slice_equal(q->method, SLICE("CONNECT")) ||
	    h->reply.answer.status / 100 != 2)
		return;
	c->arrival.port = q->url.port;
	c->arrival.for_all_ports = false;
	c->arrival.tunnel = true;
}

/* Answers a request that is there whole. False if the answer must be made
 * first. */
static bool answer_request(struct client *c, const struct message *m)
{
	struct http1 *h = c->talk;
	bool ready = reply_find(&c->all->site, &h->reply, &h->live,
				client_now(c), h->interim_sent);
	h->interim_sent = false;
	h->last = m->close;
	c->work = NULL;
	if (ready)
		enter_tunnel(c);
	return ready;
}

static bool body_end(struct client *c)
{
	struct http1 *h = c->talk;
	struct request *q = &h->live.request;
	intake_end(&h->body, q);
	return answer_request(c, &h->message) && answer_begin(c);
}

/* Takes what of the body is in one piece of input. *used: how much of it. */
static enum http_result body_step(struct client *c, struct slice in,
				  size_t *used)
{
	struct http1 *h = c->talk;
	size_t len = in.len;
	enum http_result result = HTTP_MORE;
	if (h->message.framing == HTTP_CHUNKED) {
		while (result == HTTP_MORE && in.len) {
			struct slice data;
			result = chunked_next(&h->chunked, &in, &data);
			intake_add(&h->body, data);
		}
		*used = len - in.len;
		return result;
	}
	in = slice_to(in, h->left < in.len ? (size_t)h->left : in.len);
	intake_add(&h->body, in);
	h->left -= in.len;
	*used = in.len;
	return h->left ? HTTP_MORE : HTTP_DONE;
}

static bool read_body(struct client *c)
{
	struct http1 *h = c->talk;
	struct slice in;
	enum http_result result = HTTP_MORE;
	while (result == HTTP_MORE && (in = client_piece(c->in)).len) {
		size_t used;
		result = body_step(c, in, &used);
		evbuffer_drain(c->in, used);
		if (h->body.len > BODY_MAX)
			return refuse(c, &h->live.request,
				      "413 Content Too Large");
	}
	if (result == HTTP_BAD)
		return refuse(c, &h->live.request, "400 Bad Request");
	/* A body that ends early was perhaps recorded so, and answered. */
	if (result == HTTP_DONE || c->ended)
		return body_end(c);
	/* then more waits behind what was unsealed at once */
	return c->tls && client_has_more(c);
}

/* The client waits to be told whether to send the body (RFC 9110 10.1.1). */
static bool answer_expectation(struct client *c)
{
	struct http1 *h = c->talk;
	bool bodiless;
	const struct site *site = &c->all->site;
	const struct table *table = site->edition->table;
	uint32_t i = reply_expect(site, &h->live, &bodiless);
	struct answer *a = &h->reply.answer;
	if (i != TABLE_NONE && bodiless &&
	    !answer_interim(a, table_exchange(table, i))) {
		/* as then: the final answer, and the body is never sent */
		bool ready = answer_request(c, &h->message);
		h->last = true;
		return ready && answer_begin(c);
	}
	if (i == TABLE_NONE || !answer_interim(a, table_exchange(table, i)))
		answer_continue(a);
	h->interim_sent = true;
	c->work = NULL;
	return answer_pump(c);
}

/* Keeps the head, which the input gives up. */
static bool keep_head(struct client *c, const struct message *m)
{
	struct http1 *h = c->talk;
	buf_clear(&h->head);
	buf_add(&h->head, m->head);
	evbuffer_drain(c->in, m->head.len);
	if (http_request(buf_slice(&h->head), &h->message) != HTTP_DONE)
		return false;
	live_begin(&h->live, &h->message, &c->arrival, &c->all->site);
	return true;
}

static bool body_begin(struct client *c, const struct message *m)
{
	struct http1 *h = c->talk;
	if (!keep_head(c, m))
		return refuse(c, NULL, "400 Bad Request");
	intake_begin(&h->body);
	h->chunked = (struct chunked){0};
	h->left = h->message.length;
	h->body_since = client_ticks();
	c->work = read_body;
	if (h->message.expect && h->message.minor > 0 &&
	    !evbuffer_get_length(c->in))
		return answer_expectation(c);
	return true;
}

static bool take_head(struct client *c, const struct message *m)
{
	struct http1 *h = c->talk;
	h->scanned = 0;
	if (!m->malformed && m->framing != HTTP_NO_BODY)
		return body_begin(c, m);
	live_begin(&h->live, m, &c->arrival, &c->all->site);
	if (m->malformed)
		return refuse(c, &h->live.request, "400 Bad Request");
	if (!answer_request(c, m)) {
		keep_head(c, m);
		return false;
	}
	evbuffer_drain(c->in, m->head.len);
	return answer_begin(c);
}

/* The answer that it waits for was made. */
static void on_ready(void *context)
{
	struct client *c = context;
	struct http1 *h = c->talk;
	if (reply_go_on(&c->all->site, &h->reply, &h->live.request) &&
	    answer_begin(c))
		client_run(c);
}

/* Empty lines before a request are ignored (RFC 9112 2.2). */
static void skip_empty_lines(struct client *c)
{
	struct slice in;
	while ((in = client_piece(c->in)).len) {
		size_t n = 0;
		while (n < in.len && (in.data[n] == '\r' || in.data[n] == '\n'))
			n++;
		if (!n)
			return;
		evbuffer_drain(c->in, n);
	}
}

/* The input in one piece, as far as a head may be long. */
static struct slice input_slice(struct client *c)
{
	size_t len = evbuffer_get_length(c->in);
	size_t want = len < HEAD_MAX + 1 ? len : HEAD_MAX + 1;
	struct slice piece = client_piece(c->in);
	if (piece.len >= want)
		return piece;
	return (struct slice){evbuffer_pullup(c->in, (ev_ssize_t)want), want};
}

/* A head that comes byte by byte is not parsed as often. */
static bool worth_parsing(struct http1 *h, struct slice in)
{
	size_t seen = h->scanned;
	h->scanned = in.len;
	return !seen || http_empty_line(in, seen);
}

/* A head that is not whole yet. */
static bool wait_for_head(struct client *c, size_t len)
{
	if (len > HEAD_MAX)
		return refuse(c, NULL, "431 Request Header Fields Too Large");
	if (c->ended)
		client_close(c, "the request ended early");
	return false;
}

static bool read_head(struct client *c)
{
	struct http1 *h = c->talk;
	struct message m;
	if (!h->scanned)
		skip_empty_lines(c);
	if (!evbuffer_get_length(c->in)) {
		if (c->ended || c->all->stopping)
			client_close(c, "the client closed");
		return false;
	}
	if (!h->scanned)
		h->head_since = client_ticks();
	struct slice in = input_slice(c);
	if (!worth_parsing(h, in))
		return wait_for_head(c, in.len);
	switch (http_request(in, &m)) {
	case HTTP_BAD:
		return refuse(c, NULL, "400 Bad Request");
	case HTTP_MORE:
		return wait_for_head(c, in.len);
	case HTTP_DONE:
		break;
	}
	if (m.head.len > HEAD_MAX)
		return wait_for_head(c, m.head.len);
	return take_head(c, &m);
}

/* ---- its end ---- */

static bool writable(struct client *c)
{
	return c->work ? client_drained(c) : answer_pump(c);
}

static bool busy(const struct client *c)
{
	return !c->work;
}

static bool look(struct client *c, bool idle)
{
	struct http1 *h = c->talk;
	(void)idle;
	if (c->work == read_head && h->scanned &&
	    client_past(h->head_since, HEAD_SECONDS)) {
		client_close(c, "the request took too long");
		return false;
	}
	if (c->work != read_body ||
	    !client_body_slow(h->body_since, h->body.len))
		return true;
	if (refuse(c, &h->live.request, "408 Request Timeout"))
		client_run(c);
	return false;
}

static void stop(struct client *c)
{
	struct http1 *h = c->talk;
	if (c->work)
		client_close(c, "stopping");
	else if (h->timer && evtimer_pending(h->timer, NULL))
		event_active(h->timer, EV_TIMEOUT, 0);
}

static void release(struct client *c, const char *reason)
{
	struct http1 *h = c->talk;
	client_line_end(c, &h->reply.line, h->sent, reason);
	if (h->timer)
		event_free(h->timer);
	reply_release(&h->reply);
	live_release(&h->live);
	intake_release(&h->body);
	buf_release(&h->head);
	free(h);
}

void http1_begin(struct client *c)
{
	static const struct speaker speaker = {writable, busy, look, stop,
					       release};
	struct http1 *h = xcalloc(1, sizeof *h);
	h->reply.waiter.ready = on_ready;
	h->reply.waiter.context = c;
	client_speak(c, &speaker, h);
	c->work = read_head;
}
