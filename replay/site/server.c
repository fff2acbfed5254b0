/* The event loops of the pseudo web site, and the signals. */
#include "server.h"

#include "cert_keeper.h"
#include "reload.h"
#include "server_libevent.h"
#include "server_listen.h"
#include "server_loop.h"
#include "status.h"

#include "capture/confine.h"
#include "capture/log.h"
#include "capture/opener.h"

#include <event2/event.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SIGNALS 4
#define SPARE 64 /* descriptors that are for no client */
#define SPARE_STATUS 40

struct server {
	struct loop *loops; /* the first runs in the main thread */
	size_t count;
	struct event *signals[SIGNALS]; /* the first loop's */
	struct reload reload;
	struct room room;
	struct status *status; /* NULL: no page */
	bool stopping;
	atomic_bool failed;    /* a loop */
	atomic_size_t busy;    /* loops, while stopping */
	atomic_size_t waiting; /* loops for whom there is a new edition */
};

static void order_all(struct server *s, enum order order)
{
	for (size_t i = 0; i < s->count; i++)
		loop_order(&s->loops[i], order);
}

/* ---- what the loops say ---- */

static void on_drained(void *context)
{
	struct server *s = context;
	if (atomic_fetch_sub(&s->busy, 1) == 1)
		order_all(s, ORDER_LEAVE);
}

static void on_took(void *context)
{
	struct server *s = context;
	if (atomic_fetch_sub(&s->waiting, 1) == 1)
		loop_order(s->loops, ORDER_RELOADED);
}

static void on_room(void *context)
{
	order_all(context, ORDER_ROOM);
}

static void on_noted(void *context, const struct loop *l)
{
	struct server *s = context;
	const struct site *site = &l->clients.site;
	struct notes *copy = notes_copy(site->notes, site->edition->table);
	copy->open = l->clients.count;
	status_hand(s->status, (size_t)(l - s->loops), copy);
}

/* Half a site would leave clients waiting. */
static void on_failed(void *context)
{
	struct server *s = context;
	atomic_store(&s->failed, true);
	order_all(s, ORDER_LEAVE);
}

static void on_reloaded(void *context)
{
	struct server *s = context;
	reload_done(&s->reload);
}

/* ---- signals ---- */

/* A second one does not wait for answers. */
static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	order_all(s, s->stopping ? ORDER_LEAVE : ORDER_STOP);
	s->stopping = true;
}

static void on_new_run(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	struct site *site = &s->loops->clients.site;
	(void)fd, (void)what;
	places_reset(site->places);
	if (site->supplement)
		places_reset(site->supplement_places);
	log_info("a new run: repeats begin at the first answer again");
}

/* Without rule files it does nothing, but it does not end us either. */
static void on_reload(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	reload_begin(&s->reload);
}

/* To all loops but the first, which has it. */
static void hand_out(void *context)
{
	struct server *s = context;
	const struct edition *e = s->loops->clients.site.edition;
	atomic_store(&s->waiting, s->count - 1);
	if (s->count == 1)
		reload_done(&s->reload);
	for (size_t i = 1; i < s->count; i++)
		loop_hand(&s->loops[i],
			  edition_beside(e, s->loops[i].clients.site.workers));
}

/* Those that would end a program that does not catch them yet. */
static void mask_signals(int how)
{
	sigset_t held;
	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGUSR1);
	pthread_sigmask(how, &held, NULL);
}

void server_hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

static int catch_signals(struct server *s)
{
	static const struct {
		int number;
		event_callback_fn call;
	} caught[SIGNALS] = {{SIGTERM, on_stop},
			     {SIGINT, on_stop},
			     {SIGUSR1, on_new_run},
			     {SIGHUP, on_reload}};
	for (size_t i = 0; i < SIGNALS; i++) {
		/* what holds again once we are ending: another one is late.
		 * Those that are held would be lost by it */
		if (caught[i].call == on_stop)
			signal(caught[i].number, SIG_IGN);
		s->signals[i] =
		    evsignal_new(s->loops->clients.base, caught[i].number,
				 caught[i].call, s);
		if (s->signals[i] && !event_add(s->signals[i], NULL))
			continue;
		log_warn("cannot wait for signals: %s", strerror(errno));
		return -1;
	}
	mask_signals(SIG_UNBLOCK);
	return 0;
}

/* ---- beginning and end ---- */

/* Each client needs a descriptor; the soft limit is a thousand or so. */
static rlim_t raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return RLIM_INFINITY;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* With fewer descriptors than are to spare accept finds out by itself. */
static size_t max_connections(const struct server *s, rlim_t descriptors)
{
	size_t spare = SPARE + s->count * s->loops->listening;
	spare += s->loops->clients.site.options->status ? SPARE_STATUS : 0;
	size_t room =
	    descriptors < SIZE_MAX / 2 ? (size_t)descriptors : SIZE_MAX / 2;
	size_t wanted = s->loops->clients.site.options->max_connections;
	room = room > spare ? room - spare : room;
	return wanted && wanted < room ? wanted : room;
}

/* The counts are the recording's alone. */
static void say_ready(const struct site *site, const struct buf *where)
{
	const struct table *t = site->edition->table;
	struct buf more = {0};
	if (site->supplement)
		buf_printf(&more, " and %zu of a supplement",
			   table_count(site->supplement->table));
	/* scripts wait for it, and read the port */
	log_always("serving %zu exchanges of %zu hosts%.*s on %.*s",
		   table_count(t), table_hosts(t), (int)more.len,
		   more.len ? (const char *)more.data : "", (int)where->len,
		   (const char *)where->data);
	buf_release(&more);
}

/* Where clients of TLS are to be expected, all is there before the first one
 * comes. Without it what is asked in clear is served all the same, unless an
 * authority was named. */
static int open_tls(const struct site *site, bool listens)
{
	bool named = site->options->tls.ca || site->options->tls.secrets;
	if (named || table_https(site->edition->table) ||
	    (listens && site->sealed))
		return tls_site_open(site->tls) || !named ? 0 : -1;
	tls_site_prepare(site->tls);
	return 0;
}

/* All that has to be opened is. Threads come after it. */
static int close_doors(const struct site *site)
{
	const struct site_options *o = site->options;
	opener_seal();
	cert_keeper_end();
	if (identity_take(&o->user) || confine(CONFINE_SERVING, o->rule_count))
		return -1;
	return site->workers ? workers_start(site->workers) : 0;
}

/* The first loop's site is there. */
static int make_loops(struct server *s)
{
	static const struct loop_hears hears = {
	    on_drained, on_took, on_reloaded, on_room, on_failed, on_noted};
	struct site *first = &s->loops->clients.site;
	unsigned wanted = first->options->threads;
	do {
		struct loop *l = &s->loops[s->count];
		if (s->count && site_beside(&l->clients.site, first)) {
			site_release(&l->clients.site);
			return -1;
		}
		s->count++;
		l->hears = &hears;
		l->room = &s->room;
		l->context = s;
		if (loop_init(l))
			return -1;
	} while (s->count < wanted);
	atomic_store(&s->busy, s->count);
	return catch_signals(s);
}

/* All that is opened is open by now. */
static int run(struct server *s, const struct buf *where)
{
	size_t started = 1;
	int result = -1;
	while (started < s->count && !loop_start(&s->loops[started]))
		started++;
	if (started == s->count && (!s->status || !status_start(s->status))) {
		say_ready(&s->loops->clients.site, where);
		result = loop_run(s->loops);
	}
	order_all(s, ORDER_LEAVE);
	for (size_t i = 1; i < s->count; i++)
		loop_join(&s->loops[i]);
	status_free(s->status);
	s->status = NULL;
	return atomic_load(&s->failed) ? -1 : result;
}

static void order_notes(void *context)
{
	order_all(context, ORDER_NOTES);
}

static int open_status(struct server *s, const struct buf *where)
{
	const struct site *site = &s->loops->clients.site;
	struct timespec now;
	if (!site->options->status)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	const struct status_facts facts = {
	    .options = site->options,
	    .exchanges = table_count(site->edition->table),
	    .hosts = table_hosts(site->edition->table),
	    .where = buf_slice(where),
	    .started = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000};
	s->status = status_open(site->options->status, &facts, s->count,
				order_notes, s);
	return s->status ? 0 : -1;
}

static int serve(struct server *s, const struct recording *r)
{
	struct buf where = {0};
	bool for_tls = false;
	rlim_t descriptors = raise_limit();
	server_libevent();
	signal(SIGPIPE, SIG_IGN); /* writes say it */
	signal(SIGXFSZ, SIG_IGN); /* those of a log that may not grow too */
	int result = make_loops(s);
	if (!result)
		result = listen_all(s->loops, s->count, r, &where, &for_tls);
	s->room.max = max_connections(s, descriptors);
	if (!result)
		result = open_tls(&s->loops->clients.site, for_tls);
	if (!result)
		result = open_status(s, &where);
	if (!result)
		result = close_doors(&s->loops->clients.site);
	if (!result)
		result = run(s, &where);
	status_free(s->status);
	buf_release(&where);
	return result;
}

static void server_release(struct server *s)
{
	mask_signals(SIG_BLOCK);
	for (size_t i = 0; i < SIGNALS; i++)
		if (s->signals[i])
			event_free(s->signals[i]);
	for (size_t i = 0; i < s->count; i++)
		loop_release(&s->loops[i]);
	for (size_t i = s->count; i-- > 1;)
		site_release(&s->loops[i].clients.site);
	site_release(&s->loops->clients.site);
	free(s->loops);
}

int server_run(const struct recording *recording,
	       const struct recording *supplement, struct rules *rules,
	       const struct site_options *options)
{
	struct journal *journal =
	    journal_new(options->log, options->log_fd, !options->quiet);
	struct server s = {0};
	s.loops = xcalloc(options->threads + 1, sizeof *s.loops);
	struct site *site = &s.loops->clients.site;
	site->options = options;
	site->journal = journal;
	s.reload = (struct reload){.site = site,
				   .recording = recording,
				   .hand_out = hand_out,
				   .context = &s};
	int result = site_init(site, recording, supplement, rules);
	if (!result)
		result = serve(&s, recording);
	server_release(&s);
	return result;
}
