/* The page on the running server that shows what is asked of it. */
#include "status.h"

#include "server_listen.h"
#include "status_visitor.h"
#include "thread.h"

#include "capture/log.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 64
#define LOOPS_MS 700 /* a loop that is busy that long is told of as it was */
#define RETRY_MS 100 /* after there was no descriptor for a visitor */
#define NICENESS 19  /* answers come first */

struct status {
	struct status_facts facts;
	struct status_page page;
	struct visitors visitors;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *wake, *late, *retry;
	int wake_fd; /* -1: none */
	struct endpoint at;
	int64_t began; /* by a clock that nobody sets */
	atomic_bool ending;
	pthread_t thread;
	bool runs;
	bool asked; /* the loops, who have not all answered yet */

	void (*order)(void *context);
	void *context;
	size_t loops, answered;
	struct from {
		_Atomic(struct notes *) handed;
		struct notes *notes; /* the latest; NULL: none yet */
		bool answered;
	} from[];
};

static int64_t microseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- what is known ---- */

static void tell(struct status *s)
{
	struct notes **notes = xcalloc(s->loops, sizeof(struct notes *));
	struct buf json = {0};
	for (size_t i = 0; i < s->loops; i++) {
		notes[i] = s->from[i].notes;
		s->from[i].answered = false;
	}
	s->asked = false;
	s->answered = 0;
	evtimer_del(s->late);
	status_json(&s->facts, notes, s->loops, microseconds(CLOCK_REALTIME),
		    microseconds(CLOCK_MONOTONIC) - s->began, &json);
	visitors_answer(&s->visitors, buf_slice(&json));
	buf_release(&json);
	free((void *)notes);
}

static void take_handed(struct status *s)
{
	for (size_t i = 0; i < s->loops; i++) {
		struct from *f = &s->from[i];
		struct notes *n = atomic_exchange(&f->handed, NULL);
		if (!n)
			continue;
		notes_free(f->notes);
		f->notes = n;
		s->answered += !f->answered;
		f->answered = true;
	}
}

static void ask(void *context)
{
	struct status *s = context;
	struct timeval patience = {0, LOOPS_MS * 1000};
	if (s->asked)
		return;
	s->asked = true;
	evtimer_add(s->late, &patience);
	s->order(s->context);
}

static void on_late(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what;
	tell(context);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct status *s = context;
	eventfd_t count;
	(void)what;
	eventfd_read(fd, &count);
	take_handed(s);
	if (atomic_load(&s->ending))
		event_base_loopbreak(s->base);
	else if (s->asked && s->answered == s->loops)
		tell(s);
}

void status_hand(struct status *s, size_t loop, struct notes *notes)
{
	notes_free(atomic_exchange(&s->from[loop].handed, notes));
	eventfd_write(s->wake_fd, 1);
}

/* ---- its life ---- */

static void on_accept(struct evconnlistener *events, evutil_socket_t fd,
		      struct sockaddr *from, int len, void *context)
{
	struct status *s = context;
	(void)events, (void)from, (void)len;
	visitors_let_in(&s->visitors, fd);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct status *s = context;
	(void)fd, (void)what;
	evconnlistener_enable(s->listener);
}

/* A listener that stayed on would spin. */
static void on_accept_error(struct evconnlistener *events, void *context)
{
	struct status *s = context;
	struct timeval soon = {0, RETRY_MS * 1000};
	evconnlistener_disable(events);
	evtimer_add(s->retry, &soon);
}

static int make_events(struct status *s, int fd)
{
	s->base = event_base_new();
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!s->base || s->wake_fd < 0) {
		close(fd);
		return -1;
	}
	s->listener = evconnlistener_new(
	    s->base, on_accept, s,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (s->listener)
		evconnlistener_set_error_cb(s->listener, on_accept_error);
	else
		close(fd);
	s->wake =
	    event_new(s->base, s->wake_fd, EV_READ | EV_PERSIST, on_wake, s);
	s->late = evtimer_new(s->base, on_late, s);
	s->retry = evtimer_new(s->base, on_retry, s);
	s->visitors.base = s->base;
	return s->listener && s->wake && s->late && s->retry &&
		       !event_add(s->wake, NULL)
		   ? 0
		   : -1;
}

struct status *status_open(const struct listen *at,
			   const struct status_facts *facts, size_t loops,
			   void (*order)(void *context), void *context)
{
	struct status *s = xcalloc(1, sizeof *s + loops * sizeof(struct from));
	*s = (struct status){.facts = *facts, .wake_fd = -1, .loops = loops};
	s->began = microseconds(CLOCK_MONOTONIC);
	s->order = order;
	s->context = context;
	s->visitors =
	    (struct visitors){.page = &s->page, .ask = ask, .context = s};
	status_page_make(&s->page);
	int fd = listen_bound(&at->address, at->port);
	if (fd >= 0) {
		s->at = socket_local(fd);
		if (!make_events(s, fd))
			return s;
		log_warn("no status page: %s", strerror(errno));
	}
	status_free(s);
	return NULL;
}

static void *run(void *context)
{
	struct status *s = context;
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	event_base_dispatch(s->base);
	return NULL;
}

int status_start(struct status *s)
{
	struct buf at = {0};
	int error = thread_start(&s->thread, run, s);
	s->runs = !error;
	if (error) {
		log_warn("cannot start a thread: %s", strerror(error));
		return -1;
	}
	endpoint_print(&at, &s->at);
	/* even when quiet: it was asked for, and its port may be any */
	log_warn("status on http://%.*s/", (int)at.len, (const char *)at.data);
	buf_release(&at);
	return 0;
}

static void end_thread(struct status *s)
{
	atomic_store(&s->ending, true);
	eventfd_write(s->wake_fd, 1);
	pthread_join(s->thread, NULL);
}

void status_free(struct status *s)
{
	if (!s)
		return;
	if (s->runs)
		end_thread(s);
	visitors_free(&s->visitors);
	if (s->listener)
		evconnlistener_free(s->listener);
	if (s->wake)
		event_free(s->wake);
	if (s->late)
		event_free(s->late);
	if (s->retry)
		event_free(s->retry);
	if (s->base)
		event_base_free(s->base);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	for (size_t i = 0; i < s->loops; i++) {
		notes_free(atomic_exchange(&s->from[i].handed, NULL));
		notes_free(s->from[i].notes);
	}
	status_page_release(&s->page);
	free(s);
}
