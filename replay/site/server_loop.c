/* One event loop of the pseudo web site. */
#include "server_loop.h"

#include "server_listen.h"
#include "thread.h"

#include "capture/log.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BACKLOG 4096
#define RETRY_MS 100 /* after the system had no file descriptor left */

struct listener {
	struct loop *loop;
	struct listener *next;
	struct evconnlistener *events;
	struct arrival arrival; /* but for the client */
};

/* ---- listening ---- */

/* What comes while there is none waits in the backlog. */
static void look_for_room(struct loop *l)
{
	bool full = atomic_load(&l->room->taken) >= l->room->max;
	if (full == l->paused)
		return;
	l->paused = full;
	for (struct listener *i = l->listeners; i; i = i->next)
		(full ? evconnlistener_disable
		      : evconnlistener_enable)(i->events);
}

/* Counts this loop's connections in. Returns how many there are in all. */
static size_t count_in(struct loop *l)
{
	size_t more = l->clients.count - l->counted; /* or fewer: it wraps */
	l->counted = l->clients.count;
	return atomic_fetch_add(&l->room->taken, more) + more;
}

static void take_room(struct loop *l)
{
	struct room *r = l->room;
	if (count_in(l) < r->max)
		return;
	atomic_store(&r->full, true);
	look_for_room(l);
	l->hears->room(l->context);
	if (!atomic_exchange(&r->told, true))
		log_warn("there are %zu connections, more wait until one ends "
			 "(--max-connections)",
			 r->max);
}

static void give_room(void *context)
{
	struct loop *l = context;
	/* While the last place was taken other loops took some more: of those
	 * that end now, only the one that makes room wakes who waits. */
	if (count_in(l) < l->room->max &&
	    atomic_exchange(&l->room->full, false))
		l->hears->room(l->context);
}

static void on_accept(struct evconnlistener *events, evutil_socket_t fd,
		      struct sockaddr *sa, int len, void *context)
{
	struct listener *l = context;
	struct arrival arrival = l->arrival;
	(void)events, (void)len;
	arrival.client = socket_end(sa);
	if (arrival.any_address)
		arrival.local = socket_local(fd);
	client_new(&l->loop->clients, fd, &arrival);
	take_room(l->loop);
}

static void listen_again(evutil_socket_t fd, short what, void *context)
{
	struct loop *l = context;
	(void)fd, (void)what;
	for (struct listener *i = l->listeners; i && !l->paused; i = i->next)
		evconnlistener_enable(i->events);
}

/* Out of file descriptors or memory: the connections wait in the backlog, and
 * a listener that stayed on would spin. */
static void on_accept_error(struct evconnlistener *events, void *context)
{
	struct listener *l = context;
	struct timeval soon = {0, RETRY_MS * 1000};
	log_debug("cannot accept: %s", strerror(errno));
	evconnlistener_disable(events);
	if (!evtimer_pending(l->loop->retry, NULL))
		evtimer_add(l->loop->retry, &soon);
}

int loop_listen(struct loop *l, int fd, const struct arrival *at)
{
	struct listener *new = xcalloc(1, sizeof *new);
	new->events = evconnlistener_new(
	    l->clients.base, on_accept, new,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!new->events) {
		int error = errno;
		close(fd);
		free(new);
		errno = error;
		return -1;
	}
	evconnlistener_set_error_cb(new->events, on_accept_error);
	new->loop = l;
	new->arrival = *at;
	new->next = l->listeners;
	l->listeners = new;
	l->listening++;
	return 0;
}

static void listen_no_more(struct loop *l)
{
	struct listener *i;
	if (l->retry)
		evtimer_del(l->retry);
	while ((i = l->listeners)) {
		l->listeners = i->next;
		evconnlistener_free(i->events);
		free(i);
	}
}

/* ---- orders ---- */

static void drained(void *context)
{
	struct loop *l = context;
	l->hears->drained(l->context);
}

static void stop(struct loop *l)
{
	listen_no_more(l);
	if (!l->clients.count)
		drained(l);
	else
		clients_stop(&l->clients);
}

static void take_handed(struct loop *l)
{
	struct edition *e = atomic_exchange(&l->handed, NULL);
	if (e)
		site_take(&l->clients.site, e);
	l->hears->took(l->context);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct loop *l = context;
	eventfd_t count;
	(void)what;
	eventfd_read(fd, &count);
	unsigned orders = atomic_exchange(&l->orders, 0);
	if (orders & ORDER_EDITION)
		take_handed(l);
	if (orders & ORDER_RELOADED)
		l->hears->reloaded(l->context);
	if (orders & ORDER_ROOM)
		look_for_room(l);
	if (orders & ORDER_NOTES)
		l->hears->noted(l->context, l);
	if (orders & ORDER_STOP)
		stop(l);
	if (orders & ORDER_LEAVE)
		event_base_loopbreak(l->clients.base);
}

void loop_order(struct loop *l, enum order order)
{
	atomic_fetch_or(&l->orders, order);
	eventfd_write(l->wake_fd, 1); /* or it was written often enough */
}

void loop_hand(struct loop *l, struct edition *e)
{
	edition_release(atomic_exchange(&l->handed, e));
	loop_order(l, ORDER_EDITION);
}

/* ---- running ---- */

static void on_flush(evutil_socket_t fd, short what, void *context)
{
	struct loop *l = context;
	(void)fd, (void)what;
	journal_flush(l->clients.site.journal);
}

static void on_collect(evutil_socket_t fd, short what, void *context)
{
	struct loop *l = context;
	(void)fd, (void)what;
	workers_collect(l->clients.site.workers);
}

static struct event *watch(struct loop *l, int fd, event_callback_fn call)
{
	struct event *e =
	    event_new(l->clients.base, fd, EV_READ | EV_PERSIST, call, l);
	if (e && !event_add(e, NULL))
		return e;
	if (e)
		event_free(e);
	return NULL;
}

static bool make_events(struct loop *l)
{
	struct clients *c = &l->clients;
	struct workers *w = c->site.workers;
	c->base = event_base_new();
	if (!c->base || l->wake_fd < 0)
		return false;
	c->flush = event_new(c->base, -1, 0, on_flush, l);
	l->retry = evtimer_new(c->base, listen_again, l);
	l->wake = watch(l, l->wake_fd, on_wake);
	l->collect = w ? watch(l, workers_fd(w), on_collect) : NULL;
	return c->flush && l->retry && l->wake && (l->collect || !w);
}

int loop_init(struct loop *l)
{
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->clients.none_left = drained;
	l->clients.left = give_room;
	l->clients.context = l;
	if (make_events(l))
		return 0;
	log_warn("cannot wait for events: %s", strerror(errno));
	return -1;
}

int loop_run(struct loop *l)
{
	if (event_base_dispatch(l->clients.base) >= 0)
		return 0;
	log_warn("cannot wait for events: %s", strerror(errno));
	return -1;
}

static void *run(void *context)
{
	struct loop *l = context;
	if (loop_run(l))
		l->hears->failed(l->context);
	return NULL;
}

int loop_start(struct loop *l)
{
	int error = thread_start(&l->thread, run, l);
	l->runs = !error;
	if (error)
		log_warn("cannot start a thread: %s", strerror(error));
	return error ? -1 : 0;
}

void loop_join(struct loop *l)
{
	if (l->runs)
		pthread_join(l->thread, NULL);
	l->runs = false;
}

static void forget(struct event *e)
{
	if (e)
		event_free(e);
}

void loop_release(struct loop *l)
{
	clients_free(&l->clients);
	listen_no_more(l);
	edition_release(atomic_exchange(&l->handed, NULL));
	forget(l->collect);
	forget(l->wake);
	forget(l->retry);
	forget(l->clients.flush);
	if (l->clients.base)
		event_base_free(l->clients.base);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
}
