/* replay --compare: which recorded exchange each request of a replay stands
 * for, and whether its answer is that one's. */
#include "compare.h"

#include "compare_bytes.h"
#include "compare_chain.h"
#include "compare_why.h"
#include "findings.h"

#include "site/nearest.h"
#include "site/reply.h"
#include "site/sealed.h"

#include "capture/progress.h"

#include <stdlib.h>

#define LOOK_MAX 4096U  /* exchanges of one key looked at */
#define VALUE_MAX 1024U /* bytes kept of a value that differs */
#define CLOCK_SECONDS 2 /* that the server's clock may be ahead */

static const char *const names[] = {
    [COMPARE_SAME] = "same",
    [COMPARE_REWRITTEN] = "rewritten",
    [COMPARE_DIFFERENT] = "different",
    [COMPARE_NOT_ASKED] = "not-asked",
    [COMPARE_NOT_RECORDED] = "not-recorded",
};

const char *compare_result_name(enum compare_result result)
{
	return names[result];
}

bool row_came_back(const struct row *r)
{
	return r->result == COMPARE_SAME || r->result == COMPARE_REWRITTEN;
}

/* The request in hand, as the server has it. */
struct judge {
	struct comparison *c;
	const struct exchange *e; /* of the replay */
	struct live live;
	struct reply reply;
	struct digest digest;
	struct buf body;
	bool expects;      /* 100-continue */
	bool *ports;       /* recorded ones */
	uint32_t *unasked; /* by the first exchange of a key: from where to
			      look for one that was not asked for */
};

/* ---- the request ---- */

static bool expects_continue(const struct exchange *e)
{
	struct slice rest = head_fields(e->request_head);
	struct field f;
	return head_field_next(&rest, SLICE("expect"), &f) &&
	       slice_equal_nocase(f.value, SLICE("100-continue"));
}

static void take_body(struct judge *j)
{
	struct request *q = &j->live.request;
	struct body_reader r = exchange_request_body(j->e);
	struct slice bytes;
	digest_start(&j->digest);
	while (body_next(&r, &bytes)) {
		q->has_body |= bytes.len > 0;
		if (bytes.data)
			digest_add(&j->digest, bytes);
	}
	digest_finish(&j->digest, q->digest);
	buf_clear(&j->body);
	request_body_read(j->e, &j->body);
	q->body = buf_slice(&j->body);
}

/* Also of a request whose head was not whole: what there is of it. A port that
 * was not recorded is one of a server that listens there for all. */
static void begin_request(struct judge *j, const struct exchange *e)
{
	const struct message m = {
	    .head = e->request_head,
	    .fields = head_fields(e->request_head),
	    .method = exchange_method(e),
	    .target = exchange_target(e),
	    .host = exchange_host(e),
	};
	const struct arrival arrival = {
	    .client = *exchange_client(e),
	    .local = *exchange_server(e),
	    .port = exchange_port(e),
	    .for_all_ports = !j->ports[exchange_port(e)],
	    .any_address = true, /* as in a lab */
	    .https = e->https,
	};
	j->e = e;
	j->expects = expects_continue(e);
	live_begin(&j->live, &m, &arrival, &j->c->site);
	take_body(j);
}

/* ---- the answer ---- */

static struct span_reader response_of(const struct exchange *e)
{
	return span_read(&e->flow->streams[!e->client], e->response);
}

struct recorded_wire {
	const struct exchange *e;
	struct span_reader reader;
};

static bool recorded_next(void *context, struct slice *bytes)
{
	struct recorded_wire *w = context;
	return span_next(&w->reader, bytes);
}

static void recorded_rewind(void *context)
{
	struct recorded_wire *w = context;
	w->reader = response_of(w->e);
}

static bool answer_next(void *context, struct slice *bytes)
{
	struct judge *j = context;
	struct answer *a = &j->reply.answer;
	if (!answer_fill(a))
		return false;
	*bytes = a->ready[a->from];
	answer_sent(a, bytes->len);
	return true;
}

static void answer_rewind(void *context)
{
	struct judge *j = context;
	reply_again(&j->c->site, &j->reply, &j->live.request);
}

/* A body up to the connection's end, of which that end is no orderly one. */
static bool end_differs(const struct exchange *asked,
			const struct exchange *recorded, struct buf *where)
{
	enum stream_end end = exchange_end(asked);
	if (recorded->state != EXCHANGE_COMPLETE ||
	    asked->state == EXCHANGE_COMPLETE ||
	    asked->response_framing != HTTP_UNTIL_CLOSE || end == STREAM_FIN)
		return false;
	buf_add_string(where, end == STREAM_RESET
				  ? "end of body: the connection was reset"
				  : "end of body: it was not captured");
	return true;
}

/* Why the answer may have ended early. */
static void tell_end(const struct exchange *asked, struct buf *where)
{
	if (exchange_end(asked) == STREAM_RESET &&
	    (asked->state == EXCHANGE_CUT ||
	     asked->state == EXCHANGE_NO_RESPONSE))
		buf_add_string(where, ", the connection was reset");
}

static bool is_dated(const struct reply *r)
{
	return r->kept && r->kept->made.finished.date_count;
}

/* Whether what came back is other than what replay makes of the exchange. */
static bool made_differ(struct judge *j, const struct wire *asked,
			const struct wire_terms *terms, struct buf *where)
{
	struct wire made = {answer_next, answer_rewind, j};
	bool differ = wires_differ(asked, &made, terms, where);
	int64_t time = j->reply.time;
	for (int i = 0; differ && is_dated(&j->reply) && i < CLOCK_SECONDS;
	     i++) {
		struct buf later = {0};
		j->reply.time += 1000000;
		differ = wires_differ(asked, &made, terms, &later);
		buf_release(&later);
	}
	j->reply.time = time;
	return differ;
}

/* Holds the answer against that of the exchange that j->reply has found. where
 * is empty. */
static enum compare_result hold(struct judge *j, struct buf *where)
{
	const struct reply *r = &j->reply;
	const struct exchange *e =
	    table_exchange(j->c->site.edition->table, r->match.exchange);
	struct recorded_wire asked_bytes = {.e = j->e}, recorded = {.e = e};
	struct wire asked = {recorded_next, recorded_rewind, &asked_bytes};
	struct wire as_recorded = {recorded_next, recorded_rewind, &recorded};
	struct wire_terms terms = {.method = exchange_method(j->e),
				   .wanted = "recorded",
				   .any_interim = j->expects};
	bool changed = r->answer.rewritten || r->answer.decoded;
	bool as_it_is = !r->match.part_count &&
			slice_equal(exchange_method(j->e), exchange_method(e));
	if (as_it_is && !wires_differ(&asked, &as_recorded, &terms, where))
		return end_differs(j->e, e, where) ? COMPARE_DIFFERENT
						   : COMPARE_SAME;
	buf_clear(where);
	if (changed)
		terms.wanted = "by the rules";
	if (made_differ(j, &asked, &terms, where)) {
		tell_end(j->e, where);
		return COMPARE_DIFFERENT;
	}
	if (end_differs(j->e, e, where))
		return COMPARE_DIFFERENT;
	return changed ? COMPARE_REWRITTEN : COMPARE_SAME;
}

/* ---- which exchange it is ---- */

static uint32_t asked_host(const struct judge *j)
{
	const struct request *q = &j->live.request;
	const struct table *t = j->c->site.edition->table;
	struct buf local = {0};
	if (q->url.host.len)
		return table_host(t, q->url.host);
	address_print(&local, &q->local.address);
	uint32_t host = table_host(t, buf_slice(&local));
	buf_release(&local);
	return host;
}

static bool is_there(const struct judge *j, uint32_t i)
{
	const struct request *q = &j->live.request;
	const struct entry *n = table_entry(j->c->site.edition->table, i);
	return n->https == q->url.https &&
	       (q->any_port || n->port == q->url.port) &&
	       n->hostless == !q->url.host.len;
}

/* The first exchange of the very key that nobody asked for yet. */
static uint32_t find_unasked(struct judge *j)
{
	const struct request *q = &j->live.request;
	const struct table *t = j->c->site.edition->table;
	const struct row *rows = j->c->rows;
	const struct key key = {.method = q->method,
				.host = asked_host(j),
				.target = q->url.target,
				.range = q->traits.value[TRAIT_RANGE],
				.body = q->has_body ? q->digest : NULL};
	uint32_t first =
	    key.host == TABLE_NONE ? TABLE_NONE : table_find(t, &key);
	if (first == TABLE_NONE)
		return TABLE_NONE;
	uint32_t i = j->unasked[first], looked = 0;
	while (i != TABLE_NONE && rows[i].asked)
		i = table_entry(t, i)->next;
	j->unasked[first] = i;
	while (i != TABLE_NONE && (rows[i].asked || !is_there(j, i)))
		i = ++looked < LOOK_MAX ? table_entry(t, i)->next : TABLE_NONE;
	return i;
}

static void turn_to(struct judge *j, uint32_t exchange)
{
	struct match *m = &j->reply.match;
	m->step = MATCH_EXACT;
	m->exchange = exchange;
	m->part_count = 0;
	m->partial = false;
	reply_again(&j->c->site, &j->reply, &j->live.request);
}

static void accept(struct judge *j, struct asking *a,
		   enum compare_result result)
{
	const struct reply *r = &j->reply;
	a->result = result;
	a->recorded = r->match.exchange;
	a->step = r->match.step;
	if (result == COMPARE_REWRITTEN && r->kept)
		buf_add(&a->told, buf_slice(&r->kept->made.finished.told));
}

static bool is_well(enum compare_result result)
{
	return result != COMPARE_DIFFERENT;
}

/* The server had another one in mind than we: its place is made so. */
static void move_place(struct judge *j, uint32_t from, uint32_t to)
{
	struct place_of *place =
	    place_find(j->c->site.places, &j->live.request.client.address);
	if (from != COMPARE_NONE && !j->c->rows[from].asked)
		place_take_back(place, from);
	place_give(place, to);
}

/* Where the server's choice is not what came back, or came back already. */
static bool take_unasked(struct judge *j, struct asking *a)
{
	struct buf where = {0};
	uint32_t other = find_unasked(j);
	if (other == TABLE_NONE || other == a->recorded)
		return false;
	turn_to(j, other);
	enum compare_result result = hold(j, &where);
	buf_release(&where);
	if (!is_well(result))
		return false;
	move_place(j, a->recorded, other);
	buf_clear(&a->where);
	buf_clear(&a->told);
	accept(j, a, result);
	return true;
}

/* What the server chose by the address that was meant, and does not come out
 * so, was not answered by that: not every replay is asked at such. */
static bool forget_by_address(struct judge *j, struct asking *a)
{
	uint32_t i = j->reply.match.exchange;
	if (j->reply.match.step != MATCH_BY_ADDRESS)
		return false;
	buf_clear(&a->where);
	if (!j->c->rows[i].asked)
		place_take_back(place_find(j->c->site.places,
					   &j->live.request.client.address),
				i);
	return true;
}

/* The server's choice. Whether it is that, and nobody had it before. */
static bool take_match(struct judge *j, struct asking *a)
{
	enum compare_result result = hold(j, &a->where);
	if (!is_well(result) && forget_by_address(j, a))
		return false;
	accept(j, a, result);
	return is_well(result) && !j->c->rows[a->recorded].asked;
}

static void pair(struct judge *j, struct asking *a)
{
	reply_find(&j->c->site, &j->reply, &j->live, j->e->time / 1000, false);
	a->only_304 = j->reply.match.only_304;
	if (!j->reply.match.step || !take_match(j, a))
		take_unasked(j, a);
}

/* ---- what else there is to tell of a request ---- */

static void keep_value(struct buf *texts, struct slice value)
{
	buf_add(texts, slice_to(value, VALUE_MAX));
}

/* Offsets become slices once nothing is added any more. */
static struct slice kept_value(const struct buf *texts, size_t *at,
			       struct slice value)
{
	struct slice kept = slice_to(value, VALUE_MAX);
	if (!value.data)
		return value;
	kept.data = texts->data + *at;
	*at += kept.len;
	return kept;
}

static void keep_differences(struct asking *a, const struct differences *d)
{
	size_t at = 0;
	buf_reserve(&a->texts, 1);
	for (size_t i = 0; i < d->count; i++) {
		keep_value(&a->texts, d->list[i].name);
		keep_value(&a->texts, d->list[i].asked);
		keep_value(&a->texts, d->list[i].recorded);
	}
	a->differences = xcalloc(d->count + 1, sizeof *a->differences);
	a->difference_count = d->count;
	for (size_t i = 0; i < d->count; i++) {
		const struct difference *from = &d->list[i];
		struct difference *to = &a->differences[i];
		to->kind = from->kind;
		to->name = kept_value(&a->texts, &at, from->name);
		to->asked = kept_value(&a->texts, &at, from->asked);
		to->recorded = kept_value(&a->texts, &at, from->recorded);
	}
}

static void describe(struct judge *j, struct asking *a)
{
	const struct table *t = j->c->site.edition->table;
	struct differences d = {0};
	uint32_t other = a->recorded;
	if (other == COMPARE_NONE)
		other = a->nearest = nearest_find(t, &j->live.request);
	if (other != COMPARE_NONE)
		differ(t, &j->live.request, other, &d);
	if (d.count)
		keep_differences(a, &d);
	differences_release(&d);
}

static void note(struct comparison *c, uint32_t k)
{
	struct asking *a = &c->askings[k];
	if (a->recorded == COMPARE_NONE)
		return;
	struct row *r = &c->rows[a->recorded];
	if (!r->asked++)
		r->first = k;
	else
		c->askings[r->last].next = k;
	r->last = k;
	/* what is different once is different */
	if (r->asked == 1 || r->result < a->result)
		r->result = a->result;
}

static void judge_one(struct judge *j, uint32_t k)
{
	struct asking *a = &j->c->askings[k];
	*a = (struct asking){.result = COMPARE_NOT_RECORDED,
			     .recorded = COMPARE_NONE,
			     .nearest = COMPARE_NONE,
			     .next = COMPARE_NONE};
	begin_request(j, &j->c->replayed->exchanges[k]);
	pair(j, a);
	a->own = own_request(j->e);
	describe(j, a);
	note(j->c, k);
}

static void judge_all(struct comparison *c)
{
	struct judge j = {.c = c};
	struct progress *progress = c->recorded->progress;
	j.ports = xcalloc(UINT16_MAX + 1, sizeof *j.ports);
	j.unasked = xcalloc((size_t)c->count + 1, sizeof *j.unasked);
	table_ports(c->site.edition->table, j.ports);
	for (uint32_t i = 0; i < c->count; i++)
		j.unasked[i] = i;
	progress_phase(progress, "comparing", NULL, c->asked_count, "requests");
	for (uint32_t k = 0; k < c->asked_count; k++) {
		judge_one(&j, k);
		progress_at(progress, k);
	}
	progress_end(progress);
	reply_release(&j.reply);
	live_release(&j.live);
	digest_release(&j.digest);
	buf_release(&j.body);
	free(j.ports);
	free(j.unasked);
}

/* ---- the table ---- */

static void rows_begin(struct comparison *c)
{
	bool *fit = findings_all_reproducible(c->recorded);
	c->rows = xcalloc((size_t)c->count + 1, sizeof *c->rows);
	for (uint32_t i = 0; i < c->count; i++)
		c->rows[i] = (struct row){
		    .result = COMPARE_NOT_ASKED,
		    .first = COMPARE_NONE,
		    .last = COMPARE_NONE,
		    .before = COMPARE_NONE,
		    .reproducible = fit[i],
		    .own = own_request(&c->recorded->exchanges[i]),
		};
	free(fit);
}

static void count_all(struct comparison *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		const struct row *r = &c->rows[i];
		c->results[r->result]++;
		c->reproducible += r->reproducible;
		c->reproduced += r->reproducible && row_came_back(r);
	}
	c->results[COMPARE_NOT_RECORDED] = c->miss_count;
	for (uint32_t i = 0; i < c->miss_count; i++)
		c->own_misses += c->askings[c->order[i]].own != OWN_NOT;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* context: of the replay. */
static int by_url(const void *a, const void *b, void *context)
{
	const struct recording *r = context;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct exchange *x = &r->exchanges[i], *y = &r->exchanges[k];
	struct buf left = {0}, right = {0};
	struct url u = exchange_url(x), v = exchange_url(y);
	url_print(&left, &u);
	url_print(&right, &v);
	int order = slice_compare(buf_slice(&left), buf_slice(&right));
	buf_release(&left);
	buf_release(&right);
	if (!order)
		order = slice_compare(exchange_method(x), exchange_method(y));
	return order ? order : compare_numbers(i, k);
}

static void sort_misses(struct comparison *c)
{
	c->order = xcalloc((size_t)c->asked_count + 1, sizeof *c->order);
	for (uint32_t k = 0; k < c->asked_count; k++)
		if (c->askings[k].recorded == COMPARE_NONE)
			c->order[c->miss_count++] = k;
	qsort_r(c->order, c->miss_count, sizeof *c->order, by_url,
		(void *)c->replayed);
}

static void site_begin(struct site *s, const struct recording *recorded,
		       struct rules *rules, const struct site_options *options)
{
	s->options = options;
	s->matcher = matcher_new();
	s->journal = journal_new(NULL, -1, false);
	s->edition =
	    edition_new(table_new(recorded, rules), rules, options, NULL);
	s->places = places_new(recorded->count);
	s->sealed = sealed_new(recorded);
}

struct comparison *comparison_new(const struct recording *recorded,
				  const struct recording *replayed,
				  struct rules *rules,
				  const struct site_options *options)
{
	struct comparison *c = xcalloc(1, sizeof *c);
	c->recorded = recorded;
	c->replayed = replayed;
	site_begin(&c->site, recorded, rules, options);
	c->count = (uint32_t)recorded->count;
	c->asked_count = (uint32_t)replayed->count;
	c->askings = xcalloc((size_t)c->asked_count + 1, sizeof *c->askings);
	rows_begin(c);
	judge_all(c);
	sort_misses(c);
	count_all(c);
	chain_build(&c->chains[0], recorded);
	chain_build(&c->chains[1], replayed);
	compare_orders(c);
	compare_chains(c);
	for (uint32_t i = 0; i < c->count; i++)
		if (!c->rows[i].asked)
			c->rows[i].why = compare_why(c, i);
	return c;
}

static void asking_release(struct asking *a)
{
	buf_release(&a->where);
	buf_release(&a->told);
	buf_release(&a->texts);
	free(a->differences);
}

void comparison_free(struct comparison *c)
{
	if (!c)
		return;
	for (uint32_t k = 0; k < c->asked_count; k++)
		asking_release(&c->askings[k]);
	chain_release(&c->chains[0]);
	chain_release(&c->chains[1]);
	edition_release(c->site.edition);
	matcher_free(c->site.matcher);
	places_free(c->site.places);
	sealed_free(c->site.sealed);
	journal_free(c->site.journal);
	free(c->askings);
	free(c->rows);
	free(c->order);
	free(c);
}

bool comparison_is_whole(const struct comparison *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		const struct row *r = &c->rows[i];
		if (r->reproducible && !r->own && !row_came_back(r))
			return false;
	}
	return c->miss_count == c->own_misses;
}
