/* A live connection: its socket, TLS on it, its time-outs and its end. */
#include "client_wire.h"

#include "status_notes.h"

#include "capture/log.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Bytes that the kernel keeps beyond what the client's window takes. Megabytes
 * each for a thousand slow readers would be copied, and wait. */
#define UNSENT_MAX (128 << 10)
#define INPUT_MAX (320U << 10) /* bytes read ahead: a head and then some */
#define TURN_MAX (256U << 10)  /* bytes sent to one before the others' turn */
#define SHAKE_SECONDS 20       /* between any two bytes of a handshake */
#define SHAKE_ALL_SECONDS 60
#define LINGER_SECONDS 2 /* between any two bytes after the last answer */
#define LINGER_ALL_SECONDS 6
#define LOOK_SECONDS 2        /* between two looks at all clients */
#define LINGER_MAX (1U << 20) /* bytes that may come after the last answer */

/* Not what a loop's base has kept: that is milliseconds old, and by times alone
 * it can be told which of two loops' requests came first. */
int64_t client_now(const struct client *c)
{
	struct timespec t;
	(void)c;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* To a few milliseconds, for less than a call into the system costs. */
int64_t client_ticks(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool client_past(int64_t since, int64_t seconds)
{
	return client_ticks() - since > seconds * 1000000;
}

bool client_body_slow(int64_t since, uint64_t len)
{
	return client_past(since, BODY_SECONDS + (int64_t)(len / BODY_RATE));
}

const struct timeval *client_timeout(const struct client *c, int seconds)
{
	struct timeval tv = {seconds, 0};
	return event_base_init_common_timeout(c->all->base, &tv);
}

void client_line_end(const struct client *c, struct line *line, uint64_t bytes,
		     const char *reason)
{
	struct journal *j = c->all->site.journal;
	if (c->all->site.notes)
		c->all->site.notes->counts.bytes += bytes;
	line_end(j, line, bytes, reason);
	if (journal_waits(j))
		event_active(c->all->flush, 0, 0);
}

void client_speak(struct client *c, const struct speaker *s, void *talk)
{
	if (c->speaker)
		c->speaker->release(c, NULL);
	c->speaker = s;
	c->talk = talk;
}

/* ---- out ---- */

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

/* Most answers go out whole in one call, with nothing copied. */
static ssize_t send_clear(struct client *c, const struct slice *pieces,
			  size_t count, bool *all)
{
	struct iovec iov[ANSWER_READY];
	size_t ready = 0;
	if (count > ANSWER_READY)
		count = ANSWER_READY;
	for (size_t i = 0; i < count; i++) {
		iov[i].iov_base = (void *)pieces[i].data;
		iov[i].iov_len = pieces[i].len;
		ready += pieces[i].len;
	}
	ssize_t n;
	do
		n = writev(c->fd, iov, (int)count);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		n = 0;
	*all = n >= 0 && (size_t)n == ready;
	return n;
}

static ssize_t send_sealed(struct client *c, const struct slice *pieces,
			   size_t count, bool *all)
{
	*all = true;
	/* what little stands before it goes out with it */
	if (tls_wire(c->tls).len > TLS_SEAL_MAX / 4 && !wire_out(c, all))
		return -1;
	if (!*all)
		return 0;
	size_t n = tls_seal(c->tls, pieces, count);
	return n && wire_out(c, all) ? (ssize_t)n : -1;
}

ssize_t client_send(struct client *c, const struct slice *pieces, size_t count,
		    bool *all)
{
	ssize_t n = c->tls ? send_sealed(c, pieces, count, all)
			   : send_clear(c, pieces, count, all);
	if (n > 0)
		c->turn += (size_t)n;
	if (c->turn < TURN_MAX)
		return n;
	c->turn = 0;
	*all = false;
	return n;
}

void client_await(struct client *c)
{
	if (event_add(c->writable, client_timeout(c, IDLE_SECONDS)))
		client_close(c, "the system has no room to wait for it");
}

bool client_drained(struct client *c)
{
	bool all;
	if (!c->tls)
		return true;
	if (!wire_out(c, &all)) {
		client_close(c, "the client went away");
		return false;
	}
	if (!all)
		client_await(c);
	return all;
}

/* ---- the end ---- */

/* A missing close_notify tells that an answer was cut (RFC 8446 6.1). */
static void end_tls(struct client *c)
{
	bool all;
	if (!c->tls || c->silent)
		return;
	tls_end(c->tls);
	wire_out(c, &all);
}

static void leave_list(struct client *c)
{
	if (c->before)
		c->before->next = c->next;
	else
		c->all->first = c->next;
	if (c->next)
		c->next->before = c->before;
	c->all->count--;
}

void client_close(struct client *c, const char *reason)
{
	struct clients *all = c->all;
	if (c->speaker)
		c->speaker->release(c, reason);
	log_debug("connection closed: %s", reason);
	leave_list(c);
	event_free(c->writable);
	end_tls(c);
	if (c->tls)
		evbuffer_free(c->in);
	bufferevent_free(c->events);
	tls_free(c->tls);
	free(c);
	if (!all->count)
		event_del(all->look);
	if (!all->stopping)
		all->left(all->context);
	else if (!all->count)
		all->none_left(all->context);
}

static struct evbuffer *wire(const struct client *c)
{
	return bufferevent_get_input(c->events);
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
	    client_past(c->since, LINGER_ALL_SECONDS))
		client_close(c, "answered");
	return false;
}

bool client_end(struct client *c)
{
	client_speak(c, NULL, NULL);
	end_tls(c);
	shutdown(c->fd, SHUT_WR);
	c->since = client_ticks();
	bufferevent_set_timeouts(c->events, client_timeout(c, LINGER_SECONDS),
				 NULL);
	c->work = linger;
	return true;
}

bool client_ends(const struct client *c)
{
	return c->work == linger;
}

bool client_reset(struct client *c)
{
	struct linger none = {.l_onoff = 1};
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	c->silent = true;
	client_close(c, "reset, as recorded");
	return false;
}

/* ---- in ---- */

/* An evbuffer may begin with an empty piece, which holds nothing up. */
struct slice client_piece(struct evbuffer *in)
{
	struct evbuffer_iovec pieces[4];
	int count = evbuffer_peek(in, -1, NULL, pieces, 4);
	for (int i = 0; i < count && i < 4; i++)
		if (pieces[i].iov_len)
			return (struct slice){pieces[i].iov_base,
					      pieces[i].iov_len};
	return (struct slice){0};
}

bool client_has_more(const struct client *c)
{
	return evbuffer_get_length(wire(c)) > 0;
}

static void tell_failure(struct client *c, const struct tls_told *told)
{
	struct reply r = {0};
	reply_failed(&c->all->site, &r, &c->arrival, client_now(c), told);
	client_line_end(c, &r.line, 0, NULL);
	reply_release(&r);
}

bool client_tls_failed(struct client *c, const struct tls_told *told)
{
	tell_failure(c, told);
	return client_end(c);
}

/* A handshake that is not over yet. */
static bool wait_for_hands(struct client *c)
{
	struct tls_told told = *tls_told(c->tls);
	if (c->wire_ended)
		told.failure = "the client went away";
	else if (client_past(c->since, SHAKE_ALL_SECONDS))
		told.failure = "it took too long";
	return told.failure && client_tls_failed(c, &told);
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
	       (piece = client_piece(wire(c))).len) {
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
	if (!client_drained(c))
		return false;
	unseal_all(c);
	/* session tickets go out with the answer, if there is a request */
	bool answers =
	    tls_state(c->tls) == TLS_OPEN && evbuffer_get_length(c->in) > 0;
	if (!answers && !client_drained(c))
		return false;
	switch (tls_state(c->tls)) {
	case TLS_SHAKING:
		return wait_for_hands(c);
	case TLS_FAILED:
		return client_tls_failed(c, tls_told(c->tls));
	case TLS_OPEN:
	case TLS_ENDED:
		break;
	}
	if (shaking)
		bufferevent_set_timeouts(c->events,
					 client_timeout(c, IDLE_SECONDS), NULL);
	return true;
}

void client_run(struct client *c)
{
	c->lately = true;
	while (c->work && (!c->tls || unseal(c)) && c->work(c))
		;
}

bool client_begin_tls(struct client *c)
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
	c->since = client_ticks();
	c->work = c->opened;
	bufferevent_set_timeouts(c->events, client_timeout(c, SHAKE_SECONDS),
				 NULL);
	return true;
}

/* ---- events ---- */

static void on_read(struct bufferevent *events, void *context)
{
	(void)events;
	client_run(context);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct client *c = context;
	(void)fd;
	c->lately = true;
	if (what & EV_TIMEOUT)
		client_close(c, "the client stopped reading");
	else if (c->speaker ? c->speaker->writable(c) : client_drained(c))
		client_run(c);
}

static void on_event(struct bufferevent *events, short what, void *context)
{
	struct client *c = context;
	if (what & BEV_EVENT_EOF) {
		c->wire_ended = true;
		c->ended = !c->tls;
		client_run(c);
	} else if (what & BEV_EVENT_ERROR) {
		tell_hands(c, "the client went away");
		client_close(c, "the client went away");
	} else if (c->speaker && c->speaker->busy(c)) {
		bufferevent_enable(events, EV_READ);
	} else {
		tell_hands(c, "it took too long");
		client_close(c, "time-out");
	}
}

/* Who did not say enough yet to be spoken with, or was told good-bye. */
static void look_at_stranger(struct client *c)
{
	if (c->work == linger)
		linger(c);
	else if (c->tls)
		wait_for_hands(c);
	else if (client_past(c->since, IDLE_SECONDS + HEAD_SECONDS))
		client_close(c, "time-out");
}

static void look_at(struct client *c)
{
	bool idle = !c->lately;
	c->lately = false;
	if (c->speaker && !c->speaker->look(c, idle))
		return;
	if (c->tls && idle)
		tls_idle(c->tls);
	if (!c->speaker)
		look_at_stranger(c);
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
	struct clients *all = context;
	struct client *next;
	(void)fd, (void)what;
	for (struct client *c = all->first; c; c = next) {
		next = c->next;
		look_at(c);
	}
}

static void enter_list(struct client *c)
{
	struct clients *all = c->all;
	struct timeval often = {LOOK_SECONDS, 0};
	if (!all->look)
		all->look = event_new(all->base, -1, EV_PERSIST, on_look, all);
	if (!all->look)
		log_fatal("out of memory");
	if (!all->count++)
		event_add(all->look, &often);
	c->next = all->first;
	if (c->next)
		c->next->before = c;
	all->first = c;
}

struct client *client_open(struct clients *all, int fd,
			   const struct arrival *arrival)
{
	struct bufferevent *events =
	    bufferevent_socket_new(all->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!events) {
		close(fd);
		return NULL;
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
	c->since = client_ticks();
	c->arrival = *arrival;
	c->arrival.flow = journal_flow(all->site.journal);
	if (all->site.notes)
		all->site.notes->counts.connections++;
	enter_list(c);
	bufferevent_setcb(events, on_read, NULL, on_event, c);
	bufferevent_setwatermark(events, EV_READ, 0, INPUT_MAX);
	bufferevent_set_timeouts(events, client_timeout(c, IDLE_SECONDS), NULL);
	if (bufferevent_enable(events, EV_READ)) {
		client_close(c, "the system has no room to wait for it");
		return NULL;
	}
	return c;
}
