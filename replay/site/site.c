/* The pseudo web site: what all connections of an event loop share. */
#include "site.h"

#include "http2_hosts.h"
#include "sealed.h"
#include "status_notes.h"

#include "capture/log.h"

#include "rewrite/steer.h"

#include <time.h>

#define WORKERS 2
#define NAMES_MAX 20 /* recorded steering names told */

/* A name that stands for an address to us, but was a host's own. */
static void report_names(const struct table *t, struct slice zone)
{
	size_t told = 0, hosts = table_hosts(t);
	struct address a;
	for (uint32_t h = 0; h < hosts && told < NAMES_MAX; h++) {
		struct url u = table_url(t, table_host_first(t, h));
		if (!steer_address(u.host, zone, &a))
			continue;
		log_warn("%.*s was recorded as a host: it is answered as that "
			 "host, not as the address (--zone takes another)",
			 (int)u.host.len, (const char *)u.host.data);
		told++;
	}
}

/* The clients' clock is set to the first request when we begin. */
static void set_clock(struct site *s, const struct recording *r)
{
	struct timespec now;
	if (!s->options->clock_recorded || !r->count)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	s->clock_ahead = r->exchanges[0].time / 1000 -
			 (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}

/* Widens from and until, seconds, by a time in nanoseconds. */
static void widen(int64_t *from, int64_t *until, int64_t time)
{
	int64_t seconds = time / 1000000000;
	*from = seconds < *from ? seconds : *from;
	*until = seconds > *until ? seconds : *until;
}

/* Certificates are valid as long as the recording lasted. */
static struct tls_site *new_tls(const struct site_options *options,
				const struct recording *r)
{
	size_t count;
	int64_t from = INT64_MAX, until = INT64_MIN;
	const struct conversation *beside =
	    conversations_list(r->beside, &count);
	for (size_t i = 0; i < count; i++)
		widen(&from, &until, beside[i].time);
	for (size_t i = 0; i < r->count; i++)
		widen(&from, &until, r->exchanges[i].end_time);
	if (r->count)
		widen(&from, &until, r->exchanges[0].time);
	if (from > until)
		from = until = time(NULL);
	struct tls_site *tls = tls_site_new(&options->tls, from, until);
	tls_site_like(tls, r->certificates);
	return tls;
}

/* Takes the table. */
static void add_supplement(struct site *s, const struct recording *supplement,
			   struct table *table)
{
	s->supplement = edition_new_supplement(table, s->options, s->workers);
	s->supplement_places = places_new(supplement->count);
}

int site_init(struct site *s, const struct recording *recording,
	      const struct recording *supplement, struct rules *rules)
{
	struct table *table = table_new(recording, rules);
	struct table *more = supplement ? table_new(supplement, NULL) : NULL;
	bool rewrite = options_rewrite(s->options) || table_https(table) ||
		       (more && (options_rewrite_supplement(s->options) ||
				 table_https(more)));
	if (rewrite) {
		s->workers = workers_new(WORKERS);
		s->matcher = matcher_new();
	}
	s->edition = edition_new(table, rules, s->options, s->workers);
	s->places = places_new(recording->count);
	s->notes = s->options->status ? notes_new() : NULL;
	s->tls = new_tls(s->options, recording);
	s->sealed = sealed_new(recording);
	if (!s->options->no_h2)
		s->h2 = http2_hosts_new(recording, supplement);
	tls_site_h2(s->tls, s->h2);
	set_clock(s, recording);
	report_names(table, s->options->zone);
	if (more)
		add_supplement(s, supplement, more);
	return rewrite && !s->workers ? -1 : 0;
}

/* What answers change is made anew; the rest is the same. */
int site_beside(struct site *s, const struct site *first)
{
	*s = *first;
	s->beside = true;
	s->workers = first->workers ? workers_beside(first->workers) : NULL;
	s->matcher = first->matcher ? matcher_new() : NULL;
	s->edition = edition_beside(first->edition, s->workers);
	s->places = places_beside(first->places);
	s->notes = first->notes ? notes_new() : NULL;
	if (first->supplement) {
		s->supplement = edition_beside(first->supplement, s->workers);
		s->supplement_places = places_beside(first->supplement_places);
	}
	s->journal = journal_beside(first->journal);
	s->tls = tls_site_beside(first->tls);
	return first->workers && !s->workers ? -1 : 0;
}

void site_release(struct site *s)
{
	workers_free(s->workers);
	edition_release(s->edition);
	edition_release(s->supplement);
	matcher_free(s->matcher);
	places_free(s->places);
	places_free(s->supplement_places);
	tls_site_free(s->tls);
	journal_free(s->journal);
	notes_free(s->notes);
	if (s->beside)
		return;
	sealed_free(s->sealed);
	http2_hosts_free(s->h2);
}

/* Under other target rules walks go other ways. */
void site_take(struct site *s, struct edition *e)
{
	if (e->table != s->edition->table) {
		places_forget_shortcuts(s->places);
		notes_rule(s->notes, e, s->matcher);
	}
	edition_release(s->edition);
	s->edition = e;
}
