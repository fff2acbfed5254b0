/* One live connection, from its first byte to client_close. */
#include "client.h"

#include "tls.h"

#include "capture/log.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Bytes that the kernel keeps beyond what the client's window takes. Megabytes
 * each for a thousand slow readers would be copied, and wait. */
#define UNSENT_MAX (128 << 10)
#define HEAD_MAX (256U << 10)
#define BODY_MAX (64U << 20)
#define INPUT_MAX (320U << 10) /* bytes read ahead: a head and then some */
#define IDLE_SECONDS 120       /* between any two bytes */
#define HEAD_SECONDS 60        /* for a whole head */
#define SHAKE_SECONDS 20       /* between any two bytes of a handshake */
#define SHAKE_ALL_SECONDS 60
#define LINGER_SECONDS 2 /* between any two bytes after the last answer */
#define LINGER_ALL_SECONDS 6
#define PACE_MAX_SECONDS 600  /* no client waits longer; captures may lie */
#define LINGER_MAX (1U << 20) /* bytes that may come after the last answer */

struct client {
	struct clients *all;
	struct client *next, *before;
	struct bufferevent *events; /* what comes in: the wire */
	struct evbuffer *in;        /* what the client says: the wire's input,
				       or in TLS what comes out of it */
	struct tls *tls;            /* NULL: in clear */
	struct event *writable;     /* the socket takes more of an answer */
	struct event *timer;        /* for --pace, NULL until it is needed */
	struct arrival arrival;
	int fd;

	/* What is done with input; NULL while an answer is under way. Returns
	 * whether it got further, and the client is still there. */
	bool (*work)(struct client *c);
	size_t scanned;     /* bytes of the head that were looked at */
	int64_t head_since; /* when its first byte came, microseconds; at last
			       when lingering began */
	bool wire_ended;    /* the wire will bring no more */
	bool ended;         /* the client will send no more */
	bool last;          /* the connection ends after this answer */
	bool interim_sent;  /* or under way, and the body is to come */
	bool silent;        /* TLS does not say that it ends */

	/* A request with a body: its head is kept until the body is there. */
	struct buf head;
	struct message message;
	struct live live;
	struct digest digest;
	struct chunked chunked;
	struct buf body; /* the first BODY_START_MAX bytes */
	uint64_t body_len, left;

	struct reply reply;
	uint64_t sent;
	size_t lingered;
};

static bool read_first(struct client *c);
static bool read_head(struct client *c);
static bool read_body(struct client *c);

static int64_t now(const struct client *c)
{
	struct timeval tv;
	event_base_gettimeofday_cached(c->all->base, &tv);
	return (int64_t)tv.tv_sec * 1000000 + tv.tv_usec;
}

static void end_line(struct client *c, const char *reason)
{
	struct journal *j = c->all->site.journal;
	line_end(j, &c->reply.line, c->sent, reason);
	if (journal_waits(j))
		event_active(c->all->flush, 0, 0);
}

/* Writes what TLS has for the wire. False on an error; *all: nothing is
 * left. */
static bool wire_out(struct client *c, bool *all)
{
	struct slice out;
	*all = true;
	while ((out = tls_wire(c->tls)).len) {
		ssize_t n = write(c->fd, out.data, out.len);
		if (n < 0 && errno == EINTR)
			continue;
		*all = n >= 0 || errno != EAGAIN;
		if (n < 0)
			return !*all;
		tls_sent(c->tls, (size_t)n);
	}
	return true;
}

/* A missing close_notify tells that an answer was cut (RFC 8446 6.1). */
static void end_tls(struct client *c)
{
	bool all;
	if (!c->tls || c->silent)
		return;
	tls_end(c->tls);
	wire_out(c, &all);
}

/* Every client ends here. */
static void client_close(struct client *c, const char *reason)
{
	struct clients *all = c->all;
	end_line(c, reason);
	log_debug("connection closed: %s", reason);
	if (c->before)
		c->before->next = c->next;
	else
		all->first = c->next;
	if (c->next)
		c->next->before = c->before;
	all->count--;
	if (c->timer)
		event_free(c->timer);
	event_free(c->writable);
	end_tls(c);
	if (c->tls)
		evbuffer_free(c->in);
	bufferevent_free(c->events);
	tls_free(c->tls);
	reply_release(&c->reply);
	live_release(&c->live);
	digest_release(&c->digest);
	buf_release(&c->head);
	buf_release(&c->body);
	free(c);
	if (all->stopping && !all->count)
		all->none_left(all->context);
}

static struct evbuffer *wire(const struct client *c)
{
	return bufferevent_get_input(c->events);
}

/* The next bytes that stand in one piece; empty if there are none. An evbuffer
 * may begin with an empty piece, which holds nothing up. */
static struct slice first_piece(struct evbuffer *in)
{
	struct evbuffer_iovec pieces[4];
	int count = evbuffer_peek(in, -1, NULL, pieces, 4);
	for (int i = 0; i < count && i < 4; i++)
		if (pieces[i].iov_len)
			return (struct slice){pieces[i].iov_base,
					      pieces[i].iov_len};
	return (struct slice){0};
}

/* Many connections wait as long: libevent keeps these in a queue. */
static const struct timeval *timeout(const struct client *c, int seconds)
{
	struct timeval tv = {seconds, 0};
	return event_base_init_common_timeout(c->all->base, &tv);
}

/* What comes after the last answer is thrown away, since a socket that is
 * closed with input unread resets the connection, and the reset may overtake
 * the answer (RFC 9112 9.6). */
static bool linger(struct client *c)
{
	size_t len = evbuffer_get_length(wire(c));
	evbuffer_drain(wire(c), len);
	c->lingered += len;
	if (c->wire_ended || c->lingered > LINGER_MAX ||
	    now(c) - c->head_since > LINGER_ALL_SECONDS * 1000000LL)
		client_close(c, "answered");
	return false;
}

static bool end_gently(struct client *c)
{
	end_tls(c);
	shutdown(c->fd, SHUT_WR);
	c->head_since = now(c);
	bufferevent_set_timeouts(c->events, timeout(c, LINGER_SECONDS), NULL);
	c->work = linger;
	return true;
}

static bool end_by_reset(struct client *c)
{
	struct linger none = {.l_onoff = 1};
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	c->silent = true;
	client_close(c, "reset, as recorded");
	return false;
}

/* All of the answer went out. */
static bool answer_end(struct client *c)
{
	struct answer *a = &c->reply.answer;
	if (c->interim_sent) {
		c->work = read_body;
		return true;
	}
	end_line(c, NULL);
	c->sent = 0;
	c->silent = a->cut;
	reply_end(&c->reply);
	if (a->reset)
		return end_by_reset(c);
	if (c->last || a->close || c->all->stopping)
		return end_gently(c);
	/* what a tunnel carries may be TLS */
	c->work = c->arrival.tunnel && !c->tls ? read_first : read_head;
	return true;
}

/* Writes what is in hand straight to the socket: most answers go out whole in
 * one call, with nothing copied. Returns how many bytes, -1 on an error. */
static ssize_t write_ready(struct client *c, size_t *ready)
{
	struct answer *a = &c->reply.answer;
	struct iovec iov[ANSWER_READY];
	int count = 0;
	*ready = 0;
	for (unsigned i = a->from; i < a->to; i++) {
		iov[count].iov_base = (void *)a->ready[i].data;
		iov[count++].iov_len = a->ready[i].len;
		*ready += a->ready[i].len;
	}
	ssize_t n;
	do
		n = writev(c->fd, iov, count);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

/* The same through TLS. It counts what was sealed; if not all of that went out
 * it says that more was ready. */
static ssize_t seal_ready(struct client *c, size_t *ready)
{
	struct answer *a = &c->reply.answer;
	bool all = true;
	*ready = 1;
	/* what little stands before it goes out with it */
	if (tls_wire(c->tls).len > TLS_SEAL_MAX / 4 && !wire_out(c, &all))
		return -1;
	if (!all)
		return 0;
	size_t n = tls_seal(c->tls, a->ready + a->from, a->to - a->from);
	if (!n || !wire_out(c, &all))
		return -1;
	*ready = n + !all;
	return (ssize_t)n;
}

/* Whether nothing is left for the wire and the client still there. */
static bool wire_is_empty(struct client *c)
{
	bool all;
	if (!c->tls)
		return true;
	if (!wire_out(c, &all)) {
		client_close(c, "the client went away");
		return false;
	}
	if (!all)
		event_add(c->writable, timeout(c, IDLE_SECONDS));
	return all;
}

/* Sends on. Returns whether the answer is out and the client still there;
 * else it goes on when the socket takes more, or there is no client. */
static bool answer_pump(struct client *c)
{
	struct answer *a = &c->reply.answer;
	while (answer_fill(a)) {
		size_t ready;
		ssize_t n =
		    c->tls ? seal_ready(c, &ready) : write_ready(c, &ready);
		if (n < 0) {
			client_close(c, "the client went away");
			return false;
		}
		c->sent += (size_t)n;
		answer_sent(a, (size_t)n);
		if ((size_t)n < ready) {
			event_add(c->writable, timeout(c, IDLE_SECONDS));
			return false;
		}
	}
	return wire_is_empty(c) && answer_end(c);
}

/* ---- TLS ---- */

static void tell_failure(struct client *c, const struct tls_told *told)
{
	reply_failed(&c->all->site, &c->reply, &c->arrival, now(c), told);
	end_line(c, NULL);
}

static bool tls_failed(struct client *c, const struct tls_told *told)
{
	tell_failure(c, told);
	return end_gently(c);
}

/* A handshake that is not over yet. */
static bool wait_for_hands(struct client *c)
{
	struct tls_told told = *tls_told(c->tls);
	if (c->wire_ended)
		told.failure = "the client went away";
	else if (now(c) - c->head_since > SHAKE_ALL_SECONDS * 1000000LL)
		told.failure = "it took too long";
	return told.failure && tls_failed(c, &told);
}

/* The connection ends, perhaps in its handshake. */
static void tell_hands(struct client *c, const char *failure)
{
	if (!c->tls || tls_state(c->tls) != TLS_SHAKING)
		return;
	struct tls_told told = *tls_told(c->tls);
	told.failure = failure;
	tell_failure(c, &told);
}

/* Takes what TLS makes of the wire's bytes. No more is taken while much is
 * there: a client may send requests ahead. */
static void unseal_all(struct client *c)
{
	struct slice piece, part;
	while (evbuffer_get_length(c->in) < INPUT_MAX &&
	       (piece = first_piece(wire(c))).len) {
		tls_feed(c->tls, piece);
		while ((part = tls_read(c->tls)).len)
			evbuffer_add(c->in, part.data, part.len);
		evbuffer_drain(wire(c), piece.len);
	}
	c->ended = tls_state(c->tls) == TLS_ENDED ||
		   (c->wire_ended && !evbuffer_get_length(wire(c)));
}

/* Before each step of work. Returns whether there is something to do, and the
 * client still there. */
static bool unseal(struct client *c)
{
	if (c->work == linger)
		return true;
	bool shaking = tls_state(c->tls) == TLS_SHAKING;
	/* what a client does not read it shall not have more of */
	if (!wire_is_empty(c))
		return false;
	unseal_all(c);
	/* session tickets go out with the answer, if there is a request */
	bool answers =
	    tls_state(c->tls) == TLS_OPEN && evbuffer_get_length(c->in) > 0;
	if (!answers && !wire_is_empty(c))
		return false;
	switch (tls_state(c->tls)) {
	case TLS_SHAKING:
		return wait_for_hands(c);
	case TLS_FAILED:
		return tls_failed(c, tls_told(c->tls));
	case TLS_OPEN:
	case TLS_ENDED:
		break;
	}
	if (shaking)
		bufferevent_set_timeouts(c->events, timeout(c, IDLE_SECONDS),
					 NULL);
	return true;
}

static void run(struct client *c)
{
	while (c->work && (!c->tls || unseal(c)) && c->work(c))
		;
}

static bool begin_tls(struct client *c)
{
	c->tls = tls_new(c->all->site.tls, &c->arrival.local.address);
	if (!c->tls) {
		client_close(c, "TLS cannot be served");
		return false;
	}
	c->in = evbuffer_new();
	if (!c->in)
		log_fatal("out of memory");
	c->ended = false;
	c->arrival.https = true;
	c->arrival.tls = tls_told(c->tls);
	c->head_since = now(c);
	c->work = read_head;
	bufferevent_set_timeouts(c->events, timeout(c, SHAKE_SECONDS), NULL);
	return true;
}

/* Whether a connection, or what a tunnel carries, is TLS. */
static bool read_first(struct client *c)
{
	static const struct tls_told old = {
	    .failure = "the client is too old: an SSL 2.0 hello"};
	uint8_t first[3];
	ev_ssize_t len = evbuffer_copyout(c->in, first, sizeof first);
	switch (tls_first((struct slice){first, len > 0 ? (size_t)len : 0})) {
	case TLS_FIRST_MORE:
		if (c->ended || c->all->stopping)
			client_close(c, "the client closed");
		return false;
	case TLS_FIRST_HELLO:
		return begin_tls(c);
	case TLS_FIRST_SSL2:
		return tls_failed(c, &old);
	case TLS_FIRST_CLEAR:
		break;
	}
	c->work = read_head;
	return true;
}

/* ---- requests ---- */

static void on_time(evutil_socket_t fd, short what, void *context)
{
	struct client *c = context;
	(void)fd, (void)what;
	if (answer_pump(c))
		run(c);
}

/* Sends the answer now, or after the recorded delay. */
static bool answer_begin(struct client *c)
{
	c->work = NULL;
	const struct match *m = &c->reply.match;
	if (!c->all->site.options->pace || !m->step)
		return answer_pump(c);
	const struct exchange *e =
	    table_exchange(c->reply.edition->table, m->exchange);
	int64_t delay = (e->answer_time - e->time) / 1000;
	if (!e->answer_time || delay <= 0)
		return answer_pump(c);
	if (delay > PACE_MAX_SECONDS * 1000000LL)
		delay = PACE_MAX_SECONDS * 1000000LL;
	struct timeval tv = {delay / 1000000, delay % 1000000};
	if (!c->timer)
		c->timer = evtimer_new(c->all->base, on_time, c);
	evtimer_add(c->timer, &tv);
	return false;
}

static bool refuse(struct client *c, const struct request *q,
		   const char *status)
{
	reply_refuse(&c->all->site, &c->reply, q, &c->arrival, now(c), status);
	c->reply.match.step = MATCH_NONE;
	c->work = NULL;
	return answer_pump(c);
}

/* What the tunnel carries is a connection of its own. */
static void enter_tunnel(struct client *c)
{
	const struct request *q = &c->live.request;
	if (!slice_equal(q->method, SLICE("CONNECT")) ||
	    c->reply.answer.status / 100 != 2)
		return;
	c->arrival.port = q->url.port;
	c->arrival.for_all_ports = false;
	c->arrival.tunnel = true;
}

/* Answers a request that is there whole. False if the answer must be made
 * first. */
static bool answer_request(struct client *c, const struct message *m)
{
	bool ready = reply_find(&c->all->site, &c->reply, &c->live, now(c),
				c->interim_sent);
	c->interim_sent = false;
	c->last = m->close;
	c->work = NULL;
	if (ready)
		enter_tunnel(c);
	return ready;
}

static bool body_end(struct client *c)
{
	struct request *q = &c->live.request;
	q->has_body = c->body_len > 0;
	digest_finish(&c->digest, q->digest);
	if (c->body_len <= BODY_START_MAX)
		q->body = buf_slice(&c->body);
	return answer_request(c, &c->message) && answer_begin(c);
}

/* Takes bytes of the body. Bodies are not kept: their digest is. */
static void take_body(struct client *c, struct slice bytes)
{
	c->body_len += bytes.len;
	digest_add(&c->digest, bytes);
	if (c->body.len < BODY_START_MAX)
		buf_add(&c->body,
			slice_to(bytes, BODY_START_MAX - c->body.len));
}

/* Takes what of the body is in one piece of input. *used: how much of it. */
static enum http_result body_step(struct client *c, struct slice in,
				  size_t *used)
{
	size_t len = in.len;
	enum http_result result = HTTP_MORE;
	if (c->message.framing == HTTP_CHUNKED) {
		while (result == HTTP_MORE && in.len) {
			struct slice data;
			result = chunked_next(&c->chunked, &in, &data);
			take_body(c, data);
		}
		*used = len - in.len;
		return result;
	}
	in = slice_to(in, c->left < in.len ? (size_t)c->left : in.len);
	take_body(c, in);
	c->left -= in.len;
	*used = in.len;
	return c->left ? HTTP_MORE : HTTP_DONE;
}

static bool read_body(struct client *c)
{
	struct slice in;
	enum http_result result = HTTP_MORE;
	while (result == HTTP_MORE && (in = first_piece(c->in)).len) {
		size_t used;
		result = body_step(c, in, &used);
		evbuffer_drain(c->in, used);
		if (c->body_len > BODY_MAX)
			return refuse(c, &c->live.request,
				      "413 Content Too Large");
	}
	if (result == HTTP_BAD)
		return refuse(c, &c->live.request, "400 Bad Request");
	/* A body that ends early was perhaps recorded so, and answered. */
	if (result == HTTP_DONE || c->ended)
		return body_end(c);
	/* then more waits behind what was unsealed at once */
	return c->tls && evbuffer_get_length(wire(c));
}

/* The client waits to be told whether to send the body (RFC 9110 10.1.1). */
static bool answer_expectation(struct client *c)
{
	bool bodiless;
	const struct site *site = &c->all->site;
	const struct table *table = site->edition->table;
	uint32_t i = reply_expect(site, &c->live, &bodiless);
	struct answer *a = &c->reply.answer;
	if (i != TABLE_NONE && bodiless &&
	    !answer_interim(a, table_exchange(table, i))) {
		/* as then: the final answer, and the body is never sent */
		bool ready = answer_request(c, &c->message);
		c->last = true;
		return ready && answer_begin(c);
	}
	if (i == TABLE_NONE || !answer_interim(a, table_exchange(table, i)))
		answer_continue(a);
	c->interim_sent = true;
	c->work = NULL;
	return answer_pump(c);
}

/* Keeps the head, which the input gives up. */
static bool keep_head(struct client *c, const struct message *m)
{
	buf_clear(&c->head);
	buf_add(&c->head, m->head);
	evbuffer_drain(c->in, m->head.len);
	if (http_request(buf_slice(&c->head), &c->message) != HTTP_DONE)
		return false;
	live_begin(&c->live, &c->message, &c->arrival, &c->all->site);
	return true;
}

static bool body_begin(struct client *c, const struct message *m)
{
	if (!keep_head(c, m))
		return refuse(c, NULL, "400 Bad Request");
	buf_clear(&c->body);
	digest_start(&c->digest);
	c->chunked = (struct chunked){0};
	c->body_len = 0;
	c->left = c->message.length;
	c->work = read_body;
	if (c->message.expect && c->message.minor > 0 &&
	    !evbuffer_get_length(c->in))
		return answer_expectation(c);
	return true;
}

static bool take_head(struct client *c, const struct message *m)
{
	c->scanned = 0;
	if (!m->malformed && m->framing != HTTP_NO_BODY)
		return body_begin(c, m);
	live_begin(&c->live, m, &c->arrival, &c->all->site);
	if (m->malformed)
		return refuse(c, &c->live.request, "400 Bad Request");
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
	if (reply_go_on(&c->all->site, &c->reply, &c->live.request) &&
	    answer_begin(c))
		run(c);
}

/* Empty lines before a request are ignored (RFC 9112 2.2). */
static void skip_empty_lines(struct client *c)
{
	struct slice in;
	while ((in = first_piece(c->in)).len) {
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
	struct slice piece = first_piece(c->in);
	if (piece.len >= want)
		return piece;
	return (struct slice){evbuffer_pullup(c->in, (ev_ssize_t)want), want};
}

/* Whether an empty line may have come since the last look: a head that comes
 * byte by byte is not parsed as often. */
static bool worth_parsing(struct client *c, struct slice in)
{
	bool first = c->scanned == 0;
	size_t at = c->scanned > 2 ? c->scanned - 2 : 0;
	c->scanned = in.len;
	for (;;) {
		at += slice_find(slice_from(in, at), '\n') + 1;
		if (at >= in.len)
			return first;
		if (in.data[at] == '\n' ||
		    (in.data[at] == '\r' && at + 1 < in.len &&
		     in.data[at + 1] == '\n'))
			return true;
	}
}

/* A head that is not whole yet. */
static bool wait_for_head(struct client *c, size_t len)
{
	if (len > HEAD_MAX)
		return refuse(c, NULL, "431 Request Header Fields Too Large");
	if (now(c) - c->head_since > HEAD_SECONDS * 1000000LL)
		client_close(c, "the request took too long");
	else if (c->ended)
		client_close(c, "the request ended early");
	return false;
}

static bool read_head(struct client *c)
{
	struct message m;
	if (!c->scanned)
		skip_empty_lines(c);
	if (!evbuffer_get_length(c->in)) {
		if (c->ended || c->all->stopping)
			client_close(c, "the client closed");
		return false;
	}
	if (!c->scanned)
		c->head_since = now(c);
	struct slice in = input_slice(c);
	if (!worth_parsing(c, in))
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

static void on_read(struct bufferevent *events, void *context)
{
	(void)events;
	run(context);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct client *c = context;
	(void)fd;
	if (what & EV_TIMEOUT)
		client_close(c, "the client stopped reading");
	else if (c->work ? wire_is_empty(c) : answer_pump(c))
		run(c);
}

static void on_event(struct bufferevent *events, short what, void *context)
{
	struct client *c = context;
	if (what & BEV_EVENT_EOF) {
		c->wire_ended = true;
		c->ended = !c->tls;
		run(c);
	} else if (what & BEV_EVENT_ERROR) {
		tell_hands(c, "the client went away");
		client_close(c, "the client went away");
	} else if (c->work) {
		tell_hands(c, "it took too long");
		client_close(c, "time-out");
	} else {
		/* it waits for our answer: that is no idleness */
		bufferevent_enable(events, EV_READ);
	}
}

void client_new(struct clients *all, int fd, const struct arrival *arrival)
{
	struct bufferevent *events =
	    bufferevent_socket_new(all->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!events) {
		close(fd);
		return;
	}
	struct client *c = xcalloc(1, sizeof *c);
	int on = 1, unsent = UNSENT_MAX;
	c->writable = event_new(all->base, fd, EV_WRITE, on_writable, c);
	if (!c->writable)
		log_fatal("out of memory");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	c->all = all;
	c->events = events;
	c->in = bufferevent_get_input(events);
	c->fd = fd;
	c->arrival = *arrival;
	c->work = read_first;
	c->reply.waiter.ready = on_ready;
	c->reply.waiter.context = c;
	c->next = all->first;
	if (c->next)
		c->next->before = c;
	all->first = c;
	all->count++;
	bufferevent_setcb(events, on_read, NULL, on_event, c);
	bufferevent_setwatermark(events, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(events, timeout(c, IDLE_SECONDS), NULL);
	bufferevent_enable(events, EV_READ);
}

void clients_stop(struct clients *all)
{
	all->stopping = true;
	struct client *next;
	for (struct client *c = all->first; c; c = next) {
		next = c->next;
		if (c->work && c->work != linger)
			client_close(c, "stopping");
		else if (c->timer && evtimer_pending(c->timer, NULL))
			event_active(c->timer, EV_TIMEOUT, 0);
	}
}

void clients_free(struct clients *all)
{
	all->stopping = false;
	struct client *next;
	for (struct client *c = all->first; c; c = next) {
		next = c->next;
		client_close(c, "stopping");
	}
}
