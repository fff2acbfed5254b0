/* replay --check for people: what was not read. */
#include "check_text.h"

#include "capture/visible.h"

#include "capture/certificate.h"

#include <inttypes.h>

#define LISTED_DETAILS 2U /* of a server, in lines of their own */

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
	say_count(e->count, "connection");
	fputs(", ", stdout);
	say_bytes(e->bytes);
}

/* Named by protocol, by server or by both; without the protocol its place holds
 * why it was not read. */
static void put_server(struct out *o, const struct roll_entry *e, bool protocol)
{
	if (!lines_next(o))
		return;
	fputs("  ", stdout);
	if (protocol)
		visible_print(stdout, e->place);
	if (protocol && e->text.len)
		fputs(" to ", stdout);
	say_clipped(o, e->text);
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

/* Who spoke with whom, when, how much each way, and how the client began. */
static void put_details(const struct traffic *t)
{
	fputs("    ", stdout);
	if (!t->udp && t->connections == 1)
		printf("stream %" PRIu32 ", ", t->stream);
	say_endpoint(&t->client);
	fputs(" to ", stdout);
	say_endpoint(&t->server);
	fputs(", ", stdout);
	say_time(t->begins);
	fputs(", for ", stdout);
	say_duration(t->ends - t->begins);
	fputs(": ", stdout);
	if (t->connections > 1)
		printf("%zu connections, ", t->connections);
	say_bytes(t->sent);
	fputs(" sent, ", stdout);
	say_bytes(t->received);
	fputs(" received", stdout);
	if (*t->print.ja3)
		printf(", JA3 %s", t->print.ja3);
	if (*t->print.ja4)
		printf(", JA4 %s", t->print.ja4);
	putchar('\n');
}

static void put_name(const struct out *o, const char *what,
		     const struct buf *name)
{
	fputs(what, stdout);
	if (name->len)
		say_clipped(o, buf_slice(name));
	else
		fputs("nobody", stdout);
}

/* The same one is told once. */
static void put_certificate(const struct out *o, struct slice der,
			    struct slice *told)
{
	struct certificate c = {0};
	if (!der.len || der.data == told->data)
		return;
	*told = der;
	fputs("      certificate: ", stdout);
	if (!certificate_read(&c, der)) {
		printf("%zu bytes that are none\n", der.len);
		certificate_release(&c);
		return;
	}
	put_name(o, "for ", &c.subject);
	put_name(o, "; issued by ", &c.issuer);
	if (c.has_times) {
		fputs("; valid from ", stdout);
		say_seconds(c.not_before);
		fputs(" to ", stdout);
		say_seconds(c.not_after);
	}
	putchar('\n');
	certificate_release(&c);
}

static void put_server_details(struct out *o, const struct roll_entry *e)
{
	size_t max = o->verbose ? LISTED_VERBOSE : LISTED_DETAILS;
	size_t found = 0, left = e->count;
	struct slice told = {0};
	for (size_t i = e->first; left && survey_next(o->s, e, &i); i++) {
		const struct traffic *t = &o->s->traffics.list[i];
		left -= t->connections < left ? t->connections : left;
		if (found++ >= max)
			continue;
		put_details(t);
		put_certificate(o, t->certificate, &told);
	}
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
	lines_begin(o, "\nencrypted: not read:");
	put_sealed(o, TRAFFIC_TLS);
	put_sealed(o, TRAFFIC_QUIC);
	lines_end(o, "  ");
}

static void put_other_traffic(struct out *o)
{
	lines_begin(o, "\nother traffic, not served again:");
	if (o->verbose)
		for (enum traffic_kind k = TRAFFIC_HTTP2_CLEAR;
		     k < TRAFFIC_SILENT; k++)
			put_servers(o, &o->s->traffic[k], true);
	else
		put_servers(o, &o->s->protocols, true);
	lines_end(o, "  ");
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

void text_traffic(struct out *o)
{
	size_t silent = count_silent(&o->s->traffic[TRAFFIC_SILENT]);
	put_encrypted(o);
	put_other_traffic(o);
	put_counts("\nservices of the network, which the lab brings itself: ",
		   &o->s->services);
	if (!silent)
		return;
	fputs("\nopened, and nothing was said: ", stdout);
	say_count(silent, "connection");
	putchar('\n');
}
