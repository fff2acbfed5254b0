/* Captures read whole: frames, packets, flows, exchanges. */
#include "recording.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

#define DNS_PORT 53
#define TLS_HANDSHAKE 22            /* a record's first byte: RFC 8446 5.1 */
#define HELLO_MAX ((size_t)1 << 16) /* a ClientHello longer than this: none */

/* Fills a recording whose exchanges grow. */
struct collector {
	struct recording *recording;
	size_t room;
};

static uint64_t position_of(const struct recording *r, const uint8_t *byte)
{
	uint64_t position;
	if (spool_position(r->spool, byte, &position))
		return position;
	return source_position(r->source, byte);
}

static void collect(void *context, const struct exchange *e,
		    const uint8_t *first)
{
	struct collector *c = context;
	struct recording *r = c->recording;
	if (r->count == c->room) {
		c->room = c->room ? c->room * 2 : 256;
		r->exchanges = xreallocarray(r->exchanges, c->room, sizeof *e);
	}
	r->exchanges[r->count] = *e;
	r->exchanges[r->count++].position = position_of(r, first);
}

/* What a side says first, in one piece: up to HELLO_MAX bytes. scratch is used
 * if it came in several. */
static struct slice first_bytes(const struct stream *s, struct place from,
				struct buf *scratch)
{
	struct span_reader r = span_read(s, (struct span){from, HELLO_MAX});
	struct slice first = {0}, more;
	if (!span_next(&r, &first) || !first.data)
		return (struct slice){0};
	if (first.data[0] != TLS_HANDSHAKE)
		return first;
	buf_clear(scratch);
	buf_add(scratch, first);
	while (span_next(&r, &more) && more.data)
		buf_add(scratch, more);
	return buf_slice(scratch);
}

static void read_flow(struct collector *c, struct flow *flow,
		      struct buf *scratch)
{
	struct recording *r = c->recording;
	struct talk talk = {.flow = flow};
	size_t before = r->count;
	bool tunnel;
	do {
		for (int i = 0; i < 2; i++)
			names_add_tls(r->names,
				      first_bytes(&flow->streams[i],
						  talk.from[i], scratch),
				      &flow->ends[!i].address);
		tunnel = exchanges_find(&talk, r->spool, collect, c);
	} while (tunnel);
	if (r->count == before)
		flow_drop(flow);
}

/* Where an exchange is and where it is to be. */
struct rank {
	uint64_t position;
	size_t index;
};

#define DIGIT_BITS 11

/* One pass of a radix sort, from in to out, by the digit at shift. */
static void sort_digit(const struct rank *in, struct rank *out, size_t count,
		       unsigned shift)
{
	size_t starts[1 << DIGIT_BITS] = {0}, sum = 0;
	const uint64_t mask = (1 << DIGIT_BITS) - 1;
	for (size_t i = 0; i < count; i++)
		starts[in[i].position >> shift & mask]++;
	for (size_t d = 0; d <= mask; d++) {
		size_t n = starts[d];
		starts[d] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		out[starts[in[i].position >> shift & mask]++] = in[i];
}

/* Moves the exchange that is to be at start there, the one that was there to
 * its place, and so on until the circle closes. */
static void move_cycle(struct exchange *e, struct rank *ranks, size_t start)
{
	struct exchange first = e[start];
	size_t to = start;
	while (ranks[to].index != start) {
		size_t from = ranks[to].index;
		e[to] = e[from];
		ranks[to].index = to;
		to = from;
	}
	e[to] = first;
	ranks[to].index = to;
}

/* Exchanges are found flow by flow, and told in the order of their requests.
 * They are large and many: their ranks are sorted, then each moves once. */
static void sort_exchanges(struct recording *r)
{
	struct rank *ranks = xmalloc(r->count * sizeof *ranks);
	struct rank *spare = xmalloc(r->count * sizeof *ranks);
	uint64_t highest = 0;
	for (size_t i = 0; i < r->count; i++) {
		ranks[i] = (struct rank){r->exchanges[i].position, i};
		highest |= ranks[i].position;
	}
	for (unsigned shift = 0; shift < 64 && highest >> shift;
	     shift += DIGIT_BITS) {
		sort_digit(ranks, spare, r->count, shift);
		struct rank *swap = ranks;
		ranks = spare;
		spare = swap;
	}
	for (size_t i = 0; i < r->count; i++)
		move_cycle(r->exchanges, ranks, i);
	free(ranks);
	free(spare);
}

static void read_packets(struct recording *r)
{
	struct packet p;
	while (packets_next(r->packets, &p)) {
		if (p.kind == PACKET_TCP)
			flows_add(r->flows, &p);
		else if (p.kind == PACKET_QUOTED)
			flows_add_quoted(r->flows, &p);
		else if (p.from.port == DNS_PORT)
			names_add_dns(r->names, p.payload);
	}
}

static void read_flows(struct recording *r)
{
	struct collector c = {.recording = r};
	struct buf scratch = {0};
	struct flow *flow;
	while ((flow = flows_next(r->flows)))
		read_flow(&c, flow, &scratch);
	buf_release(&scratch);
	sort_exchanges(r);
}

static void tell(const char *what, uint64_t count)
{
	if (count)
		log_info("%llu %s", (unsigned long long)count, what);
}

/* What of the captures could not be used: the rest is in the table. */
static void sum_up(const struct recording *r)
{
	const struct source_counts *s = source_counts(r->source);
	const struct packet_counts *p = packets_counts(r->packets);
	const struct flow_counts *f = flows_counts(r->flows);
	tell("unreadable records skipped", s->bad);
	tell("frames of unknown link types skipped", p->link_types);
	tell("broken packets skipped", p->broken);
	tell("fragmented datagrams incomplete", p->unfinished);
	tell("segments dropped: too many to keep", f->dropped);
	tell("segments outside of any window ignored", f->stray);
	tell("streams with contradicting retransmissions (the first counts)",
	     f->conflicts);
}

struct recording *recording_read(const char *filter, char *const paths[],
				 size_t count)
{
	struct recording *r = xcalloc(1, sizeof *r);
	r->source = source_new(filter);
	r->spool = spool_new();
	r->names = names_new();
	r->packets = packets_new(r->source, r->spool);
	r->flows = flows_new(0);
	for (size_t i = 0; i < count; i++) {
		if (source_add(r->source, paths[i]) < 0) {
			recording_free(r);
			return NULL;
		}
	}
	read_packets(r);
	read_flows(r);
	sum_up(r);
	return r;
}

void recording_free(struct recording *r)
{
	if (!r)
		return;
	free(r->exchanges);
	flows_free(r->flows);
	packets_free(r->packets);
	names_free(r->names);
	spool_free(r->spool);
	source_free(r->source);
	free(r);
}
