/* From a request to its answer and its line in the log. */
#include "reply.h"

#include "nearest.h"
#include "sealed.h"
#include "status_notes.h"
#include "steered.h"

#include "capture/hostname.h"

#include "rewrite/apply.h"
#include "rewrite/steer.h"

#define NOT_FOUND "404 Not Found"

#define PACE_MAX 600000000LL /* no client waits longer; captures may lie */

#define HOSTS_MAX 1000 /* looked at for an address in another form */

static bool is_address(struct slice host, const struct address *a)
{
	struct address b;
	return host_literal(host, &b) && address_equal(a, &b);
}

/* The host as it was recorded, which may be "0xC0.0.2.7". */
static void add_host(const struct table *t, const struct address *a,
		     struct buf *out)
{
	address_print(out, a);
	if (table_host(t, buf_slice(out)) != TABLE_NONE)
		return;
	size_t hosts = table_hosts(t);
	for (uint32_t h = 0; h < hosts && h < HOSTS_MAX; h++) {
		struct slice name = table_url(t, table_host_first(t, h)).host;
		if (!is_address(name, a))
			continue;
		buf_clear(out);
		buf_add(out, name);
		return;
	}
}

/* A steering name stands for the bare address that was recorded, unless that
 * very name was. */
static void steer_host(struct live *q, const struct site *site)
{
	const struct table *t = site->edition->table;
	struct url *url = &q->request.url;
	struct address a;
	if (!steer_address(url->host, site->options->zone, &a) ||
	    table_host(t, url->host) != TABLE_NONE)
		return;
	buf_clear(&q->host);
	add_host(t, &a, &q->host);
	url->host = buf_slice(&q->host);
	q->request.steered = true;
}

static bool is_proxied(const struct message *m)
{
	struct slice authority;
	return !slice_starts(m->target, SLICE("/")) &&
	       (slice_equal(m->method, SLICE("CONNECT")) ||
		hostname_authority(m->target, &authority));
}

static struct slice unsteer(struct slice text, struct slice zone,
			    struct buf *out)
{
	buf_clear(out);
	return steered_back(text, zone, out) ? buf_slice(out)
					     : (struct slice){0};
}

/* What a page that was steered says of itself and of others. */
static void unsteer_request(struct live *q, struct slice zone)
{
	struct request *r = &q->request;
	struct slice *referer = &r->traits.value[TRAIT_REFERER];
	struct slice recorded = unsteer(*referer, zone, &q->referer);
	if (recorded.data)
		*referer = recorded;
	r->unsteered = unsteer(r->url.target, zone, &q->unsteered);
}

void live_begin(struct live *q, const struct message *m,
		const struct arrival *arrival, const struct site *site)
{
	struct request *r = &q->request;
	*r = (struct request){
	    .method = m->method,
	    .host_field = m->host,
	    .url = url_of(m->method, m->target, m->host, arrival->https,
			  arrival->port),
	    .traits = traits_read(m->fields),
	    .proxied = arrival->tunnel || is_proxied(m),
	    .any_address = arrival->any_address,
	    .client = arrival->client,
	    .local = arrival->local,
	    .version = arrival->http2 ? 20 : 10 + m->minor,
	    .flow = arrival->flow,
	    .tls = arrival->tls,
	};
	r->referer = r->traits.value[TRAIT_REFERER];
	r->any_port = arrival->for_all_ports &&
		      (!r->url.names_port || r->url.port == arrival->port);
	if (r->any_port) /* and the log does not name ours */
		r->url.port = arrival->https ? 443 : 80;
	steer_host(q, site);
	if (steered_maybe(m->head, site->options->zone))
		unsteer_request(q, site->options->zone);
}

void live_release(struct live *q)
{
	buf_release(&q->host);
	buf_release(&q->referer);
	buf_release(&q->unsteered);
	buf_release(&q->ruled);
}

/* Only for those that nothing recorded is equal to: it takes its time. */
static void live_rule(struct live *q, const struct site *site)
{
	const struct edition *edition = site->edition;
	struct request *r = &q->request;
	const struct subject s = {.method = r->method,
				  .host = r->url.host,
				  .target = r->unsteered.data ? r->unsteered
							      : r->url.target,
				  .https = r->url.https};
	if (!table_ruled(edition->table))
		return;
	buf_clear(&q->ruled);
	buf_reserve(&q->ruled, 1); /* so that an empty one is there too */
	if (apply_target(edition->rules, site->matcher, &s, &q->ruled))
		r->ruled = buf_slice(&q->ruled);
}

void reply_end(struct reply *r)
{
	waiter_cancel(&r->waiter);
	kept_release(r->kept);
	edition_release(r->edition);
	r->kept = NULL;
	r->edition = NULL;
}

void reply_release(struct reply *r)
{
	reply_end(r);
	match_release(&r->match);
	answer_release(&r->answer);
	line_release(&r->line);
}

static bool is_head(const struct request *q)
{
	return slice_equal(q->method, SLICE("HEAD"));
}

/* why: NULL if the status says it all. */
static void refuse(struct answer *a, const struct request *q,
		   const char *status, const char *why)
{
	struct buf asked = {0};
	if (q) {
		buf_add(&asked, q->method);
		buf_add_byte(&asked, ' ');
		url_print(&asked, &q->url);
	}
	if (why)
		buf_printf(&asked, ": %s", why);
	answer_refusal(a, status, buf_slice(&asked), q && is_head(q));
	buf_release(&asked);
}

/* ---- answers that the rules made ---- */

/* What the client's clock says, seconds since the epoch. */
static int64_t client_time(const struct site *site, const struct reply *r)
{
	return (r->time + site->clock_ahead) / 1000000;
}

static bool head_alone(const struct request *q, const struct exchange *e)
{
	return is_head(q) && slice_equal(exchange_method(e), SLICE("GET"));
}

/* Which of the whole's bytes are asked for, out of so many. */
static void cut_again(struct match *m, const struct request *q, uint64_t total)
{
	const struct slice *asked = q->traits.value;
	struct range r;
	m->partial = asked[TRAIT_RANGE].data && !asked[TRAIT_IF_RANGE].data &&
		     range_asked(asked[TRAIT_RANGE], total, &r);
	if (!m->partial)
		r = (struct range){0, total - 1, total};
	m->first = r.first;
	m->last = r.last;
	m->total = r.total;
	if (m->step == MATCH_RANGE_CUT || m->step == MATCH_RANGE_WHOLE)
		m->step = m->partial ? MATCH_RANGE_CUT : MATCH_RANGE_WHOLE;
}

/* Ranges, of which the rules saw the whole. */
static void answer_range(const struct site *site, struct reply *r,
			 const struct request *q, const struct exchange *e)
{
	const struct made *made = &r->kept->made;
	struct match *m = &r->match;
	int64_t now = client_time(site, r);
	bool alone = head_alone(q, e);
	if (made->finished.body_changed)
		cut_again(m, q, made->finished.body.len);
	if (e->status == made->status && (m->partial || e->status == 206)) {
		answer_made_parts(&r->answer, r->edition->table, m, made, alone,
				  now);
		return;
	}
	answer_made(&r->answer, e, made, r->interim_sent, alone, now);
}

static bool is_rewritten(const struct reply *r)
{
	return r->kept && r->kept->made.rewritten;
}

/* Whether a range is asked of what was recorded whole. */
static bool range_of_whole(const struct request *q, const struct exchange *e)
{
	return q->traits.value[TRAIT_RANGE].data && !e->ranged &&
	       e->status == 200 && e->state == EXCHANGE_COMPLETE &&
	       slice_equal(q->method, SLICE("GET"));
}

static void answer_rewritten(const struct site *site, struct reply *r,
			     const struct request *q, const struct exchange *e)
{
	const struct made *made = &r->kept->made;
	bool cut = e->status == 206 || range_of_whole(q, e);
	if (r->match.part_count || (cut && made->finished.body_changed))
		answer_range(site, r, q, e);
	else
		answer_made(&r->answer, e, made, r->interim_sent,
			    head_alone(q, e), client_time(site, r));
}

/* Whether the answer went over TLS in a coding that browsers take nowhere else,
 * and is asked for in clear. */
static bool crossed(const struct reply *r, const struct request *q)
{
	return r->edition->decoding && !q->url.https &&
	       table_entry(r->edition->table, r->match.exchange)->https &&
	       made_secure(
		   table_exchange(r->edition->table, r->match.exchange));
}

/* Whether the answer is one that the rules may change. HEAD and ranges have no
 * use for a body whose coding alone is off. */
static bool may_be_made(const struct store *s, const struct reply *r,
			const struct request *q, const struct exchange *e)
{
	return s && e->response_head.data && e->status != 101 &&
	       !slice_equal(exchange_method(e), SLICE("CONNECT")) &&
	       (store_rewrites(s) ||
		(!r->match.part_count && !head_alone(q, e)));
}

/* Takes what is kept of the answer. False if it is to be made first. */
static bool take_kept(struct reply *r, const struct request *q)
{
	uint32_t i = r->match.exchange;
	if (!r->match.step)
		return true;
	struct store *s =
	    crossed(r, q) ? r->edition->decoding : r->edition->store;
	if (!may_be_made(s, r, q, table_exchange(r->edition->table, i)))
		return true;
	struct slice accept = q->traits.value[TRAIT_ENCODINGS];
	struct kept *k = store_find(s, i, accept);
	if (k)
		r->kept = kept_hold(k);
	else
		store_wait(s, i, accept, &r->waiter);
	return k;
}

/* ---- all answers ---- */

static void answer_found(const struct site *site, struct reply *r,
			 const struct request *q)
{
	const struct table *t = r->edition->table;
	const struct exchange *e = table_exchange(t, r->match.exchange);
	struct answer *a = &r->answer;
	bool alone = head_alone(q, e);
	if (e->state == EXCHANGE_NO_RESPONSE)
		answer_nothing(a, e);
	else if (is_rewritten(r))
		answer_rewritten(site, r, q, e);
	else if (r->match.part_count)
		answer_parts(a, t, &r->match, alone);
	else if (r->kept && r->kept->made.decoded && !alone)
		answer_made(a, e, &r->kept->made, r->interim_sent, false,
			    client_time(site, r));
	else
		answer_recorded(a, e, r->interim_sent, alone);
	if (e->state == EXCHANGE_COMPLETE || e->state == EXCHANGE_MALFORMED ||
	    !site->options->incomplete_404)
		return;
	const char *note = a->note;
	refuse(a, q, NOT_FOUND, NULL);
	a->note = note;
}

static const struct table *supplement_table(const struct site *site)
{
	return site->supplement ? site->supplement->table : NULL;
}

static bool is_supplement(const struct site *site, const struct reply *r)
{
	return site->supplement && r->edition == site->supplement;
}

static void begin_line(const struct site *site, struct reply *r,
		       const struct request *q, uint32_t exchange)
{
	const struct table *t = r->edition->table;
	struct differences differences = {0};
	struct record record = {
	    .time = r->time,
	    .flow = q->flow,
	    .client = q->client,
	    .local = q->local,
	    .way = way_of(q, site->edition->table, supplement_table(site)),
	    .supplement = is_supplement(site, r),
	    .request = q,
	    .match = &r->match,
	    .exchange = exchange,
	    .status = r->answer.status,
	    .head = r->answer.head,
	    .before = r->answer.before,
	    .rewritten = r->answer.rewritten,
	    .decoded = r->answer.decoded,
	    .note = r->answer.note,
	    .tls = q->tls,
	};
	if (r->kept)
		record.told = buf_slice(&r->kept->made.finished.told);
	notes_take(site->notes, &record);
	if (!journal_wanted(site->journal))
		return;
	if (exchange != TABLE_NONE) {
		differ(t, q, exchange, &differences);
		record.differences = &differences;
	}
	line_begin(site->journal, &r->line, &record);
	differences_release(&differences);
}

/* Why what was said to that server in TLS or QUIC could not be read, where
 * nothing else was recorded of it; NULL otherwise. */
static const char *why_sealed(const struct site *site, const struct request *q)
{
	const struct table *more = supplement_table(site);
	struct slice host = q->url.host;
	if (!q->url.https || !site->sealed ||
	    table_host(site->edition->table, host) != TABLE_NONE ||
	    (more && table_host(more, host) != TABLE_NONE))
		return NULL;
	return sealed_why(site->sealed, host);
}

static void answer_miss(const struct site *site, struct reply *r,
			const struct request *q)
{
	const char *why = why_sealed(site, q);
	refuse(&r->answer, q, NOT_FOUND, why);
	r->answer.note = why;
	if (r->match.only_304)
		r->answer.note = "only a 304 was recorded: the body "
				 "was in the victim's cache";
}

static void answer(const struct site *site, struct reply *r,
		   const struct request *q)
{
	uint32_t exchange = r->match.exchange;
	if (r->match.step)
		answer_found(site, r, q);
	else
		answer_miss(site, r, q);
	bool wanted = journal_wanted(site->journal);
	if (!wanted && !site->notes)
		return;
	if (!r->match.step && wanted)
		exchange = nearest_find(r->edition->table, q);
	begin_line(site, r, q, exchange);
}

static void look_up(const struct site *site, struct live *q, struct match *m)
{
	const struct table *t = site->edition->table;
	struct request *r = &q->request;
	struct place_of *place = place_find(site->places, &r->client.address);
	r->ruled = (struct slice){0};
	if (table_ruled(t)) {
		if (match_raw(t, place, r, m))
			return;
		live_rule(q, site);
	}
	match_find(t, place, r, site->options->exact, m);
}

/* Whether the supplement has the host that is named. */
static bool may_supplement(const struct site *site, const struct request *r)
{
	return site->supplement && r->url.host.len &&
	       table_host(site->supplement->table, r->url.host) != TABLE_NONE;
}

/* The supplement's answer. The target rules are not for it. */
static bool look_up_supplement(const struct site *site, const struct request *q,
			       struct reply *r)
{
	struct request plain = *q;
	struct place_of *place =
	    place_find(site->supplement_places, &q->client.address);
	plain.ruled = (struct slice){0};
	match_find(site->supplement->table, place, &plain, site->options->exact,
		   &r->match);
	if (!r->match.step)
		return false;
	edition_release(r->edition);
	r->edition = edition_hold(site->supplement);
	return true;
}

/* In the recording first, guesses too. Of a host that it does not have it could
 * only guess by the address: there the supplement, which has it, knows
 * better. */
static void look_up_all(const struct site *site, struct live *q,
			struct reply *r)
{
	struct address literal;
	/* what another host at that address said would be a poor guess */
	if (why_sealed(site, &q->request) &&
	    !host_literal(q->request.url.host, &literal)) {
		match_forget(&r->match);
		r->match.only_304 = false;
		return;
	}
	bool may = may_supplement(site, &q->request);
	bool first = may && table_host(site->edition->table,
				       q->request.url.host) == TABLE_NONE;
	if (first && look_up_supplement(site, &q->request, r))
		return;
	look_up(site, q, &r->match);
	if (r->match.step || first || !may)
		return;
	bool only_304 = r->match.only_304;
	if (!look_up_supplement(site, &q->request, r))
		r->match.only_304 = only_304;
}

bool reply_go_on(const struct site *site, struct reply *r,
		 const struct request *q)
{
	if (!take_kept(r, q))
		return false;
	answer(site, r, q);
	return true;
}

void reply_again(const struct site *site, struct reply *r,
		 const struct request *q)
{
	kept_release(r->kept);
	r->kept = NULL;
	reply_go_on(site, r, q);
}

bool reply_find(const struct site *site, struct reply *r, struct live *q,
		int64_t time, bool interim_sent)
{
	reply_end(r);
	r->edition = edition_hold(site->edition);
	r->time = time;
	r->interim_sent = interim_sent;
	look_up_all(site, q, r);
	return reply_go_on(site, r, &q->request);
}

int64_t reply_delay(const struct site *site, const struct reply *r)
{
	if (!site->options->pace || !r->match.step)
		return 0;
	const struct exchange *e =
	    table_exchange(r->edition->table, r->match.exchange);
	int64_t delay = (e->answer_time - e->time) / 1000;
	if (!e->answer_time || delay <= 0)
		return 0;
	return delay < PACE_MAX ? delay : PACE_MAX;
}

uint32_t reply_expect(const struct site *site, struct live *q, bool *bodiless)
{
	live_rule(q, site);
	return match_expect(site->edition->table, &q->request, bodiless);
}

void reply_refuse(const struct site *site, struct reply *r,
		  const struct request *q, const struct arrival *arrival,
		  int64_t time, const char *status)
{
	refuse(&r->answer, q, status, NULL);
	struct record record = {
	    .time = time,
	    .flow = arrival->flow,
	    .client = arrival->client,
	    .local = arrival->local,
	    .request = q,
	    .exchange = TABLE_NONE,
	    .status = r->answer.status,
	    .head = r->answer.head,
	    .before = r->answer.before,
	    .tls = arrival->tls,
	};
	if (q)
		record.way =
		    way_of(q, site->edition->table, supplement_table(site));
	notes_take(site->notes, &record);
	line_begin(site->journal, &r->line, &record);
}

void reply_failed(const struct site *site, struct reply *r,
		  const struct arrival *arrival, int64_t time,
		  const struct tls_told *told)
{
	const struct record record = {
	    .time = time,
	    .flow = arrival->flow,
	    .client = arrival->client,
	    .local = arrival->local,
	    .exchange = TABLE_NONE,
	    .tls = told,
	};
	notes_take(site->notes, &record);
	line_begin(site->journal, &r->line, &record);
}
