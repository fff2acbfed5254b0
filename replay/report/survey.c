/* All that --check tells of a recording, found once. */
#include "survey.h"

#include "opened.h"
#include "repeats.h"
#include "words.h"

#include <stdlib.h>

#define GROUPS_MAX 4096

/* ---- conditions under which an exchange comes back ---- */

struct look {
	const struct survey *s;
	const bool *repeated;
	size_t i;
	const struct exchange *e;
};

static bool is_bare(const struct look *l)
{
	struct address a;
	return address_parse(exchange_url(l->e).host, &a);
}

/* Only of a page that is whole can one say that it has no such link. */
static bool is_script_made(const struct look *l)
{
	const struct chain_link *link = &l->s->chain.links[l->i];
	return link->by == CHAIN_REFERER && link->cause != CHAIN_NONE &&
	       slice_equal(exchange_method(l->e), SLICE("GET")) &&
	       findings_reproducible(&l->s->findings, link->cause);
}

static bool is_one_shot(const struct look *l)
{
	return l->repeated[l->i];
}

static bool is_no_browsers(const struct look *l)
{
	return l->e->status / 100 == 2 && l->e->body_bytes > 0 &&
	       !twin_is_browser(twin_agent(l->e));
}

static bool is_events(const struct look *l)
{
	const struct finding *f = findings_of(&l->s->findings, l->i);
	return f && f->kind == FOUND_EVENTS;
}

/* Long before a browser gives up, long after servers answer that are alive. */
#define HELD_BACK 10000000000LL /* ns */

static bool is_held_back(const struct look *l)
{
	return l->e->answer_time && l->e->answer_time - l->e->time > HELD_BACK;
}

static bool is_pushed(const struct look *l)
{
	return l->e->pushed;
}

static bool is_grpc(const struct look *l)
{
	return slice_starts_nocase(
	    http_field(opened_fields(l->e), SLICE("Content-Type")),
	    SLICE("application/grpc"));
}

static bool is_plain(const struct look *l)
{
	return !l->e->https;
}

static bool is_tls_read(const struct look *l)
{
	return l->e->https;
}

static const struct {
	enum reason reason;
	bool (*holds)(const struct look *l);
} conditions[] = {
    {REASON_BARE_ADDRESS, is_bare}, {REASON_SCRIPT_MADE, is_script_made},
    {REASON_ONE_SHOT, is_one_shot}, {REASON_NO_BROWSER, is_no_browsers},
    {REASON_EVENTS, is_events},     {REASON_HELD_BACK, is_held_back},
    {REASON_PUSHED, is_pushed},     {REASON_GRPC, is_grpc},
    {REASON_PLAIN, is_plain},       {REASON_TLS_READ, is_tls_read},
};
#define CONDITIONS (sizeof conditions / sizeof *conditions)

static uint16_t doubt_bit(enum reason r)
{
	return (uint16_t)(1U << (r - REASON_BARE_ADDRESS));
}

bool survey_has(const struct survey *s, size_t i, enum reason r)
{
	if (r < REASON_BARE_ADDRESS)
		return findings_reason(&s->findings, i) == r;
	return s->doubts[i] & doubt_bit(r);
}

/* ---- exchanges ---- */

static void count_exchange(struct reason_count *c, uint64_t bytes)
{
	c->exchanges++;
	c->bytes += bytes;
}

static void count_conditions(struct survey *s, const struct look *l,
			     uint64_t bytes)
{
	for (size_t n = 0; n < CONDITIONS; n++) {
		enum reason r = conditions[n].reason;
		if (!conditions[n].holds(l))
			continue;
		s->doubts[l->i] |= doubt_bit(r);
		count_exchange(&s->reasons[r], bytes);
	}
}

static void count_time(struct survey *s, const struct exchange *e)
{
	if (!s->begins || e->time < s->begins)
		s->begins = e->time;
	if (e->end_time > s->ends)
		s->ends = e->end_time;
}

static void survey_exchange(struct survey *s, const struct look *l)
{
	uint64_t bytes = findings_bytes(l->e);
	enum reason reason = findings_reason(&s->findings, l->i);
	enum own_kind own = own_request(l->e);
	s->bytes += bytes;
	s->own[own]++;
	count_exchange(reason == REASON_NONE ? &s->well : &s->reasons[reason],
		       bytes);
	count_time(s, l->e);
	if (own == OWN_NOT)
		count_conditions(s, l, bytes);
}

static void survey_exchanges(struct survey *s)
{
	const struct recording *r = s->recording;
	bool *repeated = xcalloc(r->count, sizeof *repeated);
	struct look l = {.s = s, .repeated = repeated};
	s->doubts = xcalloc(r->count, sizeof *s->doubts);
	repeats_find(r, repeated);
	for (; l.i < r->count; l.i++) {
		l.e = &r->exchanges[l.i];
		survey_exchange(s, &l);
	}
	free(repeated);
}

/* ---- other traffic ---- */

static enum reason traffic_reason(enum traffic_kind kind)
{
	static const enum reason reasons[SURVEY_TRAFFIC_KINDS] = {
	    [TRAFFIC_TLS] = REASON_TLS,
	    [TRAFFIC_QUIC] = REASON_QUIC,
	    [TRAFFIC_HTTP2_CLEAR] = REASON_HTTP2_CLEAR,
	    [TRAFFIC_OTHER] = REASON_OTHER_PROTOCOL,
	    [TRAFFIC_UNKNOWN] = REASON_UNKNOWN_PROTOCOL,
	    [TRAFFIC_SILENT] = REASON_NONE,
	};
	return reasons[kind];
}

/* What every network has, and the lab brings itself. */
static bool is_service(const struct traffic *t)
{
	static const char *const names[] = {
	    "DNS",   "DNS over TCP", "mDNS",
	    "LLMNR", "NetBIOS name", "NetBIOS datagram",
	    "NTP",   "DHCP",         "DHCPv6",
	    "SSDP",  "WS-Discovery", "RIP",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (t->kind == TRAFFIC_OTHER && !strcmp(t->protocol, names[i]))
			return true;
	return false;
}

static void count_traffic(struct survey *s, enum reason r, size_t connections,
			  uint64_t bytes)
{
	s->reasons[r].connections += connections;
	s->reasons[r].bytes += bytes;
}

/* i: which one t is in traffics, UINT32_MAX if it is none of them. */
static void group(struct roll *roll, const struct traffic *t, uint32_t i,
		  const char *place, struct slice server)
{
	struct roll_entry *e = roll_add(roll, slice_of(place), server, i);
	if (!e)
		return;
	e->count += t->connections - 1;
	e->bytes += t->bytes;
}

/* Of TLS the list tells why it was not read. */
static const char *place_of(const struct traffic *t)
{
	if (t->kind == TRAFFIC_TLS)
		return t->why ? t->why : "";
	return t->protocol;
}

bool survey_next(const struct survey *s, const struct roll_entry *e, size_t *at)
{
	const struct traffics *all = &s->traffics;
	if (e->first >= all->count)
		return false;
	const struct traffic *first = &all->list[e->first];
	for (; *at < all->count; ++*at) {
		const struct traffic *t = &all->list[*at];
		if (t->kind == first->kind &&
		    slice_equal(t->name, first->name) &&
		    !strcmp(place_of(t), place_of(first)) &&
		    (t->name.len || endpoint_equal(&t->server, &first->server)))
			return true;
	}
	return false;
}

static void survey_servers(struct survey *s, const struct traffic *t,
			   uint32_t i)
{
	struct buf address = {0};
	endpoint_print(&address, &t->server);
	struct slice server = t->name.len ? t->name : buf_slice(&address);
	group(&s->traffic[t->kind], t, i, place_of(t), server);
	if (t->asks_certificate) {
		count_traffic(s, REASON_CLIENT_CERTIFICATE, t->connections,
			      t->bytes);
		group(&s->certificates, t, i, t->protocol, server);
	}
	buf_release(&address);
}

static void survey_connections(struct survey *s, const struct traffic *t,
			       uint32_t i)
{
	enum reason reason = traffic_reason(t->kind);
	if (is_service(t)) {
		group(&s->services, t, i, t->protocol, (struct slice){0});
		return;
	}
	if (reason != REASON_NONE)
		count_traffic(s, reason, t->connections, t->bytes);
	if (reason != REASON_NONE && reason != REASON_TLS &&
	    reason != REASON_QUIC)
		group(&s->protocols, t, i, t->protocol, (struct slice){0});
	survey_servers(s, t, i);
}

static bool has_server(const struct roll *r, struct slice name)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_equal_nocase(r->list[i].text, name))
			return true;
	return false;
}

/* TLS inside of tunnels: only its server names are known. */
static void survey_tunnels(struct survey *s)
{
	const struct name *n;
	size_t at = 0;
	for (size_t seen = 0; seen < GROUPS_MAX; seen++) {
		if (!(n = findings_encrypted(&s->findings, &at)))
			return;
		struct traffic t = {.kind = TRAFFIC_TLS,
				    .protocol = "TLS in a tunnel",
				    .server = {n->address, 0},
				    .name = n->text,
				    .connections = 1};
		if (!has_server(&s->traffic[TRAFFIC_TLS], n->text))
			survey_connections(s, &t, UINT32_MAX);
	}
}

static void survey_traffic(struct survey *s)
{
	for (size_t kind = 0; kind < SURVEY_TRAFFIC_KINDS; kind++)
		s->traffic[kind].max = GROUPS_MAX;
	s->protocols.max = s->services.max = s->certificates.max = GROUPS_MAX;
	for (uint32_t i = 0; i < s->traffics.count; i++)
		survey_connections(s, &s->traffics.list[i], i);
	survey_tunnels(s);
}

void survey_run(struct survey *s, const struct recording *r,
		const struct rules *rules, bool steered_too)
{
	*s = (struct survey){.recording = r};
	findings_collect(&s->findings, r, rules, steered_too);
	chain_build(&s->chain, r);
	traffics_collect(&s->traffics, r);
	brought_collect(&s->brought, &s->findings, &s->chain);
	twin_collect(&s->twin, r);
	trail_find(&s->trail, &s->chain, &s->findings, &s->traffics);
	survey_exchanges(s);
	survey_traffic(s);
	s->reasons[REASON_NOT_RECORDED].links =
	    s->chain.unfollowed_all[FOLLOW_LOADED];
}

void survey_release(struct survey *s)
{
	for (size_t kind = 0; kind < SURVEY_TRAFFIC_KINDS; kind++)
		roll_release(&s->traffic[kind]);
	roll_release(&s->protocols);
	roll_release(&s->services);
	roll_release(&s->certificates);
	free(s->doubts);
	trail_release(&s->trail);
	twin_release(&s->twin);
	brought_release(&s->brought);
	traffics_release(&s->traffics);
	chain_release(&s->chain);
	findings_release(&s->findings);
}

/* ---- for printing ---- */

bool survey_class(const struct survey *s, size_t *at, enum reason *class)
{
	/* where nothing stands in the way first */
	static const enum reason order[] = {
	    REASON_PLAIN,
	    REASON_TLS_READ,
	    REASON_BARE_ADDRESS,
	    REASON_SCRIPT_MADE,
	    REASON_ONE_SHOT,
	    REASON_NO_BROWSER,
	    REASON_WEBSOCKET,
	    REASON_TUNNEL,
	    REASON_TLS,
	    REASON_CLIENT_CERTIFICATE,
	    REASON_QUIC,
	    REASON_HTTP2_CLEAR,
	    REASON_OTHER_PROTOCOL,
	    REASON_UNKNOWN_PROTOCOL,
	};
	while (*at < sizeof order / sizeof *order) {
		enum reason r = order[(*at)++];
		if (!s->reasons[r].exchanges && !s->reasons[r].connections)
			continue;
		*class = r;
		return true;
	}
	return false;
}

const char *survey_unexplained(const struct survey *s, size_t i)
{
	if (i == s->chain.first_page)
		return NULL;
	switch (s->chain.links[i].by) {
	case CHAIN_START:
		return "start";
	case CHAIN_OUTSIDE:
		return "outside";
	case CHAIN_REFERER:
		return survey_has(s, i, REASON_SCRIPT_MADE) ? "script" : NULL;
	default:
		return NULL;
	}
}

const struct exchange *survey_first_page(const struct survey *s)
{
	uint32_t i = s->chain.first_page;
	return i == CHAIN_NONE ? NULL : &s->recording->exchanges[i];
}

unsigned survey_share(uint64_t part, uint64_t whole)
{
	if (!whole)
		return 0;
	if (part > UINT64_MAX / 1000)
		return (unsigned)(part / (whole / 1000));
	return (unsigned)(part * 1000 / whole);
}

void reason_count_print(struct buf *out, const struct reason_count *c)
{
	const char *between = "";
	const struct {
		size_t n;
		const char *what;
	} parts[] = {{c->exchanges, "exchange"},
		     {c->connections, "connection"},
		     {c->links, "link"}};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].n)
			continue;
		buf_add_string(out, between);
		words_count(out, parts[i].n, parts[i].what);
		between = ", ";
	}
	if (!c->bytes)
		return;
	buf_add_string(out, between);
	words_bytes(out, c->bytes);
}
