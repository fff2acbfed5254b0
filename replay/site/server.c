/* Listeners, signals and the event loop of the pseudo web site. */
#include "server.h"

#include "client.h"
#include "reload.h"

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
#define SIGNALS 4
#define WORKERS 2
#define NAMES_MAX 20 /* recorded steering names told */
#define TLS_MAX 20   /* ports told */

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
}

static void listen_again(evutil_socket_t fd, short what, void *context)
{
	struct server *s = context;
	(void)fd, (void)what;
	for (size_t i = 0; i < s->count; i++)
		evconnlistener_enable(s->listeners[i].events);
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
		s->signals[i] = evsignal_new(s->clients.base, caught[i].number,
					     caught[i].call, s);
		if (!s->signals[i] || event_add(s->signals[i], NULL))
			return -1;
	}
	return 0;
}

static void cannot_listen(const struct address *a, uint16_t port, int error)
{
	struct buf where = {0};
	endpoint_print(&where, &(struct endpoint){*a, port});
	log_warn("cannot listen on %.*s: %s%s", (int)where.len,
		 (const char *)where.data, strerror(error),
		 error == EACCES
		     ? " (--listen ADDRESS:PORT serves all on one port)"
		     : "");
	buf_release(&where);
}

static int listener_add(struct server *s, const struct listen *l, uint16_t port)
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
		cannot_listen(&l->address, port, errno);
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

static void add_place(struct buf *out, const struct listen *l,
		      const struct listener *first, size_t count)
{
	buf_add_string(out, out->len ? "; " : "");
	address_print(out, &l->address);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%u", i ? ", " : " ports ",
			   first[i].arrival.port);
}

/* Recorded ports, ascending. Returns how many were written to ports. */
static size_t find_ports(const struct site *site, uint16_t ports[UINT16_MAX])
{
	bool *seen = xcalloc(UINT16_MAX + 1, sizeof *seen);
	size_t count = 0;
	table_ports(site->edition->table, seen);
	if (site->supplement)
		table_ports(site->supplement->table, seen);
	for (uint32_t port = 1; port <= UINT16_MAX; port++)
		if (seen[port])
			ports[count++] = (uint16_t)port;
	free(seen);
	return count;
}

/* Opens all listeners; the list of addresses and ports is appended to
 * where. */
static int listen_all(struct server *s, struct buf *where)
{
	static const struct listen loopback = {.address = {4, {127, 0, 0, 1}}};
	const struct site_options *o = s->clients.site.options;
	size_t count = o->listen_count ? o->listen_count : 1;
	const struct listen *listens = o->listen_count ? o->listens : &loopback;
	uint16_t *ports = xcalloc(UINT16_MAX, sizeof *ports);
	size_t port_count = find_ports(&s->clients.site, ports);
	int result = 0;
	s->listeners = xcalloc(count * (port_count + 1), sizeof *s->listeners);
	for (size_t i = 0; i < count && !result; i++) {
		const struct listen *l = &listens[i];
		size_t before = s->count;
		if (l->one_port)
			result = listener_add(s, l, l->port);
		for (size_t p = 0; p < port_count && !l->one_port && !result;
		     p++)
			result = listener_add(s, l, ports[p]);
		add_place(where, l, &s->listeners[before], s->count - before);
	}
	free(ports);
	if (!result && !s->count) {
		log_warn("nothing to serve: no HTTP exchange was recorded");
		return -1;
	}
	return result;
}

/* Each client needs a descriptor; the soft limit is a thousand or so. */
static void raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
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
	raise_limit();
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

static int serve(struct server *s)
{
	struct buf where = {0};
	if (server_init(s) || listen_all(s, &where)) {
		buf_release(&where);
		return -1;
	}
	say_ready(&s->clients.site, &where);
	buf_release(&where);
	event_base_dispatch(s->clients.base);
	return 0;
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

/* Ports where TLS was recorded, and nothing of what was said in it. */
static void report_tls(const struct recording *r, const struct table *t)
{
	bool *served = xcalloc(UINT16_MAX + 1, sizeof *served);
	struct buf list = {0};
	size_t count = 0;
	table_ports(t, served);
	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		if (served[port] || !names_tls_port(r->names, (uint16_t)port))
			continue;
		if (count++ < TLS_MAX)
			buf_printf(&list, "%s%u", list.len ? ", " : "", port);
	}
	if (count)
		log_debug("not served, TLS alone was recorded there: ports "
			  "%.*s%s",
			  (int)list.len, (const char *)list.data,
			  count > TLS_MAX ? " and more" : "");
	buf_release(&list);
	free(served);
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

static void add_supplement(struct site *s, const struct recording *supplement)
{
	s->supplement = edition_new_supplement(table_new(supplement, NULL),
					       s->options, s->workers);
	s->supplement_places = places_new(supplement->count);
}

/* Takes rules. */
static int site_init(struct site *s, const struct recording *recording,
		     const struct recording *supplement, struct rules *rules)
{
	struct table *table = table_new(recording, rules);
	bool rewrite = options_rewrite(s->options) ||
		       (supplement && options_rewrite_supplement(s->options));
	if (rewrite) {
		s->workers = workers_new(WORKERS);
		s->matcher = matcher_new();
	}
	s->edition = edition_new(table, rules, s->options, s->workers);
	s->places = places_new(recording->count);
	set_clock(s, recording);
	report_names(table, s->options->zone);
	report_tls(recording, table);
	if (rewrite && !s->workers)
		return -1;
	if (supplement)
		add_supplement(s, supplement);
	return 0;
}

static void site_release(struct site *s)
{
	workers_free(s->workers);
	edition_release(s->edition);
	edition_release(s->supplement);
	matcher_free(s->matcher);
	places_free(s->places);
	places_free(s->supplement_places);
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
		result = serve(&s);
	server_release(&s);
	site_release(site);
	return result;
}
