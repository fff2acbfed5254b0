/* From a request to its answer and its line in the log. */
#include "reply.h"

#include "nearest.h"

#include "rewrite/steer.h"

#define NOT_FOUND "404 Not Found"

/* A steering name stands for the bare address that was recorded. */
static void steer_back(struct live *q)
{
	struct address a;
	if (!steer_address(q->request.url.host, SLICE(STEER_ZONE), &a))
		return;
	buf_clear(&q->steered);
	address_print(&q->steered, &a);
	q->request.url.host = buf_slice(&q->steered);
}

void live_begin(struct live *q, const struct message *m,
		const struct arrival *arrival)
{
	struct request *r = &q->request;
	*r = (struct request){
	    .method = m->method,
	    .host_field = m->host,
	    .url = url_of(m->method, m->target, m->host, arrival->https,
			  arrival->port),
	    .traits = traits_read(m->fields),
	    .client = arrival->client,
	    .local = arrival->local,
	};
	r->any_port = arrival->for_all_ports &&
		      (!r->url.names_port || r->url.port == arrival->port);
	if (r->any_port) /* and the log does not name ours */
		r->url.port = arrival->https ? 443 : 80;
	steer_back(q);
}

void live_release(struct live *q)
{
	buf_release(&q->steered);
}

void reply_release(struct reply *r)
{
	match_release(&r->match);
	answer_release(&r->answer);
	line_release(&r->line);
}

static bool is_head(const struct request *q)
{
	return slice_equal(q->method, SLICE("HEAD"));
}

static void refuse(struct answer *a, const struct request *q,
		   const char *status)
{
	struct buf asked = {0};
	if (q) {
		buf_add(&asked, q->method);
		buf_add_byte(&asked, ' ');
		url_print(&asked, &q->url);
	}
	answer_refusal(a, status, buf_slice(&asked), q && is_head(q));
	buf_release(&asked);
}

static void answer_found(const struct site *site, struct reply *r,
			 const struct request *q, bool interim_sent)
{
	const struct exchange *e =
	    table_exchange(site->table, r->match.exchange);
	struct answer *a = &r->answer;
	bool head_alone = is_head(q) && slice_equal(e->method, SLICE("GET"));
	if (e->state == EXCHANGE_NO_RESPONSE)
		answer_nothing(a, e);
	else if (r->match.part_count)
		answer_parts(a, site->table, &r->match, head_alone);
	else if (head_alone || !site->options->recode ||
		 !answer_decoded(a, e, q->traits.value[TRAIT_ENCODINGS]))
		answer_recorded(a, e, interim_sent, head_alone);
	if (e->state == EXCHANGE_COMPLETE || e->state == EXCHANGE_MALFORMED ||
	    !site->options->incomplete_404)
		return;
	const char *note = a->note;
	refuse(a, q, NOT_FOUND);
	a->note = note;
}

static void begin_line(const struct site *site, struct reply *r,
		       const struct request *q, uint32_t exchange, int64_t time)
{
	struct differences differences = {0};
	struct record record = {
	    .time = time,
	    .client = q->client,
	    .request = q,
	    .match = &r->match,
	    .exchange = exchange,
	    .status = r->answer.status,
	    .decoded = r->answer.decoded,
	    .note = r->answer.note,
	};
	if (exchange != TABLE_NONE) {
		differ(site->table, q, exchange, &differences);
		record.differences = &differences;
	}
	line_begin(site->journal, &r->line, &record);
	differences_release(&differences);
}

void reply_find(const struct site *site, struct reply *r,
		const struct request *q, int64_t time, bool interim_sent)
{
	match_find(site->table, place_find(site->places, &q->client), q,
		   site->options->exact, &r->match);
	uint32_t exchange = r->match.exchange;
	if (r->match.step) {
		answer_found(site, r, q, interim_sent);
	} else {
		refuse(&r->answer, q, NOT_FOUND);
		if (r->match.only_304)
			r->answer.note = "only a 304 was recorded: the body "
					 "was in the victim's cache";
	}
	if (!journal_wanted(site->journal))
		return;
	if (!r->match.step)
		exchange = nearest_find(site->table, q);
	begin_line(site, r, q, exchange, time);
}

void reply_refuse(const struct site *site, struct reply *r,
		  const struct request *q, const struct address *client,
		  int64_t time, const char *status)
{
	refuse(&r->answer, q, status);
	struct record record = {
	    .time = time,
	    .client = *client,
	    .request = q,
	    .exchange = TABLE_NONE,
	    .status = r->answer.status,
	};
	line_begin(site->journal, &r->line, &record);
}
