/* What it costs to find the answer to a request, without input and output:
 * prints what is asked, how many exchanges were recorded, and the nanoseconds
 * that a request takes (the least of several rounds). */
#include "site/nearest.h"
#include "site/reply.h"

#include "capture/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASKED 100 /* different requests */
#define ROUNDS 15
#define MANY 400000
#define FIELDS 30 /* of a body, of VALUE bytes each: nearly 64 kB */
#define VALUE 2000
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"

/* Exchanges made by hand: one flow each, one piece a message. */
struct recorded {
	struct exchange exchange;
	struct flow flow;
	struct piece pieces[2];
};

static struct recorded *all;
static struct exchange *exchanges;
static struct site_options options;
static struct site site = {.options = &options};
static size_t count;

static void say(size_t i, int side, struct slice text, struct message *m)
{
	struct recorded *e = &all[i];
	bool whole = side ? http_response(text, SLICE("GET"), m) == HTTP_DONE
			  : http_request(text, m) == HTTP_DONE;
	if (!whole)
		log_fatal("not a message");
	e->pieces[side] =
	    (struct piece){.data = text.data, .len = (uint32_t)text.len};
	e->flow.streams[side].pieces = &e->pieces[side];
	e->flow.streams[side].count = 1;
}

static void record(size_t i, struct slice request)
{
	struct exchange *e = &exchanges[i];
	struct message m;
	all[i].flow = (struct flow){
	    .ends = {{{4, {10, 9, 9, 9}}, 50000}, {{4, {192, 0, 2, 1}}, 80}}};
	say(i, 0, request, &m);
	*e = (struct exchange){.flow = &all[i].flow,
			       .state = EXCHANGE_COMPLETE,
			       .status = 200,
			       .request_framing = (uint8_t)m.framing};
	exchange_ask(e, &m);
	e->request_body = (struct span){.start = {0, (uint32_t)m.head.len},
					.len = request.len - m.head.len};
	say(i, 1, SLICE(OK), &m);
	e->response_head = m.head;
	e->response_framing = (uint8_t)m.framing;
	e->response = (struct span){.len = sizeof OK - 1};
	e->response_body =
	    (struct span){.start = {0, (uint32_t)m.head.len}, .len = 4};
	e->body_bytes = 4;
}

/* ---- what is recorded, and asked ---- */

static void plain(size_t i, struct buf *out)
{
	buf_printf(out,
		   "GET /page/%zu?id=%zu HTTP/1.1\r\nHost: h%zu.example\r\n"
		   "User-Agent: bench\r\nAccept: */*\r\n\r\n",
		   i, i * 7, i % 100);
}

/* All of one path and the same parameters. */
static void alike(size_t i, struct buf *out)
{
	buf_printf(out,
		   "GET /gate.php?id=%zu&t=%zu&user=someone&os=6.1 HTTP/1.1\r\n"
		   "Host: a.example\r\n\r\n",
		   i, i * 31);
}

static void missed(size_t i, struct buf *out)
{
	buf_printf(out, "GET /gate.php?other=%zu HTTP/1.1\r\n", i);
	buf_add_string(out, "Host: unknown.example\r\n\r\n");
}

static void body(size_t i, struct buf *out)
{
	struct buf json = {0};
	for (size_t k = 0; k < FIELDS; k++)
		buf_printf(&json, "%s\"name-%zu\":\"%0*zu\"", k ? "," : "{", k,
			   VALUE, i + k);
	buf_add_byte(&json, '}');
	buf_printf(out,
		   "POST /rpc HTTP/1.1\r\nHost: b.example\r\n"
		   "Content-Type: application/json\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   json.len);
	buf_add(out, buf_slice(&json));
	buf_release(&json);
}

static void begin(size_t wanted, void (*print)(size_t, struct buf *))
{
	count = wanted;
	all = xcalloc(count, sizeof *all);
	exchanges = xcalloc(count, sizeof *exchanges);
	for (size_t i = 0; i < count; i++) {
		struct buf text = {0};
		print(i, &text);
		record(i, buf_slice(&text)); /* kept until the end */
	}
	const struct recording r = {.exchanges = exchanges, .count = count};
	site.edition = edition_new(table_new(&r, NULL), NULL, &options, NULL);
	site.places = places_new(count);
	site.journal = journal_new(NULL, -1, false);
}

static void end(void)
{
	edition_release(site.edition);
	places_free(site.places);
	journal_free(site.journal);
	for (size_t i = 0; i < count; i++)
		free((void *)all[i].pieces[0].data);
	free(all);
	free(exchanges);
}

/* ---- measuring ---- */

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void take_body(struct request *r, struct slice rest)
{
	struct digest d = {0};
	r->has_body = rest.len;
	r->body = rest.len <= BODY_START_MAX ? rest : (struct slice){0};
	digest_start(&d);
	digest_add(&d, rest);
	digest_finish(&d, r->digest);
	digest_release(&d);
}

/* As a client's request is answered; near: and its line in the log would be
 * looked for. */
static void answer(struct slice text, bool near, enum match_step step)
{
	static struct live q;
	static struct reply r;
	const struct arrival arrival = {.client = {{4, {10, 0, 0, 1}}, 50000},
					.local = {{4, {127, 0, 0, 1}}, 80},
					.port = 80};
	struct message m;
	if (http_request(text, &m) != HTTP_DONE)
		log_fatal("not a request");
	live_begin(&q, &m, &arrival, &site);
	if (text.len > m.head.len)
		take_body(&q.request, slice_from(text, m.head.len));
	reply_find(&site, &r, &q, 0, false);
	if (r.match.step != step)
		log_fatal("%s, not %s", match_step_name(r.match.step),
			  match_step_name(step));
	if (near)
		nearest_find(site.edition->table, &q.request);
	reply_end(&r);
}

/* Asks for ASKED of them, which lie stride apart, again and again. */
static void measure(const char *what, void (*print)(size_t, struct buf *),
		    size_t from, size_t stride, size_t times,
		    enum match_step step)
{
	struct buf texts[ASKED] = {0};
	double least = 1e18;
	for (size_t i = 0; i < ASKED; i++)
		print(from + i * stride, &texts[i]);
	for (size_t round = 0; round < ROUNDS; round++) {
		double began = now();
		for (size_t i = 0; i < times; i++)
			answer(buf_slice(&texts[i % ASKED]), !step, step);
		double spent = (now() - began) / (double)times;
		least = spent < least ? spent : least;
	}
	printf("%s\t%zu\t%.0f\n", what, count, least);
	for (size_t i = 0; i < ASKED; i++)
		buf_release(&texts[i]);
}

int main(void)
{
	options.zone = SLICE("ip.test");
	begin(100, plain);
	measure("exact", plain, 0, 1, 20000, MATCH_EXACT);
	end();
	begin(MANY, plain);
	measure("exact", plain, 0, MANY / ASKED, 20000, MATCH_EXACT);
	end();
	begin(100, alike);
	measure("nearest", alike, MANY, 1, 1000, MATCH_QUERY_VALUES);
	measure("missed", missed, 0, 1, 1000, MATCH_NONE);
	end();
	begin(MANY, alike);
	measure("nearest", alike, MANY, 1, 100, MATCH_QUERY_VALUES);
	measure("missed", missed, 0, 1, 100, MATCH_NONE);
	end();
	begin(100, body);
	measure("body", body, MANY, 1, 3, MATCH_BODY_FIELDS);
	end();
	begin(1000, body);
	measure("body", body, MANY, 1, 3, MATCH_BODY_FIELDS);
	end();
	return 0;
}
