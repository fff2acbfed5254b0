/* Captures read whole: frames, packets, flows, exchanges. */
#include "recording.h"

#include "log.h"
#include "packets_ahead.h"
#include "progress.h"

#include <stdlib.h>

#define DNS_PORT 53

static void read_datagram(struct recording *r, const struct packet *p)
{
	if (p->from.port == DNS_PORT)
		names_add_dns(r->names, p->payload);
	conversations_add_udp(r->beside, p);
}

static void read_packets(struct recording *r)
{
	struct packets_ahead *ahead = packets_ahead_new(r->packets);
	const struct packet *p;
	while ((p = packets_ahead_next(ahead))) {
		if (p->kind == PACKET_TCP)
			flows_add(r->flows, p);
		else if (p->kind == PACKET_QUOTED)
			flows_add_quoted(r->flows, p);
		else
			read_datagram(r, p);
	}
	packets_ahead_free(ahead);
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
	const struct flow_counts *finished = pairing_counts(r->pairing);
	const struct h2_lost *lost = pairing_lost(r->pairing);
	tell("unreadable records skipped", s->bad);
	tell("frames of unknown link types skipped", p->link_types);
	tell("broken packets skipped", p->broken);
	tell("fragmented datagrams incomplete", p->unfinished);
	tell("segments dropped: too many to keep", f->dropped);
	tell("segments outside of any window ignored", finished->stray);
	tell("streams with contradicting retransmissions (the first counts)",
	     finished->conflicts);
	tell("directions of HTTP/2 lost from some place on", lost->rests);
	tell("gaps over frames of HTTP/2, read on behind them", lost->gaps);
	tell("header blocks of HTTP/2 could not be read", lost->blocks);
}

struct recording *recording_read(const struct recording_options *options,
				 char *const paths[], size_t count)
{
	static const struct recording_options none;
	struct recording *r = xcalloc(1, sizeof *r);
	options = options ? options : &none;
	struct secrets *secrets = options->secrets;
	r->source = source_new(options->filter);
	if (!secrets)
		secrets = r->secrets = secrets_new();
	source_collect_secrets(r->source, secrets->keylog);
	r->progress = options->progress;
	source_show_progress(r->source, r->progress);
	uint64_t bad = keylog_counts(secrets->keylog)->bad;
	r->spool = spool_new();
	r->names = names_new();
	r->beside = conversations_new(r->names);
	r->packets = packets_new(r->source, r->spool);
	r->flows = flows_new(0);
	for (size_t i = 0; i < count; i++) {
		if (source_add(r->source, paths[i]) < 0) {
			recording_free(r);
			return NULL;
		}
	}
	read_packets(r);
	r->pairing = pairing_run(r->flows, r->names, r->source, r->spool,
				 secrets, r->beside);
	r->certificates = pairing_certificates(r->pairing);
	r->exchanges = pairing_exchanges(r->pairing, &r->count);
	progress_end(r->progress);
	sum_up(r);
	tell("lines of embedded key logs are none",
	     keylog_counts(secrets->keylog)->bad - bad);
	return r;
}

void recording_free(struct recording *r)
{
	if (!r)
		return;
	pairing_free(r->pairing);
	flows_free(r->flows);
	packets_free(r->packets);
	names_free(r->names);
	conversations_free(r->beside);
	spool_free(r->spool);
	source_free(r->source);
	secrets_free(r->secrets);
	free(r);
}
