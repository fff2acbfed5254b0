/* replay --check for people: what the victim's client brought along, and how
 * its twin has to look. */
#include "check_text.h"

#include "capture/visible.h"

#include <inttypes.h>

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
		say_clipped(o, e->place);
		fputs(": ", stdout);
	}
	say_clipped(o, e->text);
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
	if (!lines_next(o))
		return n;
	fputs("    ", stdout);
	say_clipped(o, e->place);
	for (size_t i = 0; i < n && (o->verbose || i < LISTED); i++) {
		fputs(i ? ", " : ": ", stdout);
		say_clipped(o, e[i].text);
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
		if (lines_next(o))
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
	lines_begin(o, brought_headings[kind]);
	put_entries(o, kind, roll);
	o->left_out += roll->left_out;
	lines_end(o, "    ");
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

void text_brought(struct out *o)
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
	say_whole(e->text.len ? e->text : SLICE("none"));
	printf(" (%zu)\n", e->count);
}

static void put_recipe(struct out *o, const struct twin_client *c)
{
	for (enum twin_value v = 0; v < TWIN_VALUES; v++) {
		const struct roll *roll = &c->values[v];
		lines_begin(o, NULL);
		for (size_t i = 0; i < roll->count; i++)
			if (lines_next(o))
				put_recipe_line(twin_value_field(v),
						&roll->list[i]);
		o->left_out += roll->left_out;
		lines_end(o, "    ");
	}
}

static void put_fingerprints(struct out *o, const struct address *client)
{
	const struct traffics *t = &o->s->traffics;
	lines_begin(o, NULL);
	for (size_t i = 0; i < t->client_count; i++) {
		const struct traffic_client *c = &t->clients[i];
		if (!address_equal(&c->client, client) || !lines_next(o))
			continue;
		printf("    TLS: JA3 %s, JA4 %s (%zu)\n", c->print.ja3,
		       c->print.ja4, c->connections);
	}
	lines_end(o, "    ");
}

void text_twin(struct out *o)
{
	const struct twin *t = &o->s->twin;
	size_t max = o->verbose ? t->count : LISTED;
	if (!t->count)
		return;
	puts("\nthe twin has to send, of each kind (times seen):");
	for (size_t i = 0; i < t->count && i < max; i++) {
		fputs("  ", stdout);
		say_address(&t->clients[i].address);
		fputs(", ", stdout);
		say_count(t->clients[i].exchanges, "exchange");
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
