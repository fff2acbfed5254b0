/* Where clients are waited for: addresses, ports, sockets. */
#include "server_listen.h"

#include "capture/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS_MAX 100 /* ports for the sake of TLS alone */
#define WEB 80
#define WEB_TLS 443

struct opening {
	struct loop *loops;
	size_t count;
	struct buf *where;
	bool any, for_tls; /* listened on */
};

struct endpoint socket_end(const struct sockaddr *sa)
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

struct endpoint socket_local(int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof sa;
	memset(&sa, 0, sizeof sa);
	getsockname(fd, (struct sockaddr *)&sa, &len);
	return socket_end((struct sockaddr *)&sa);
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

static bool turn_on(int fd, int level, int option)
{
	int on = 1;
	return !setsockopt(fd, level, option, &on, sizeof on);
}

/* -1 with errno. beside: the first of ours is bound there; shares: others of
 * ours will be. */
static int bound_socket(const struct address *a, uint16_t port, bool beside,
			bool shares)
{
	struct sockaddr_storage sa;
	socklen_t len = sockaddr_of(a, port, &sa);
	int fd =
	    socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (turn_on(fd, SOL_SOCKET, SO_KEEPALIVE) &&
	    turn_on(fd, SOL_SOCKET, SO_REUSEADDR) &&
	    (a->version != 6 || turn_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
	    (!beside || turn_on(fd, SOL_SOCKET, SO_REUSEPORT)) &&
	    !bind(fd, (struct sockaddr *)&sa, len) &&
	    (!shares || turn_on(fd, SOL_SOCKET, SO_REUSEPORT)))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int listen_bound(const struct address *a, uint16_t port)
{
	int fd = bound_socket(a, port, false, false);
	if (fd < 0)
		cannot_listen(a, port, errno, true);
	return fd;
}

/* The other loops' sockets. Who has none, since descriptors are few, is dealt
 * no connections there. */
static void listen_beside(const struct opening *o, const struct arrival *at,
			  const struct address *a)
{
	for (size_t i = 1; i < o->count; i++) {
		int fd = bound_socket(a, at->port, true, false);
		if (fd < 0 || loop_listen(&o->loops[i], fd, at))
			cannot_listen(a, at->port, errno, false);
	}
}

/* Returns the port, 0 if it cannot be had. */
static uint16_t listen_on(struct opening *o, const struct listen *l,
			  uint16_t port, bool wanted)
{
	const struct address any = {.version = l->address.version};
	struct arrival at = {.any_address = address_equal(&l->address, &any),
			     .for_all_ports = l->one_port};
	int fd = bound_socket(&l->address, port, false, o->count > 1);
	if (fd >= 0) {
		at.local = socket_local(fd);
		at.port = at.local.port;
	}
	/* without a port there is no telling where it is */
	if (fd < 0 || !at.port || loop_listen(o->loops, fd, &at)) {
		cannot_listen(&l->address, port, errno, wanted);
		return 0;
	}
	listen_beside(o, &at, &l->address);
	o->any = true;
	return at.port;
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

static void add_port(struct buf *where, const char *lead, unsigned port,
		     size_t count)
{
	buf_printf(where, "%s%u", count ? ", " : lead, port);
}

/* At one address; what is listened on is appended to where. */
static int listen_at(struct opening *o, const struct listen *l,
		     const struct ports *p)
{
	size_t web = 0, tls = 0;
	uint16_t got;
	buf_add_string(o->where, o->where->len ? "; " : "");
	address_print(o->where, &l->address);
	if (l->one_port) {
		got = listen_on(o, l, l->port, true);
		add_port(o->where, " ports ", got, 0);
		return got ? 0 : -1;
	}
	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		if (!p->web[port])
			continue;
		got = listen_on(o, l, (uint16_t)port, true);
		if (!got)
			return -1;
		add_port(o->where, " ports ", got, web++);
	}
	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		got = p->tls[port] ? listen_on(o, l, (uint16_t)port, false) : 0;
		if (got)
			add_port(o->where,
				 web ? " and TLS ports " : " TLS ports ", got,
				 tls++);
	}
	o->for_tls |= tls > 0;
	return 0;
}

int listen_all(struct loop *loops, size_t count, const struct recording *r,
	       struct buf *where, bool *for_tls)
{
	static const struct listen loopback = {.address = {4, {127, 0, 0, 1}}};
	const struct site *site = &loops->clients.site;
	const struct site_options *o = site->options;
	size_t places = o->listen_count ? o->listen_count : 1;
	const struct listen *listens = o->listen_count ? o->listens : &loopback;
	struct opening opening = {loops, count, where, false, false};
	struct ports *ports = find_ports(site, r);
	int result = 0;
	for (size_t i = 0; i < places && !result; i++)
		result = listen_at(&opening, &listens[i], ports);
	free(ports);
	*for_tls = opening.for_tls;
	if (!result && !opening.any) {
		log_warn("nothing to serve: no HTTP exchange was recorded");
		return -1;
	}
	return result;
}
