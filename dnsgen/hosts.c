/* Who was asked in a recording: requests, TLS hellos and DNS answers become
 * hosts. */
#include "hosts.h"

#include "capture/hostname.h"
#include "capture/log.h"
#include "capture/nameset.h"
#include "rewrite/steer.h"

#include <stdlib.h>

/* An address for this name turns a browser's DNS over HTTPS on. */
#define CANARY "use-application-dns.net"
#define SHOWN_MAX 100 /* bytes of a name in a message, before escaping */

/* A name in the set is NAME_TLS if somebody asked a server for it, whether by
 * TLS, QUIC or HTTP; the other kinds are as recorded. */
struct hosts {
	struct slice zone;
	bool resolved;
	struct nameset *names;     /* text: as it goes out */
	struct nameset *addressed; /* no addresses, the texts of names that have
				      one alone */
	struct nameset *proxied;   /* text as in names; the proxy's address */
	struct nameset *servers;   /* no text, the addresses alone */
	struct nameset *left_out;  /* text: a line for people */
	struct nameset *stand_ins; /* the same */
	bool full;
	struct address *addresses; /* of the host in hand */
	size_t room;
};

struct hosts *hosts_new(struct slice zone, bool resolved)
{
	struct hosts *h = xcalloc(1, sizeof *h);
	h->zone = zone;
	h->resolved = resolved;
	h->names = nameset_new();
	h->addressed = nameset_new();
	h->proxied = nameset_new();
	h->servers = nameset_new();
	h->left_out = nameset_new();
	h->stand_ins = nameset_new();
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	nameset_free(h->names);
	nameset_free(h->addressed);
	nameset_free(h->proxied);
	nameset_free(h->servers);
	nameset_free(h->left_out);
	nameset_free(h->stand_ins);
	free(h->addresses);
	free(h);
}

static void add(struct hosts *h, struct nameset *set, const struct name *name)
{
	if (nameset_add(set, name) || h->full)
		return;
	h->full = true;
	log_warn("more than %zu names: the rest is left out",
		 nameset_count(set));
}

/* Hostile recordings can hold a million wrong names: a full set is no loss
 * here, the first lines alone are shown. */
static void leave_out(struct hosts *h, struct slice name, const char *why)
{
	struct buf line = {0};
	buf_add_string(&line, "host \"");
	buf_add_escaped(&line, slice_to(name, SHOWN_MAX));
	buf_printf(&line, "%s\" left out: %s", name.len > SHOWN_MAX ? "…" : "",
		   why);
	nameset_add(h->left_out,
		    &(struct name){NAME_TLS, buf_slice(&line), {0}});
	buf_release(&line);
}

static bool is_canary(struct slice name)
{
	static const struct slice canary = SLICE(CANARY);
	if (name.len < canary.len)
		return false;
	struct slice tail = slice_from(name, name.len - canary.len);
	return slice_equal_nocase(tail, canary) &&
	       (name.len == canary.len || tail.data[-1] == '.');
}

/* In lower case, so that sorting by bytes brings equal names together. proxy:
 * who was asked for it, NULL: it itself. */
static void add_valid(struct hosts *h, const struct name *name,
		      const struct address *proxy)
{
	uint8_t lower[HOSTNAME_MAX];
	for (size_t i = 0; i < name->text.len; i++) {
		uint8_t c = name->text.data[i];
		lower[i] = byte_lower(c);
	}
	struct name out = *name;
	out.text = (struct slice){lower, name->text.len};
	add(h, h->names, &out);
	if (proxy)
		add(h, h->proxied, &(struct name){NAME_TLS, out.text, *proxy});
	if (out.address.version)
		add(h, h->addressed, &(struct name){NAME_TLS, out.text, {0}});
}

static void add_literal(struct hosts *h, const struct address *literal)
{
	struct buf name = {0};
	steer_name(&name, literal, h->zone);
	add_valid(h, &(struct name){NAME_TLS, buf_slice(&name), *literal},
		  NULL);
	buf_release(&name);
}

/* A name out of the recording, checked. */
static void add_name(struct hosts *h, const struct name *recorded,
		     const struct address *proxy)
{
	struct name name = *recorded;
	struct address literal;
	if (!name.text.len)
		return;
	if (name.text.data[name.text.len - 1] == '.')
		name.text.len--;
	if (steer_literal(name.text, &literal)) {
		if (name.kind == NAME_TLS)
			add_literal(h, &literal);
		return;
	}
	const char *wrong = hostname_fault(name.text);
	if (!wrong && is_canary(name.text))
		wrong = "an answer would turn DNS over HTTPS on";
	if (!wrong)
		add_valid(h, &name, proxy);
	else if (name.kind != NAME_MISSING)
		leave_out(h, recorded->text, wrong);
}

/* A host with its port, out of a Host field or a target. */
static void add_authority(struct hosts *h, struct slice authority,
			  const struct address *server, bool proxied)
{
	struct name name = {.kind = NAME_TLS,
			    .text = hostname_of(slice_trim(authority))};
	if (!proxied)
		name.address = *server;
	add_name(h, &name, proxied ? server : NULL);
}

static void add_server(struct hosts *h, const struct address *server)
{
	static const struct slice none;
	add(h, h->servers, &(struct name){NAME_TLS, none, *server});
}

void hosts_add_request(struct hosts *h, struct slice method,
		       struct slice target, struct slice host,
		       const struct address *server, bool in_tunnel)
{
	struct slice authority;
	bool connect = slice_equal(method, SLICE("CONNECT"));
	bool absolute = !connect && hostname_authority(target, &authority);
	bool proxied = connect || absolute || in_tunnel;
	add_server(h, server);
	if (host.data)
		add_authority(h, host, server, proxied);
	if (connect)
		add_authority(h, target, server, true);
	else if (absolute)
		add_authority(h, authority, server, true);
}

void hosts_add_name(struct hosts *h, const struct name *name)
{
	struct name asked = *name;
	if (asked.kind == NAME_QUIC)
		asked.kind = NAME_TLS;
	if (asked.kind == NAME_TLS)
		add_server(h, &asked.address);
	add_name(h, &asked, NULL);
}

/* What the set says of one name: entries [at, end). */
struct group {
	size_t end;
	size_t addresses; /* in h->addresses */
	bool asked, resolved, missing, led;
};

static void group_add(struct hosts *h, struct group *g, const struct name *name)
{
	static const struct slice none;
	g->asked |= name->kind == NAME_TLS;
	g->resolved |= name->kind == NAME_ADDRESS;
	g->missing |= name->kind == NAME_MISSING;
	g->led |= name->kind == NAME_ADDRESS &&
		  nameset_has(h->servers,
			      &(struct name){NAME_TLS, none, name->address});
	if (!name->address.version ||
	    (g->addresses &&
	     address_equal(&h->addresses[g->addresses - 1], &name->address)))
		return;
	if (g->addresses == h->room) {
		h->room = h->room ? h->room * 2 : 16;
		h->addresses =
		    xreallocarray(h->addresses, h->room, sizeof *h->addresses);
	}
	h->addresses[g->addresses++] = name->address;
}

static struct group read_group(struct hosts *h, size_t at)
{
	struct group g = {.end = at};
	struct slice text = nameset_get(h->names, at)->text;
	while (g.end < nameset_count(h->names)) {
		const struct name *name = nameset_get(h->names, g.end);
		if (!slice_equal(name->text, text))
			break;
		group_add(h, &g, name);
		g.end++;
	}
	return g;
}

static bool only_missing(const struct group *g)
{
	return g->missing && !g->resolved;
}

static void tell_stand_in(struct hosts *h, const struct name *n)
{
	struct buf line = {0};
	buf_add_string(&line, "host \"");
	buf_add(&line, n->text);
	buf_add_string(&line, "\": its address was not recorded, it leads to "
			      "the proxy ");
	address_print(&line, &n->address);
	nameset_add(h->stand_ins,
		    &(struct name){NAME_TLS, buf_slice(&line), {0}});
	buf_release(&line);
}

static bool has_text(const struct nameset *set, enum name_kind kind,
		     struct slice text)
{
	return nameset_has(set, &(struct name){kind, text, {0}});
}

/* A name that was asked of proxies alone: any address would do where all lead
 * to replay, and theirs is at least of the recording. */
static void add_stand_ins(struct hosts *h)
{
	for (size_t i = 0; i < nameset_count(h->proxied); i++) {
		const struct name *n = nameset_get(h->proxied, i);
		if (has_text(h->addressed, NAME_TLS, n->text) ||
		    has_text(h->names, NAME_MISSING, n->text))
			continue;
		add(h, h->names, n);
		tell_stand_in(h, n);
	}
	nameset_sort(h->stand_ins);
}

void hosts_finish(struct hosts *h)
{
	add_stand_ins(h);
	nameset_sort(h->names);
	for (size_t at = 0; at < nameset_count(h->names);) {
		struct group g = read_group(h, at);
		if (g.asked && only_missing(&g))
			leave_out(h, nameset_get(h->names, at)->text,
				  "DNS said only that it does not exist");
		at = g.end;
	}
	nameset_sort(h->left_out);
}

bool hosts_next(struct hosts *h, size_t *at, struct host *host)
{
	while (*at < nameset_count(h->names)) {
		struct group g = read_group(h, *at);
		host->name = nameset_get(h->names, *at)->text;
		host->addresses = h->addresses;
		host->count = g.addresses;
		*at = g.end;
		bool known = g.asked || g.led || (h->resolved && g.resolved);
		if (known && !only_missing(&g))
			return true;
	}
	return false;
}

size_t hosts_left_out(const struct hosts *h)
{
	return nameset_count(h->left_out);
}

struct slice hosts_left_out_line(const struct hosts *h, size_t i)
{
	return nameset_get(h->left_out, i)->text;
}

size_t hosts_without_address(const struct hosts *h)
{
	return nameset_count(h->stand_ins);
}

struct slice hosts_without_address_line(const struct hosts *h, size_t i)
{
	return nameset_get(h->stand_ins, i)->text;
}
