/* A connection to the status page: one request, one answer. */
#include "status_visitor.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <stdlib.h>
#include <unistd.h>

static void leave(struct visitor *c)
{
	struct visitors *v = c->all;
	if (c->before)
		c->before->next = c->next;
	else
		v->first = c->next;
	if (c->next)
		c->next->before = c->before;
	v->count--;
	if (c->late)
		event_free(c->late);
	bufferevent_free(c->events);
	free(c);
}

/* What it sends from now on is not read. */
static void answer(struct visitor *c, struct slice json)
{
	struct buf out = {0};
	c->waits = false;
	c->leaving = true;
	status_answer(c->all->page, c->wish, json, c->head, &out);
	bufferevent_disable(c->events, EV_READ);
	if (bufferevent_write(c->events, out.data, out.len))
		event_active(c->late, EV_TIMEOUT, 0);
	buf_release(&out);
}

static void on_read(struct bufferevent *events, void *context)
{
	struct visitor *c = context;
	struct evbuffer *in = bufferevent_get_input(events);
	size_t len = evbuffer_get_length(in);
	struct slice all = {evbuffer_pullup(in, -1), len};
	struct message m;
	if (c->waits || c->leaving)
		return;
	enum http_result result = http_request(all, &m);
	if (result == HTTP_MORE && len < VISITOR_HEAD_MAX)
		return;
	if (result != HTTP_DONE) {
		leave(c);
		return;
	}
	c->wish = status_wish(&m);
	c->head = slice_equal(m.method, SLICE("HEAD"));
	if (c->wish != WISH_JSON) {
		answer(c, (struct slice){0});
		return;
	}
	c->waits = true;
	bufferevent_disable(events, EV_READ);
	c->all->ask(c->all->context);
}

static void on_written(struct bufferevent *events, void *context)
{
	struct visitor *c = context;
	(void)events;
	if (c->leaving)
		leave(c);
}

static void on_event(struct bufferevent *events, short what, void *context)
{
	(void)events, (void)what;
	leave(context);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	leave(context);
}

void visitors_let_in(struct visitors *v, int fd)
{
	struct timeval patience = {VISITOR_SECONDS, 0};
	struct bufferevent *events = NULL;
	if (v->count < VISITORS_MAX)
		events =
		    bufferevent_socket_new(v->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!events) {
		close(fd);
		return;
	}
	struct visitor *c = xcalloc(1, sizeof *c);
	c->all = v;
	c->events = events;
	c->late = evtimer_new(v->base, on_late, c);
	c->next = v->first;
	if (c->next)
		c->next->before = c;
	v->first = c;
	v->count++;
	bufferevent_setcb(events, on_read, on_written, on_event, c);
	bufferevent_setwatermark(events, EV_READ, 0, VISITOR_HEAD_MAX);
	if (!c->late || evtimer_add(c->late, &patience) ||
	    bufferevent_enable(events, EV_READ))
		leave(c);
}

void visitors_answer(struct visitors *v, struct slice json)
{
	for (struct visitor *c = v->first; c; c = c->next)
		if (c->waits)
			answer(c, json);
}

void visitors_free(struct visitors *v)
{
	struct visitor *next;
	for (struct visitor *c = v->first; c; c = next) {
		next = c->next;
		leave(c);
	}
}
