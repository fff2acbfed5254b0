/* Servers to which a replay's client went without having been told their
 * addresses by DNS. */
#include "compare_addresses.h"

#include "literals.h"
#include "traffic.h"

#include "rewrite/written.h"

#include <stdlib.h>
#include <string.h>

#define LONE_MAX 10000U /* addresses; a scanner's others are left out */

static int compare(const struct address *a, const struct address *b)
{
	if (a->version != b->version)
		return a->version - b->version;
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int by_address(const void *a, const void *b)
{
	return compare(a, b);
}

/* ---- what DNS told ---- */

struct told {
	struct address *list; /* sorted */
	size_t count;
};

static struct told told_by_dns(const struct recording *r)
{
	size_t all = names_count(r->names);
	struct told t = {.list = xmalloc((all + 1) * sizeof *t.list)};
	for (size_t i = 0; i < all; i++) {
		const struct name *n = names_get(r->names, i);
		if (n->kind == NAME_ADDRESS)
			t.list[t.count++] = n->address;
	}
	qsort(t.list, t.count, sizeof *t.list, by_address);
	return t;
}

static bool was_told(const struct told *t, const struct address *a)
{
	return bsearch(a, t->list, t->count, sizeof *a, by_address);
}

/* ---- what was contacted ---- */

static struct lone_address *find(struct lone_addresses *l,
				 const struct address *a)
{
	size_t low = 0, high = l->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (compare(&l->list[mid].address, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return &l->list[low];
}

static bool is_there(const struct lone_addresses *l,
		     const struct lone_address *at, const struct address *a)
{
	return at < l->list + l->count && address_equal(&at->address, a);
}

static struct lone_address *insert(struct lone_addresses *l,
				   struct lone_address *at,
				   const struct address *a)
{
	size_t after = (size_t)(l->list + l->count - at);
	memmove(at + 1, at, after * sizeof *at);
	*at = (struct lone_address){.address = *a};
	l->count++;
	return at;
}

static void add_port(struct lone_address *a, uint16_t port)
{
	size_t i = 0;
	while (i < a->port_count && a->ports[i] < port)
		i++;
	if (a->port_count == LONE_PORTS_MAX ||
	    (i < a->port_count && a->ports[i] == port))
		return;
	memmove(&a->ports[i + 1], &a->ports[i],
		(a->port_count - i) * sizeof *a->ports);
	a->ports[i] = port;
	a->port_count++;
}

/* NULL: there are too many. */
static struct lone_address *add(struct lone_addresses *l,
				const struct endpoint *server)
{
	const struct address *a = &server->address;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->list = xreallocarray(l->list, l->room, sizeof *l->list);
	}
	struct lone_address *at = find(l, a);
	if (!is_there(l, at, a) && l->count == LONE_MAX)
		return NULL;
	if (!is_there(l, at, a))
		at = insert(l, at, a);
	add_port(at, server->port);
	return at;
}
static void add_requests(struct lone_addresses *l, const struct told *t,
			 const struct recording *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct endpoint *server =
		    exchange_server(&r->exchanges[i]);
		if (was_told(t, &server->address))
			continue;
		struct lone_address *a = add(l, server);
		if (a)
			a->requests++;
	}
}

static void add_others(struct lone_addresses *l, const struct told *t,
		       const struct recording *r)
{
	struct traffics traffics;
	traffics_collect(&traffics, r);
	for (size_t i = 0; i < traffics.count; i++) {
		const struct traffic *one = &traffics.list[i];
		if (one->udp || was_told(t, &one->server.address))
			continue;
		struct lone_address *a = add(l, &one->server);
		if (a)
			a->others += one->connections;
	}
	traffics_release(&traffics);
}

/* ---- where they are written ---- */

/* The address to which a link leads: the first host in it that is one. */
static bool link_address(struct slice link, struct address *a)
{
	for (size_t at = 0; at < link.len; at++) {
		size_t len = written_boundary(link, at)
				 ? written_host(link, at, true)
				 : 0;
		if (len &&
		    written_address(slice_to(slice_from(link, at), len), a))
			return true;
	}
	return false;
}

static void take_link(void *context, const struct literal *link)
{
	struct lone_addresses *l = context;
	struct address a;
	if (!link_address(link->text, &a))
		return;
	struct lone_address *at = find(l, &a);
	if (is_there(l, at, &a))
		at->written = true;
}

static void find_links(struct lone_addresses *l, const struct recording *r)
{
	struct literals *literals = literals_new(NULL);
	struct literal_takers takers = {.link = take_link, .context = l};
	struct buf trouble = {0};
	for (size_t i = 0; i < r->count; i++)
		if (r->exchanges[i].response_head.len)
			literals_find(literals, &r->exchanges[i], &takers,
				      &trouble);
	buf_release(&trouble);
	literals_free(literals);
}

void lone_addresses_collect(struct lone_addresses *l,
			    const struct recording *replayed)
{
	struct told t = told_by_dns(replayed);
	*l = (struct lone_addresses){0};
	add_requests(l, &t, replayed);
	add_others(l, &t, replayed);
	if (l->count)
		find_links(l, replayed);
	free(t.list);
}

void lone_addresses_release(struct lone_addresses *l)
{
	free(l->list);
	*l = (struct lone_addresses){0};
}
