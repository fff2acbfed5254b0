/* replay --check for people: first things first, short, no bytes of the capture
 * as they are. */
#include "check_print.h"

#include "rewrite/visible.h"

#include <inttypes.h>
#include <time.h>

/* Lines of a list, bytes of a text. */
#define LISTED 10U
#define LISTED_DOUBTS 5U
#define LISTED_DETAILS 2U /* of a server, in lines of their own */
#define LISTED_VERBOSE 10000U
#define CLIPPED 160U
#define CLIPPED_VERBOSE 2048U
#define INDENT_MAX 16 /* levels of the tree that are shown as such */
#define SECOND INT64_C(1000000000)

struct out {
	const struct survey *s;
	bool verbose;
	/* the list in hand */
	const char *heading; /* to be printed before its first line */
	size_t max, shown, left_out;
};

/* ---- words ---- */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_count(uint64_t n, const char *what)
{
	printf("%" PRIu64 " %s%s", n, what, plural(n));
}

/* As people read them: exact where that is short. */
static void put_bytes(uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)n / 1e3;
	size_t unit = 0;
	if (n < 10000) {
		put_count(n, "byte");
		return;
	}
	for (; value >= 1e3 && unit < 3; unit++)
		value /= 1e3;
	printf("%.1f %s", value, units[unit]);
}

static void put_share(uint64_t part, uint64_t whole)
{
	unsigned share = survey_share(part, whole);
	printf("(%u.%u %%)", share / 10, share % 10);
}

static void put_start(struct slice text, size_t max)
{
	struct slice told = text;
	if (text.len > max)
		told = slice_to(text, visible_back(text, max));
	visible_print(stdout, told);
	if (told.len < text.len)
		printf("... (%zu bytes)", text.len);
}

static void put_clipped(const struct out *o, struct slice text)
{
	put_start(text, o->verbose ? CLIPPED_VERBOSE : CLIPPED);
}

/* What a twin has to send is of use only whole. */
static void put_whole(struct slice text)
{
	put_start(text, ROLL_TEXT_MAX);
}

static void put_url(const struct out *o, const struct exchange *e)
{
	struct buf b = {0};
	struct url url = exchange_url(e);
	if (slice_equal(e->method, SLICE("CONNECT")))
		buf_add(&b, e->target); /* no URL: RFC 9110 9.3.6 */
	else
		url_print(&b, &url);
	put_clipped(o, buf_slice(&b));
	buf_release(&b);
}

static void put_exchange(const struct out *o, size_t i)
{
	const struct exchange *e = &o->s->recording->exchanges[i];
	printf("#%zu ", i + 1);
	put_clipped(o, e->method);
	putchar(' ');
	put_url(o, e);
}

static void put_address(const struct address *a)
{
	struct buf b = {0};
	address_print(&b, a);
	fwrite(b.data, 1, b.len, stdout);
	buf_release(&b);
}

static void put_time(int64_t time)
{
	time_t seconds = (time_t)(time / SECOND);
	struct tm tm;
	char text[32];
	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm))
		return;
	fputs(text, stdout);
}

/* ---- lists: a heading, bounded lines, how many are left out ---- */

static void begin_list(struct out *o, const char *heading)
{
	o->heading = heading;
	o->max = o->verbose ? LISTED_VERBOSE : LISTED;
	o->shown = o->left_out = 0;
}

/* Whether there is room for one more line; puts the heading before the first.
 */
static bool begin_line(struct out *o)
{
	if (o->heading)
		puts(o->heading);
	o->heading = NULL;
	if (o->shown >= o->max) {
		o->left_out++;
		return false;
	}
	o->shown++;
	return true;
}

static void end_list(struct out *o, const char *indent)
{
	if (o->left_out)
		printf("%s... and %zu more%s\n", indent, o->left_out,
		       o->verbose ? "" : " (-v lists them)");
}

/* ---- what kind of incident ---- */

static void put_classes(const struct survey *s)
{
	enum reason class;
	bool any = false;
	fputs("incident: ", stdout);
	for (size_t at = 0; survey_class(s, &at, &class); any = true)
		printf("%s%s", any ? "; " : "", reason_info(class)->words);
	puts(any ? "" : "no exchange that comes back, no other traffic");
}

/* Who opened the first page; without one, who asked first. */
static void put_victim(const struct exchange *e)
{
	struct slice agent = twin_agent(e);
	fputs("victim: ", stdout);
	put_address(&exchange_client(e)->address);
	fputs(", ", stdout);
	put_whole(agent.len ? agent : SLICE("no User-Agent"));
	putchar('\n');
}

static void put_first_page(const struct out *o)
{
	const struct recording *r = o->s->recording;
	const struct exchange *e = survey_first_page(o->s);
	fputs("first page: ", stdout);
	if (e)
		put_exchange(o, o->s->chain.first_page);
	else
		fputs("none was recorded", stdout);
	putchar('\n');
	if (e || r->count)
		put_victim(e ? e : r->exchanges);
}

static void put_duration(int64_t time)
{
	double seconds = (double)time / 1e9;
	if (seconds < 120)
		printf("%.1f s", seconds);
	else if (seconds < 7200)
		printf("%.1f minutes", seconds / 60);
	else if (seconds < 172800)
		printf("%.1f hours", seconds / 3600);
	else
		printf("%.0f days", seconds / 86400);
}

static void put_when(const struct survey *s)
{
	if (!s->recording->count)
		return;
	fputs("recorded: ", stdout);
	put_time(s->begins);
	fputs(", for ", stdout);
	put_duration(s->ends - s->begins);
	putchar('\n');
}

static void put_incident(struct out *o)
{
	put_classes(o->s);
	put_first_page(o);
	put_when(o->s);
	printf("connections: %u, with HTTP: %zu\n",
	       flows_len(o->s->recording->flows), o->s->findings.with_http);
}

/* ---- what comes back, what does not ---- */

/* Connections that are not read, each counted once. */
static void put_unread(const struct survey *s)
{
	struct reason_count sum = {0};
	for (enum reason r = 0; r < REASONS; r++) {
		if (reason_info(r)->scope != SCOPE_TRAFFIC ||
		    r == REASON_CLIENT_CERTIFICATE) /* is TLS as well */
			continue;
		sum.connections += s->reasons[r].connections;
		sum.bytes += s->reasons[r].bytes;
	}
	if (!sum.connections)
		return;
	fputs("beside these, not read: ", stdout);
	put_count(sum.connections, "connection");
	fputs(", ", stdout);
	put_bytes(sum.bytes);
	putchar('\n');
}

static void put_well(struct out *o)
{
	const struct survey *s = o->s;
	printf("\ncomes back: %zu of ", s->well.exchanges);
	put_count(s->recording->count, "exchange");
	putchar(' ');
	put_share(s->well.exchanges, s->recording->count);
	fputs("; of their bodies ", stdout);
	put_bytes(s->well.bytes);
	fputs(" of ", stdout);
	put_bytes(s->bytes);
	putchar(' ');
	put_share(s->well.bytes, s->bytes);
	putchar('\n');
	put_unread(s);
}

static void put_amount(const struct reason_count *c)
{
	const char *between = "";
	const struct {
		size_t n;
		const char *what;
	} parts[] = {{c->exchanges, "exchange"},
		     {c->connections, "connection"},
		     {c->links, "link"}};
	for (size_t i = 0; i < 3; i++) {
		if (!parts[i].n)
			continue;
		fputs(between, stdout);
		put_count(parts[i].n, parts[i].what);
		between = ", ";
	}
	if (c->bytes) {
		fputs(", ", stdout);
		put_bytes(c->bytes);
	}
}

static void put_reason_exchange(const struct out *o, size_t i,
				enum reason_scope scope)
{
	const struct finding *f = findings_of(&o->s->findings, i);
	fputs("    ", stdout);
	put_exchange(o, i);
	if (scope == SCOPE_EXCHANGE && f && f->text.len) {
		fputs(": ", stdout);
		put_clipped(o, buf_slice(&f->text));
	}
	putchar('\n');
}

static void put_reason_exchanges(struct out *o, enum reason r)
{
	enum reason_scope scope = reason_info(r)->scope;
	size_t left = o->s->reasons[r].exchanges;
	begin_list(o, NULL);
	if (scope == SCOPE_DOUBT && !o->verbose)
		o->max = LISTED_DOUBTS;
	for (size_t i = 0; left && i < o->s->recording->count; i++) {
		if (!survey_has(o->s, i, r))
			continue;
		left--;
		if (begin_line(o))
			put_reason_exchange(o, i, scope);
	}
	end_list(o, "    ");
}

static void put_reason(struct out *o, enum reason r)
{
	const struct reason_info *info = reason_info(r);
	printf("  %s (%s): ", info->sentence, info->name);
	put_amount(&o->s->reasons[r]);
	if (*info->helps && strcmp(info->helps, "nothing") != 0)
		printf("; %s would help", info->helps);
	putchar('\n');
	if (o->verbose)
		printf("    why: %s\n", info->fact);
	put_reason_exchanges(o, r);
}

static void put_reasons(struct out *o, enum reason_scope from,
			enum reason_scope to, const char *heading)
{
	for (enum reason r = 0; r < REASONS; r++) {
		enum reason_scope scope = reason_info(r)->scope;
		const struct reason_count *c = &o->s->reasons[r];
		if (scope < from || scope > to ||
		    !(c->exchanges || c->connections))
			continue;
		if (heading)
			puts(heading);
		heading = NULL;
		put_reason(o, r);
	}
}

static void put_losses(struct out *o)
{
	put_reasons(o, SCOPE_EXCHANGE, SCOPE_TRAFFIC, "\ndoes not come back:");
}

static void put_doubts(struct out *o)
{
	put_reasons(o, SCOPE_DOUBT, SCOPE_DOUBT, "\nmind also:");
}

/* ---- the chain ---- */

static void put_broken_link(const struct out *o, const struct trail_break *b)
{
	put_exchange(o, b->exchange);
	fputs(" loads ", stdout);
	put_clipped(o, b->link->url);
	puts(b->reason == REASON_NOT_RECORDED ? ", which was not recorded"
					      : ", which was encrypted");
}

static void put_broken(const struct out *o, const char *what,
		       const struct trail_break *b)
{
	printf("  %s: ", what);
	if (b->link) {
		put_broken_link(o, b);
		return;
	}
	put_exchange(o, b->exchange);
	printf(": %s\n", reason_info(b->reason)->sentence);
}

static void put_tree(struct out *o)
{
	const struct trail *t = &o->s->trail;
	begin_list(o, NULL);
	for (uint32_t k = 0; k < t->count; k++) {
		uint32_t i = t->order[k];
		enum reason r = findings_reason(&o->s->findings, i);
		int depth =
		    t->depths[k] < INDENT_MAX ? t->depths[k] : INDENT_MAX;
		if (!begin_line(o))
			continue;
		printf("  %*s", 2 * depth, "");
		put_exchange(o, i);
		if (k)
			printf(" (%s)", chain_by_name(o->s->chain.links[i].by));
		if (r != REASON_NONE)
			printf(" [%s]", reason_info(r)->name);
		putchar('\n');
	}
	end_list(o, "  ");
}

static void put_chain(struct out *o)
{
	const struct trail *t = &o->s->trail;
	if (!t->count)
		return;
	fputs("\nchain: the first page led to ", stdout);
	put_count(t->count - 1, "exchange");
	if (t->first.reason == REASON_NONE) {
		puts(", no broken link");
	} else {
		putchar('\n');
		put_broken(o, "first broken link", &t->first);
	}
	if (t->first.link && t->exchange.reason != REASON_NONE)
		put_broken(o, "first exchange that does not come back",
			   &t->exchange);
	if (o->verbose)
		put_tree(o);
}

/* ---- the victim ---- */

static const char *const brought_headings[BROUGHT_KINDS] = {
    [BROUGHT_CACHE] = NULL, /* told by their reason */
    [BROUGHT_COOKIE] = "  cookies that nothing recorded had set:",
    [BROUGHT_LOGIN] = "  logins:",
    [BROUGHT_REFERER] = "  it came from pages that were not recorded:",
    [BROUGHT_WORKER] = "  service workers, which answer from their own store:",
    [BROUGHT_HSTS] = "  Strict-Transport-Security, which turns http to https:",
    [BROUGHT_REDIRECT] = "  permanent redirects, which it need not ask again:",
};

static bool names_place(enum brought_kind kind)
{
	return kind != BROUGHT_REFERER && kind != BROUGHT_WORKER;
}

static void put_seen(const struct out *o, enum brought_kind kind,
		     const struct roll_entry *e)
{
	printf(" (#%" PRIu32, e->first + 1);
	if (e->count > 1)
		printf(", %zu times", e->count);
	if (kind == BROUGHT_COOKIE && o->s->brought.script_cookies < e->first)
		printf(", or by the script of #%" PRIu32,
		       o->s->brought.script_cookies + 1);
	puts(")");
}

static void put_brought_entry(struct out *o, enum brought_kind kind,
			      const struct roll_entry *e)
{
	fputs("    ", stdout);
	if (names_place(kind)) {
		put_clipped(o, e->place);
		fputs(": ", stdout);
	}
	put_clipped(o, e->text);
	put_seen(o, kind, e);
}

/* Sites set many at once: those behind e that are of the same host and were
 * seen as it was are told in one line. Returns how many there are. */
static size_t put_cookies(struct out *o, const struct roll_entry *e,
			  size_t left)
{
	size_t n = 1;
	while (n < left && e[n].first == e->first && e[n].count == e->count &&
	       slice_equal(e[n].place, e->place))
		n++;
	if (!begin_line(o))
		return n;
	fputs("    ", stdout);
	put_clipped(o, e->place);
	for (size_t i = 0; i < n && (o->verbose || i < LISTED); i++) {
		fputs(i ? ", " : ": ", stdout);
		put_clipped(o, e[i].text);
	}
	if (!o->verbose && n > LISTED)
		printf(" and %zu more", n - LISTED);
	put_seen(o, BROUGHT_COOKIE, e);
	return n;
}

static void put_entries(struct out *o, enum brought_kind kind,
			const struct roll *roll)
{
	for (size_t i = 0; i < roll->count;) {
		const struct roll_entry *e = &roll->list[i];
		if (kind == BROUGHT_COOKIE) {
			i += put_cookies(o, e, roll->count - i);
			continue;
		}
		if (begin_line(o))
			put_brought_entry(o, kind, e);
		i++;
	}
}

static void put_brought_kind(struct out *o, enum brought_kind kind)
{
	const struct roll *roll = &o->s->brought.kinds[kind];
	if (kind == BROUGHT_CACHE) {
		printf("  bodies in its cache: %zu, see only-304 above\n",
		       roll->count + roll->left_out);
		return;
	}
	begin_list(o, brought_headings[kind]);
	put_entries(o, kind, roll);
	o->left_out += roll->left_out;
	end_list(o, "    ");
}

static void put_brought_kinds(struct out *o, enum brought_kind from,
			      enum brought_kind to, const char *heading)
{
	for (enum brought_kind kind = from; kind <= to; kind++) {
		if (!o->s->brought.kinds[kind].count)
			continue;
		if (heading)
			puts(heading);
		heading = NULL;
		put_brought_kind(o, kind);
	}
}

static void put_brought(struct out *o)
{
	put_brought_kinds(o, BROUGHT_CACHE, BROUGHT_REFERER,
			  "\nthe victim's client brought along:");
	put_brought_kinds(o, BROUGHT_WORKER, BROUGHT_REDIRECT,
			  "\na visit leaves in the client (so take a fresh "
			  "one for each run):");
}

static void put_recipe_line(const char *name, const struct roll_entry *e)
{
	printf("    %s", name);
	visible_print(stdout, e->place);
	fputs(": ", stdout);
	put_whole(e->text.len ? e->text : SLICE("none"));
	printf(" (%zu)\n", e->count);
}

static void put_recipe(struct out *o, const struct twin_client *c)
{
	static const char *const names[TWIN_VALUES] = {
	    [TWIN_AGENT] = "User-Agent",
	    [TWIN_LANGUAGE] = "Accept-Language",
	    [TWIN_ACCEPT] = "Accept of pages",
	    [TWIN_PLUGIN] = "",
	    [TWIN_HINT] = "",
	};
	for (enum twin_value v = 0; v < TWIN_VALUES; v++) {
		const struct roll *roll = &c->values[v];
		begin_list(o, NULL);
		for (size_t i = 0; i < roll->count; i++)
			if (begin_line(o))
				put_recipe_line(names[v], &roll->list[i]);
		o->left_out += roll->left_out;
		end_list(o, "    ");
	}
}

static void put_fingerprints(struct out *o, const struct address *client)
{
	const struct traffics *t = &o->s->traffics;
	begin_list(o, NULL);
	for (size_t i = 0; i < t->client_count; i++) {
		const struct traffic_client *c = &t->clients[i];
		if (!address_equal(&c->client, client) || !begin_line(o))
			continue;
		printf("    TLS: JA3 %s, JA4 %s (%zu)\n", c->print.ja3,
		       c->print.ja4, c->connections);
	}
	end_list(o, "    ");
}

static void put_twin(struct out *o)
{
	const struct twin *t = &o->s->twin;
	size_t max = o->verbose ? t->count : LISTED;
	if (!t->count)
		return;
	puts("\nthe twin has to send, of each kind (times seen):");
	for (size_t i = 0; i < t->count && i < max; i++) {
		fputs("  ", stdout);
		put_address(&t->clients[i].address);
		fputs(", ", stdout);
		put_count(t->clients[i].exchanges, "exchange");
		putchar('\n');
		put_recipe(o, &t->clients[i]);
		put_fingerprints(o, &t->clients[i].address);
	}
	if (t->count > max)
		printf("  ... and %zu more clients (-v lists them)\n",
		       t->count - max);
	if (t->left_out)
		printf("  ... and %zu exchanges of further clients\n",
		       t->left_out);
}

/* ---- what leads from nowhere, what leads nowhere ---- */

static void put_unexplained(struct out *o)
{
	begin_list(o, "\nno recorded page explains:");
	for (size_t i = 0; i < o->s->recording->count; i++) {
		const char *why = survey_unexplained(o->s, i);
		/* those are told by their reason */
		if (!why || survey_has(o->s, i, REASON_SCRIPT_MADE))
			continue;
		if (!begin_line(o))
			continue;
		fputs("  ", stdout);
		put_exchange(o, i);
		if (!strcmp(why, "outside"))
			fputs(" (its Referer was not recorded)", stdout);
		if (o->s->trail.sizes[i] > 1)
			printf(" (led to %" PRIu32 " more)",
			       o->s->trail.sizes[i] - 1);
		putchar('\n');
	}
	end_list(o, "  ");
}

static void put_unfollowed(struct out *o)
{
	const struct chain *c = &o->s->chain;
	const size_t *all = c->unfollowed_all;
	size_t sum =
	    all[FOLLOW_LOADED] + all[FOLLOW_CLICKED] + all[FOLLOW_SCRIPTED];
	if (!sum)
		return;
	printf("\nlinks that nobody followed: %zu that a browser loads, %zu "
	       "to click, %zu in scripts\n",
	       all[FOLLOW_LOADED], all[FOLLOW_CLICKED], all[FOLLOW_SCRIPTED]);
	begin_list(o, NULL);
	for (size_t i = 0; i < c->unfollowed_count; i++) {
		const struct unfollowed *u = &c->unfollowed[i];
		if (u->kind != FOLLOW_LOADED && !o->verbose)
			continue;
		if (!begin_line(o))
			continue;
		printf("  %s in #%" PRIu32 ": ", follow_kind_name(u->kind),
		       u->exchange + 1);
		put_clipped(o, u->url);
		putchar('\n');
	}
	o->left_out = (o->verbose ? sum : all[FOLLOW_LOADED]) - o->shown;
	end_list(o, "  ");
}

/* ---- other traffic ---- */

static bool is_certificate_asked(const struct survey *s,
				 const struct roll_entry *e)
{
	for (size_t i = 0; i < s->certificates.count; i++)
		if (slice_equal(s->certificates.list[i].text, e->text))
			return true;
	return false;
}

static void put_amount_of(const struct roll_entry *e)
{
	fputs(": ", stdout);
	put_count(e->count, "connection");
	fputs(", ", stdout);
	put_bytes(e->bytes);
}

/* Named by protocol, by server or by both; without the protocol its place holds
 * why it was not read. */
static void put_server(struct out *o, const struct roll_entry *e, bool protocol)
{
	if (!begin_line(o))
		return;
	fputs("  ", stdout);
	if (protocol)
		visible_print(stdout, e->place);
	if (protocol && e->text.len)
		fputs(" to ", stdout);
	put_clipped(o, e->text);
	put_amount_of(e);
	if (is_certificate_asked(o->s, e))
		fputs(", asks for a client certificate", stdout);
	if (!protocol && e->place.len)
		fputs("; ", stdout);
	if (!protocol)
		visible_print(stdout, e->place);
	putchar('\n');
}

static void put_servers(struct out *o, const struct roll *roll, bool protocol)
{
	for (size_t i = 0; i < roll->count; i++)
		put_server(o, &roll->list[i], protocol);
	o->left_out += roll->left_out;
}

static void put_endpoint(const struct endpoint *e)
{
	struct buf b = {0};
	endpoint_print(&b, e);
	fwrite(b.data, 1, b.len, stdout);
	buf_release(&b);
}

/* Who spoke with whom, when, how much each way, and how the client began. */
static void put_details(const struct traffic *t)
{
	fputs("    ", stdout);
	put_address(&t->client.address);
	fputs(" to ", stdout);
	put_endpoint(&t->server);
	fputs(", ", stdout);
	put_time(t->begins);
	fputs(", for ", stdout);
	put_duration(t->ends - t->begins);
	fputs(": ", stdout);
	if (t->connections > 1)
		printf("%zu connections, ", t->connections);
	put_bytes(t->sent);
	fputs(" sent, ", stdout);
	put_bytes(t->received);
	fputs(" received", stdout);
	if (*t->print.ja3)
		printf(", JA3 %s", t->print.ja3);
	if (*t->print.ja4)
		printf(", JA4 %s", t->print.ja4);
	putchar('\n');
}

static void put_server_details(struct out *o, const struct roll_entry *e)
{
	size_t max = o->verbose ? LISTED_VERBOSE : LISTED_DETAILS;
	size_t found = 0;
	for (size_t i = e->first; survey_next(o->s, e, &i); i++)
		if (found++ < max)
			put_details(&o->s->traffics.list[i]);
	if (found > max)
		printf("    ... and %zu more%s\n", found - max,
		       o->verbose ? "" : " (-v lists them)");
}

static void put_sealed(struct out *o, enum traffic_kind kind)
{
	const struct roll *roll = &o->s->traffic[kind];
	for (size_t i = 0; i < roll->count; i++) {
		size_t shown = o->shown;
		put_server(o, &roll->list[i], false);
		if (o->shown > shown)
			put_server_details(o, &roll->list[i]);
	}
	o->left_out += roll->left_out;
}

static void put_encrypted(struct out *o)
{
	begin_list(o, "\nencrypted: not read:");
	put_sealed(o, TRAFFIC_TLS);
	put_sealed(o, TRAFFIC_QUIC);
	end_list(o, "  ");
}

static void put_other_traffic(struct out *o)
{
	begin_list(o, "\nother traffic, not served again:");
	if (o->verbose)
		for (enum traffic_kind k = TRAFFIC_HTTP2_CLEAR;
		     k < TRAFFIC_SILENT; k++)
			put_servers(o, &o->s->traffic[k], true);
	else
		put_servers(o, &o->s->protocols, true);
	end_list(o, "  ");
	if (o->s->traffics.more_connections)
		printf("  and %" PRIu64 " connections that are not listed\n",
		       o->s->traffics.more_connections);
}

/* On one line, in few words. */
static void put_counts(const char *heading, const struct roll *roll)
{
	for (size_t i = 0; i < roll->count; i++) {
		fputs(i ? ", " : heading, stdout);
		visible_print(stdout, roll->list[i].place);
		printf(" %zu", roll->list[i].count);
	}
	if (roll->count)
		putchar('\n');
}

static size_t count_silent(const struct roll *roll)
{
	size_t sum = roll->left_out;
	for (size_t i = 0; i < roll->count; i++)
		sum += roll->list[i].count;
	return sum;
}

static void put_traffic(struct out *o)
{
	size_t silent = count_silent(&o->s->traffic[TRAFFIC_SILENT]);
	put_encrypted(o);
	put_other_traffic(o);
	put_counts("\nservices of the network, which the lab brings itself: ",
		   &o->s->services);
	if (!silent)
		return;
	fputs("\nopened, and nothing was said: ", stdout);
	put_count(silent, "connection");
	putchar('\n');
}

static void put_own(struct out *o)
{
	const char *between = "\nasked by the client on its own: ";
	bool any = false;
	for (enum own_kind k = OWN_NOT + 1; k < SURVEY_OWN_KINDS; k++) {
		if (!o->s->own[k])
			continue;
		printf("%s%s %zu", between, own_kind_name(k), o->s->own[k]);
		between = ", ";
		any = true;
	}
	if (any)
		putchar('\n');
}

/* ---- links to bare addresses ---- */

static const struct {
	enum finding_kind kind;
	const char *heading;
} link_lists[] = {
    {FOUND_UNSEARCHED, "\nnot searched to its end for links, or not all of "
		       "them told:"},
    {FOUND_BARE, "\nlinks to bare addresses that no rule steers:"},
    {FOUND_STEERED, "\nlinks to bare addresses that a rule steers:"},
};

static void put_place(const struct out *o, const struct finding *f)
{
	fputs(" (", stdout);
	put_clipped(o, f->type.len ? buf_slice(&f->type) : SLICE("no type"));
	fputs(") ", stdout);
	if (f->field.len)
		put_clipped(o, buf_slice(&f->field));
	else
		printf("body line %zu", f->line);
	printf(", byte %zu", f->at);
}

static void put_finding(struct out *o, const struct finding *f)
{
	if (!begin_line(o))
		return;
	fputs("  ", stdout);
	put_exchange(o, f->i);
	if (f->kind != FOUND_UNSEARCHED)
		put_place(o, f);
	fputs(": ", stdout);
	put_clipped(o, buf_slice(&f->text));
	putchar('\n');
}

static void put_links(struct out *o)
{
	const struct findings *all = &o->s->findings;
	for (size_t k = 0; k < sizeof link_lists / sizeof *link_lists; k++) {
		begin_list(o, link_lists[k].heading);
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].kind == link_lists[k].kind)
				put_finding(o, &all->list[i]);
		end_list(o, "  ");
	}
	printf("\nlinks to bare addresses: %zu steered, %zu not\n",
	       all->steered, all->bare);
}

/* ---- all ---- */

static void put_last_line(struct out *o)
{
	size_t part = o->s->findings.reproducible;
	size_t whole = o->s->recording->count;
	printf("reproducible: %zu of %zu exchanges ", part, whole);
	put_share(part, whole);
	putchar('\n');
}

void check_text(const struct survey *s, bool verbose)
{
	static void (*const sections[])(struct out * o) = {
	    put_incident,   put_well,    put_losses, put_doubts,
	    put_chain,      put_brought, put_twin,   put_unexplained,
	    put_unfollowed, put_traffic, put_own,    put_links,
	    put_last_line,
	};
	struct out o = {.s = s, .verbose = verbose};
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		sections[i](&o);
}
