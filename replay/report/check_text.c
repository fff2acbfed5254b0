/* replay --check for people: first things first, short, no bytes of the capture
 * as they are. */
#include "check_text.h"

#include <inttypes.h>

#define LISTED_DOUBTS 5U

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
	say_address(&exchange_client(e)->address);
	fputs(", ", stdout);
	say_whole(agent.len ? agent : SLICE("no User-Agent"));
	putchar('\n');
}

static void put_first_page(const struct out *o)
{
	const struct recording *r = o->s->recording;
	const struct exchange *e = survey_first_page(o->s);
	fputs("first page: ", stdout);
	if (e)
		say_exchange(o, o->s->chain.first_page);
	else
		fputs("none was recorded", stdout);
	putchar('\n');
	if (e || r->count)
		put_victim(e ? e : r->exchanges);
}

static void put_when(const struct survey *s)
{
	if (!s->recording->count)
		return;
	fputs("recorded: ", stdout);
	say_time(s->begins);
	fputs(", for ", stdout);
	say_duration(s->ends - s->begins);
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
	say_count(sum.connections, "connection");
	fputs(", ", stdout);
	say_bytes(sum.bytes);
	putchar('\n');
}

static void put_well(struct out *o)
{
	const struct survey *s = o->s;
	printf("\ncomes back: %zu of ", s->well.exchanges);
	say_count(s->recording->count, "exchange");
	putchar(' ');
	say_share(s->well.exchanges, s->recording->count);
	fputs("; of their bodies ", stdout);
	say_bytes(s->well.bytes);
	fputs(" of ", stdout);
	say_bytes(s->bytes);
	putchar(' ');
	say_share(s->well.bytes, s->bytes);
	putchar('\n');
	put_unread(s);
}

static void put_reason_exchange(const struct out *o, size_t i,
				enum reason_scope scope)
{
	const struct finding *f = findings_of(&o->s->findings, i);
	fputs("    ", stdout);
	say_exchange(o, i);
	if (scope == SCOPE_EXCHANGE && f && f->text.len) {
		fputs(": ", stdout);
		say_clipped(o, buf_slice(&f->text));
	}
	putchar('\n');
}

static void put_reason_exchanges(struct out *o, enum reason r)
{
	enum reason_scope scope = reason_info(r)->scope;
	size_t left = o->s->reasons[r].exchanges;
	lines_begin(o, NULL);
	if (scope == SCOPE_DOUBT && !o->verbose)
		o->max = LISTED_DOUBTS;
	for (size_t i = 0; left && i < o->s->recording->count; i++) {
		if (!survey_has(o->s, i, r))
			continue;
		left--;
		if (lines_next(o))
			put_reason_exchange(o, i, scope);
	}
	lines_end(o, "    ");
}

static void put_reason(struct out *o, enum reason r)
{
	const struct reason_info *info = reason_info(r);
	printf("  %s (%s): ", info->sentence, info->name);
	say_amount(&o->s->reasons[r]);
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

/* ---- all ---- */

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

static void put_last_line(struct out *o)
{
	size_t part = o->s->findings.reproducible;
	size_t whole = o->s->recording->count;
	printf("reproducible: %zu of %zu exchanges ", part, whole);
	say_share(part, whole);
	putchar('\n');
}

void check_text(const struct survey *s, bool verbose)
{
	static void (*const sections[])(struct out * o) = {
	    put_incident,    put_well,     put_losses, put_doubts,
	    text_chain,      text_brought, text_twin,  text_unexplained,
	    text_unfollowed, text_traffic, put_own,    text_links,
	    put_last_line,
	};
	struct out o = {.s = s, .verbose = verbose};
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		sections[i](&o);
}
