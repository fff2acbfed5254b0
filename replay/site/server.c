/* Listeners, signals and the event loop of the pseudo web site. */
#include "server.h"

#include "client.h"
#include "http2_hosts.h"
#include "reload.h"
#include "sealed.h"
#include "server_libevent.h"

#include "capture/log.h"

#include "rewrite/steer.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define BACKLOG 4096
#define RETRY_MS 100 /* after the system had no file descriptor left */
#define SPARE 64     /* descriptors that are for no client */
#define SIGNALS 4
#define WORKERS 2
#define NAMES_MAX 20 /* recorded steering names told */
#define TLS_MAX 100  /* ports for the sake of TLS alone */
#define WEB 80
#define WEB_TLS 443

struct server;

struct listener {
	struct server *server;
	struct evconnlistener *events;
	struct arrival arrival; /* but for the client */
};

struct server {
	struct clients clients;
	struct listener *listeners;
	size_t count;
	bool tls_ports; /* some are listened on for the sake of TLS alone */
	size_t max;     /* connections */
	bool full, full_told;
	struct event *signals[SIGNALS];
	struct event *retry;
	struct event *collect; /* what workers made; NULL without them */
	struct reload reload;
};

static struct endpoint endpoint_of(const struct sockaddr *sa)
{
	struct endpoint e = {0};
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		e.address.version = 4;
		memcpy(e.address.bytes, &in.sin_addr, 4);
		e.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, sa, sizeof in);
		e.address.version = 6;
		memcpy(e.address.bytes, &in.sin6_addr, 16);
		e.port = ntohs(in.sin6_port);
	}
	return e;
}

static socklen_t sockaddr_of(const struct address *a, uint16_t port,
			     struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (a->version == 4) {
		struct sockaddr_in in = {.sin_family = AF_INET,
					 .sin_port = htons(port)};
		memcpy(&in.sin_addr, a->bytes, 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port)};
	memcpy(&in.sin6_addr, a->bytes, 16);
	memcpy(out, &in, sizeof in);
	return sizeof in;
}

static struct endpoint local_end(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	memset(&sa, 0, sizeof sa);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	return endpoint_of((struct sockaddr *)&sa);
}

/* What comes now waits in the backlog. */
static void pause_listening(struct server *s)
{
	for (size_t i = 0; i < s->count; i++)
		evconnlistener_disable(s->listeners[i].events);
}

static void go_on_listening(struct server *s)
{
	for (size_t i = 0; i < s->count; i++)
		evconnlistener_enable(s->listeners[i].events);
}

static void look_for_room(struct server *s)
{
	if (s->clients.count < s->max)
		return;
	s->full = true;
	pause_listening(s);
	if (!s->full_told)
		log_warn("there are %zu connections, more wait until one ends "
			 "(--max-connections)",
			 s->max);
	s->full_told = true;
}

static void on_client_left(void *context)
{
	struct server *s = context;
	if (!s->full || s->clients.count >= s->max)
		return;
	s->full = false;
	go_on_listening(s);
}

static void on_accept(struct evconnlistener *events, evutil_socket_t fd,
		      struct sockaddr *sa, int len, void *context)
{
	struct listener *l = context;
	struct arrival arrival = l->arrival;
	(void)events, (void)len;
	arrival.client = endpoint_of(sa);
	if (arrival.any_address)
		arrival.local = local_end(fd);
	client_new(&l->server->clients, fd, &arrival);
	look_for_room(l->server);
}

static void listen_again(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	if (!s->full)
		go_on_listening(s);
}

/* Out of file descriptors or memory: the connections wait in the backlog, and
 * a listener that stayed on would spin. */
static void on_accept_error(struct evconnlistener *events, void *context)
{
	struct listener *l = context;
	struct timeval soon = {0, RETRY_MS * 1000};
	log_debug("cannot accept: %s", strerror(errno));
	evconnlistener_disable(events);
	if (!evtimer_pending(l->server->retry, NULL))
		evtimer_add(l->server->retry, &soon);
}

static void on_flush(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	journal_flush(s->clients.site.journal);
}

static void leave(void *context)
{
	struct server *s = context;
	event_base_loopbreak(s->clients.base);
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	if (s->clients.stopping || !s->clients.count) {
		leave(s);
		return;
	}
	evtimer_del(s->retry);
	for (size_t i = 0; i < s->count; i++) {
		evconnlistener_free(s->listeners[i].events);
		s->listeners[i].events = NULL;
	}
	s->count = 0;
	clients_stop(&s->clients);
}

static void on_new_run(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	places_reset(s->clients.site.places);
	if (s->clients.site.supplement)
		places_reset(s->clients.site.supplement_places);
	log_info("a new run: repeats begin at the first answer again");
}

/* Without rule files it does nothing, but it does not end us either. */
static void on_reload(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	reload_begin(&s->reload);
}

static void on_collect(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	workers_collect(s->clients.site.workers);
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
		/* what holds again once we are ending: another one is late */
		signal(caught[i].number, SIG_IGN);
		s->signals[i] = evsignal_new(s->clients.base, caught[i].number,
					     caught[i].call, s);
		if (!s->signals[i] || event_add(s->signals[i], NULL))
			return -1;
	}
	return 0;
}

/* That a port could not be had on which there is nothing to be read anyway
 * need not be known. */
static void cannot_listen(const struct address *a, uint16_t port, int error,
			  bool wanted)
{
	struct buf where = {0};
	endpoint_print(&where, &(struct endpoint){*a, port});
	(wanted ? log_warn : log_debug)(
	    "cannot listen on %.*s: %s%s", (int)where.len,
	    (const char *)where.data, strerror(error),
	    error == EACCES ? " (--listen ADDRESS:PORT serves all on one port)"
			    : "");
	buf_release(&where);
}

static int listener_add(struct server *s, const struct listen *l, uint16_t port,
			bool wanted)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(&l->address, port, &sa);
	struct listener *new = &s->listeners[s->count];
	unsigned flags =
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC;
	if (l->address.version == 6)
		flags |= LEV_OPT_BIND_IPV6ONLY;
	new->events =
	    evconnlistener_new_bind(s->clients.base, on_accept, new, flags,
				    BACKLOG, (struct sockaddr *)&sa, (int)len);
	if (!new->events) {
		cannot_listen(&l->address, port, errno, wanted);
		return -1;
	}
	struct endpoint local = local_end(evconnlistener_get_fd(new->events));
	new->server = s;
	new->arrival.any_address = address_equal(
	    &l->address, &(struct address){.version = l->address.version});
	new->arrival.local = local;
	new->arrival.port = local.port;
	new->arrival.for_all_ports = l->one_port;
	evconnlistener_set_error_cb(new->events, on_accept_error);
	s->count++;
	return 0;
}

static void add_ports(struct buf *out, const char *lead,
		      const struct listener *first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%u", i ? ", " : lead, first[i].arrival.port);
}

/* Ports by what is to be had there. */
struct ports {
	bool web[UINT16_MAX + 1];
	bool tls[UINT16_MAX + 1]; /* and nothing else */
};

/* The recorded ports. And 443: names that are recorded at 80 may be on a
 * browser's list of those that it asks in https alone. */
static struct ports *find_ports(const struct site *site,
				const struct recording *r)
{
	struct ports *p = xcalloc(1, sizeof *p);
	table_ports(site->edition->table, p->web);
	if (site->supplement)
		table_ports(site->supplement->table, p->web);
	p->tls[WEB_TLS] = !p->web[WEB_TLS] &&
			  (p->web[WEB] || names_tls_port(r->names, WEB_TLS));
	for (uint32_t port = 1, left = TLS_MAX; port <= UINT16_MAX; port++)
		if (left && !p->web[port] &&
		    names_tls_port(r->names, (uint16_t)port)) {
			p->tls[port] = true;
			left--;
		}
	return p;
}

/* At one address; what is listened on is appended to where. */
static int listen_at(struct server *s, const struct listen *l,
		     const struct ports *p, struct buf *where)
{
	size_t first = s->count;
	buf_add_string(where, where->len ? "; " : "");
	address_print(where, &l->address);
	if (l->one_port && listener_add(s, l, l->port, true))
		return -1;
	for (uint32_t port = 1; port <= UINT16_MAX && !l->one_port; port++)
		if (p->web[port] && listener_add(s, l, (uint16_t)port, true))
			return -1;
	add_ports(where, " ports ", &s->listeners[first], s->count - first);
	size_t more = s->count;
	for (uint32_t port = 1; port <= UINT16_MAX && !l->one_port; port++)
		if (p->tls[port])
			listener_add(s, l, (uint16_t)port, false);
	add_ports(where, more > first ? " and TLS ports " : " TLS ports ",
		  &s->listeners[more], s->count - more);
	s->tls_ports |= s->count > more;
	return 0;
}

static size_t count_ports(const struct ports *p)
{
	size_t count = 0;
	for (size_t port = 0; port <= UINT16_MAX; port++)
		count += p->web[port] || p->tls[port];
	return count;
}

/* Opens all listeners; the list of addresses and ports is appended to
 * where. */
static int listen_all(struct server *s, const struct recording *r,
		      struct buf *where)
{
	static const struct listen loopback = {.address = {4, {127, 0, 0, 1}}};
	const struct site_options *o = s->clients.site.options;
	size_t count = o->listen_count ? o->listen_count : 1;
	const struct listen *listens = o->listen_count ? o->listens : &loopback;
	struct ports *ports = find_ports(&s->clients.site, r);
	int result = 0;
	s->listeners =
	    xcalloc(count * (count_ports(ports) + 1), sizeof *s->listeners);
	for (size_t i = 0; i < count && !result; i++)
		result = listen_at(s, &listens[i], ports, where);
	free(ports);
	if (!result && !s->count) {
		log_warn("nothing to serve: no HTTP exchange was recorded");
		return -1;
	}
	return result;
}

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
	size_t spare = SPARE + s->count;
	size_t room =
	    descriptors < SIZE_MAX / 2 ? (size_t)descriptors : SIZE_MAX / 2;
	size_t wanted = s->clients.site.options->max_connections;
	room = room > spare ? room - spare : room;
	return wanted && wanted < room ? wanted : room;
}

static int start_workers(struct server *s)
{
	struct site *site = &s->clients.site;
	if (!site->workers)
		return 0;
	s->collect = event_new(s->clients.base, workers_fd(site->workers),
			       EV_READ | EV_PERSIST, on_collect, s);
	return s->collect ? event_add(s->collect, NULL) : -1;
}

static int server_init(struct server *s)
{
	struct clients *c = &s->clients;
	server_libevent();
	signal(SIGPIPE, SIG_IGN); /* writes say it */
	signal(SIGXFSZ, SIG_IGN); /* those of a log that may not grow too */
	c->base = event_base_new();
	if (!c->base || catch_signals(s)) {
		log_warn("cannot wait for events: %s", strerror(errno));
		return -1;
	}
	c->flush = event_new(c->base, -1, 0, on_flush, s);
	s->retry = evtimer_new(c->base, listen_again, s);
	c->none_left = leave;
	c->left = on_client_left;
	c->context = s;
	return c->flush && s->retry ? start_workers(s) : -1;
}

static void server_release(struct server *s)
{
	clients_free(&s->clients);
	if (s->collect)
		event_free(s->collect);
	for (size_t i = 0; i < s->count; i++)
		evconnlistener_free(s->listeners[i].events);
	for (size_t i = 0; i < SIGNALS; i++)
		if (s->signals[i])
			event_free(s->signals[i]);
	if (s->clients.flush)
		event_free(s->clients.flush);
	if (s->retry)
		event_free(s->retry);
	if (s->clients.base)
		event_base_free(s->clients.base);
	free(s->listeners);
}

/* The counts are the recording's alone. */
static void say_ready(const struct site *site, const struct buf *where)
{
	const struct table *t = site->edition->table;
	struct buf more = {0};
	if (site->supplement)
		buf_printf(&more, " and %zu of a supplement",
			   table_count(site->supplement->table));
	/* even when quiet: scripts wait for it, and read the port */
	log_warn("serving %zu exchanges of %zu hosts%.*s on %.*s",
		 table_count(t), table_hosts(t), (int)more.len,
		 more.len ? (const char *)more.data : "", (int)where->len,
		 (const char *)where->data);
	buf_release(&more);
}

/* The authority is read before the first client comes, or made, where clients
 * of TLS are to be expected. Without one what is asked in clear is served all
 * the same, unless it was named. */
static int open_tls(const struct server *s)
{
	const struct site *site = &s->clients.site;
	bool named = site->options->tls.ca || site->options->tls.secrets;
	if (named || table_https(site->edition->table) ||
	    (s->tls_ports && site->sealed))
		return tls_site_open(site->tls) || !named ? 0 : -1;
	return 0;
}

static int serve(struct server *s, const struct recording *r)
{
	struct buf where = {0};
	rlim_t descriptors = raise_limit();
	if (server_init(s) || listen_all(s, r, &where) || open_tls(s)) {
		buf_release(&where);
		return -1;
	}
	s->max = max_connections(s, descriptors);
	say_ready(&s->clients.site, &where);
	buf_release(&where);
	if (event_base_dispatch(s->clients.base) >= 0)
		return 0;
	log_warn("cannot wait for events: %s", strerror(errno));
	return -1;
}

/* A name that stands for an address to us, but was a host's own. */
static void report_names(const struct table *t, struct slice zone)
{
	size_t told = 0, hosts = table_hosts(t);
	struct address a;
	for (uint32_t h = 0; h < hosts && told < NAMES_MAX; h++) {
		struct url u = table_url(t, table_host_first(t, h));
		if (!steer_address(u.host, zone, &a))
			continue;
		log_warn("%.*s was recorded as a host: it is answered as that "
			 "host, not as the address (--zone takes another)",
			 (int)u.host.len, (const char *)u.host.data);
		told++;
	}
}

/* The clients' clock is set to the first request when we begin. */
static void set_clock(struct site *s, const struct recording *r)
{
	struct timespec now;
	if (!s->options->clock_recorded || !r->count)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	s->clock_ahead = r->exchanges[0].time / 1000 -
			 (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}

/* Widens from and until, seconds, by a time in nanoseconds. */
static void widen(int64_t *from, int64_t *until, int64_t time)
{
	int64_t seconds = time / 1000000000;
	*from = seconds < *from ? seconds : *from;
	*until = seconds > *until ? seconds : *until;
}

/* Certificates are valid as long as the recording lasted. */
static struct tls_site *new_tls(const struct site_options *options,
				const struct recording *r)
{
	size_t count;
	int64_t from = INT64_MAX, until = INT64_MIN;
	const struct conversation *beside =
	    conversations_list(r->beside, &count);
	for (size_t i = 0; i < count; i++)
		widen(&from, &until, beside[i].time);
	for (size_t i = 0; i < r->count; i++)
		widen(&from, &until, r->exchanges[i].end_time);
	if (r->count)
		widen(&from, &until, r->exchanges[0].time);
	if (from > until)
		from = until = time(NULL);
	struct tls_site *tls = tls_site_new(&options->tls, from, until);
	tls_site_like(tls, r->certificates);
	return tls;
}

/* Takes the table. */
static void add_supplement(struct site *s, const struct recording *supplement,
			   struct table *table)
{
	s->supplement = edition_new_supplement(table, s->options, s->workers);
	s->supplement_places = places_new(supplement->count);
}

/* Takes rules. */
static int site_init(struct site *s, const struct recording *recording,
		     const struct recording *supplement, struct rules *rules)
{
	struct table *table = table_new(recording, rules);
	struct table *more = supplement ? table_new(supplement, NULL) : NULL;
	bool rewrite = options_rewrite(s->options) || table_https(table) ||
		       (more && (options_rewrite_supplement(s->options) ||
				 table_https(more)));
	if (rewrite) {
		s->workers = workers_new(WORKERS);
		s->matcher = matcher_new();
	}
	s->edition = edition_new(table, rules, s->options, s->workers);
	s->places = places_new(recording->count);
	s->tls = new_tls(s->options, recording);
	s->sealed = sealed_new(recording);
	if (!s->options->no_h2)
		s->h2 = http2_hosts_new(recording, supplement);
	tls_site_h2(s->tls, s->h2);
	set_clock(s, recording);
	report_names(table, s->options->zone);
	if (more)
		add_supplement(s, supplement, more);
	return rewrite && !s->workers ? -1 : 0;
}

static void site_release(struct site *s)
{
	workers_free(s->workers);
	edition_release(s->edition);
	edition_release(s->supplement);
	matcher_free(s->matcher);
	places_free(s->places);
	places_free(s->supplement_places);
	tls_site_free(s->tls);
	sealed_free(s->sealed);
	http2_hosts_free(s->h2);
	journal_free(s->journal);
}

int server_run(const struct recording *recording,
	       const struct recording *supplement, struct rules *rules,
	       const struct site_options *options)
{
	struct journal *journal = journal_new(options->log, !options->quiet);
	if (!journal) {
		rules_free(rules);
		return -1;
	}
	struct server s = {
	    .clients = {.site = {.options = options, .journal = journal}}};
	struct site *site = &s.clients.site;
	s.reload = (struct reload){.site = site, .recording = recording};
	int result = site_init(site, recording, supplement, rules);
	if (!result)
		result = serve(&s, recording);
	server_release(&s);
	site_release(site);
	return result;
}
