/* Which recorded answer fits which request: each rung of the ladder, and what
 * must not fit. */
#include "exchanges.h"
#include "rules_text.h"

#include "site/differ.h"
#include "site/match.h"
#include "site/nearest.h"
#include "site/residents.h"
#include "site/way.h"

#include <stdio.h>
#include <stdlib.h>

static struct table *table;
static struct places *places;
static struct match match;
static struct live_request {
	struct buf head;
	struct request request;
} live;
static struct address client;

static int setup(void **state)
{
	(void)state;
	count = 0;
	client = (struct address){4, {10, 0, 0, 1}};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	table_free(table);
	places_free(places);
	match_release(&match);
	buf_release(&live.head);
	table = NULL;
	places = NULL;
	forget_exchanges();
	return 0;
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
#define NOT_MODIFIED "HTTP/1.1 304 Not Modified\r\n\r\n"

static uint32_t get(const char *target)
{
	char text[256];
	snprintf(text, sizeof text,
		 "GET %s HTTP/1.1\r\nHost: h.example\r\n\r\n", target);
	return record(text, OK);
}

static uint32_t post(const char *target, const char *body)
{
	char text[512];
	snprintf(text, sizeof text,
		 "POST %s HTTP/1.1\r\nHost: h.example\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 target, strlen(body), body);
	return record(text, OK);
}

static void build_by(const char *rules)
{
	struct recording r = recorded();
	struct rules *read = rules ? rules_of(rules) : NULL;
	table = table_new(&r, read);
	places = places_new(count);
	rules_free(read);
}

static void build(void)
{
	build_by(NULL);
}

static void digest_body(struct request *q, struct slice body)
{
	struct digest d = {0};
	q->has_body = body.len > 0;
	q->body = body;
	digest_start(&d);
	digest_add(&d, body);
	digest_finish(&d, q->digest);
	digest_release(&d);
}

/* Sets live to what a client sends to port 80. */
static void ask(const char *text)
{
	struct message m;
	if (!table)
		build();
	buf_clear(&live.head);
	buf_add_string(&live.head, text);
	assert_int_equal(http_request(buf_slice(&live.head), &m), HTTP_DONE);
	live.request = (struct request){
	    .method = m.method,
	    .host_field = m.host,
	    .url = url_of(m.method, m.target, m.host, false, 80),
	    .traits = traits_read(m.fields),
	    .client = {client, 50000},
	    .local = {{4, {127, 0, 0, 1}}, 80},
	};
	digest_body(&live.request,
		    slice_from(buf_slice(&live.head), m.head.len));
}

static void assert_match(enum match_step step, uint32_t i)
{
	match_find(table, place_find(places, &client), &live.request, false,
		   &match);
	assert_string_equal(match_step_name(match.step), match_step_name(step));
	assert_int_equal(match.exchange, i);
}

static void assert_exact_only(enum match_step step)
{
	match_find(table, place_find(places, &client), &live.request, true,
		   &match);
	assert_string_equal(match_step_name(match.step), match_step_name(step));
}

static void ask_get(const char *target, const char *fields)
{
	char text[512];
	snprintf(text, sizeof text,
		 "GET %s HTTP/1.1\r\nHost: h.example\r\n%s\r\n", target,
		 fields);
	ask(text);
}

static void ask_post(const char *target, const char *body)
{
	char text[512];
	snprintf(text, sizeof text,
		 "POST %s HTTP/1.1\r\nHost: h.example\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 target, strlen(body), body);
	ask(text);
}

static void exact_parts_of_the_key(void **state)
{
	(void)state;
	uint32_t a = get("/a"), b = post("/a", "x"), c = get("/A");
	ask_get("/a", "");
	assert_match(MATCH_EXACT, a);
	ask_post("/a", "x");
	assert_match(MATCH_EXACT, b);
	ask_get("/A", "");
	assert_match(MATCH_EXACT, c);
	ask("get /a HTTP/1.1\r\nHost: h.example\r\n\r\n");
	assert_match(MATCH_NONE, NONE);
	ask("GET /a HTTP/1.1\r\nHost: other.example\r\n\r\n");
	assert_match(MATCH_NONE, NONE);
}

/* P11: what the victim asked of a proxy is asked of the server now. */
static void p11_absolute_target(void **state)
{
	(void)state;
	uint32_t a = record("GET http://h.example/a HTTP/1.1\r\n"
			    "Host: h.example\r\n\r\n",
			    OK);
	flows[a].ends[1].port = 3128;
	uint32_t b = record("GET http://H.example:8080 HTTP/1.1\r\n"
			    "Host: wrong.example\r\n\r\n",
			    OK);
	ask_get("/a", "");
	assert_match(MATCH_EXACT, a);
	ask("GET / HTTP/1.1\r\nHost: h.example:8080\r\n\r\n");
	assert_match(MATCH_EXACT, b);
}

static void p12_recorded_order_for_each_client(void **state)
{
	(void)state;
	uint32_t a = get("/poll"), b = get("/poll");
	ask_get("/poll", "");
	assert_match(MATCH_EXACT, a);
	assert_match(MATCH_EXACT, b);
	assert_match(MATCH_EXACT, b); /* stays at the last */
	client.bytes[3] = 2;
	assert_match(MATCH_EXACT, a);
	client.bytes[3] = 1;
	assert_match(MATCH_EXACT, b);
	places_reset(places);
	assert_match(MATCH_EXACT, a);
}

static void p12_order_in_a_long_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAX; i++)
		get("/poll");
	ask_get("/poll", "");
	for (uint32_t i = 0; i < MAX; i++)
		assert_match(MATCH_EXACT, i);
	assert_match(MATCH_EXACT, MAX - 1);
}

static void p12_failed_first_try(void **state)
{
	(void)state;
	record("GET /t HTTP/1.1\r\nHost: h.example\r\n\r\n", NULL);
	uint32_t good = get("/t");
	uint32_t only =
	    record("GET /n HTTP/1.1\r\nHost: h.example\r\n\r\n", NULL);
	ask_get("/t", "");
	assert_match(MATCH_EXACT, good);
	ask_get("/n", "");
	assert_match(MATCH_EXACT, only);
}

static uint32_t get_with(const char *fields)
{
	char text[256];
	snprintf(text, sizeof text,
		 "GET /v HTTP/1.1\r\nHost: h.example\r\n%s\r\n", fields);
	return record(text, OK);
}

static void p13_equal_fields_first(void **state)
{
	(void)state;
	uint32_t a = get_with("Cookie: w=a\r\n");
	uint32_t b = get_with("Cookie: w=b\r\n");
	uint32_t c = get_with("Referer: http://one/\r\n");
	uint32_t a2 = get_with("Cookie: w=a\r\n");
	ask_get("/v", "Cookie: w=b\r\n");
	assert_match(MATCH_EXACT, b);
	ask_get("/v", "Referer: http://one/\r\n");
	assert_match(MATCH_EXACT, c);
	ask_get("/v", "Cookie: w=a\r\n");
	assert_match(MATCH_EXACT, a);
	assert_match(MATCH_EXACT, a2);
	assert_match(MATCH_EXACT, a2);
}

/* No field is equal: what was not given yet, in order. */
static void p13_no_equal_field(void **state)
{
	(void)state;
	uint32_t a = get_with("Cookie: w=a\r\n");
	uint32_t b = get_with("Cookie: w=b\r\n");
	ask_get("/v", "Cookie: w=a\r\n");
	assert_match(MATCH_EXACT, a);
	ask_get("/v", "Cookie: w=new\r\n");
	assert_match(MATCH_EXACT, b);
}

static void p14_query_order(void **state)
{
	(void)state;
	uint32_t a = get("/q?a=1&b=2"), b = get("/q?b=1&a=2");
	ask_get("/q?b=2&a=1", "");
	assert_match(MATCH_QUERY_ORDER, a);
	ask_get("/q?a=2&b=1", "");
	assert_match(MATCH_QUERY_ORDER, b);
	assert_exact_only(MATCH_NONE);
	ask_get("/q?a=1", "");
	assert_match(MATCH_NONE, NONE);
	ask_get("/q", "");
	assert_match(MATCH_NONE, NONE);
}

static void p14_query_values(void **state)
{
	(void)state;
	uint32_t a = get("/ad.js?_=111"), b = get("/ad.js?_=222");
	uint32_t swf = get("/?req=swf&num=1"), jar = get("/?req=jar&num=2");
	ask_get("/ad.js?_=9", "");
	assert_match(MATCH_QUERY_VALUES, a);
	assert_match(MATCH_QUERY_VALUES, b);
	assert_match(MATCH_QUERY_VALUES, b);
	/* the kit's own parameter decides, whatever was given before */
	ask_get("/?req=jar&num=7", "");
	assert_match(MATCH_QUERY_VALUES, jar);
	ask_get("/?req=swf&num=7", "");
	assert_match(MATCH_QUERY_VALUES, swf);
	assert_match(MATCH_QUERY_VALUES, swf);
	/* an exploit's whole query is a name: never another one's */
	ask_get("/?c3dmOzIy", "");
	assert_match(MATCH_NONE, NONE);
	ask_get("/ad.js?x=9", "");
	assert_match(MATCH_NONE, NONE);
}

#define RULE "target s{([?&])_=\\d+}{$1_=0}g\n"

/* What live requests go through too. */
static void ask_ruled(const char *target, const char *ruled, const char *fields)
{
	ask_get(target, fields);
	live.request.ruled = slice_of(ruled);
}

static void p14_exact_then_rules_then_guesses(void **state)
{
	(void)state;
	uint32_t a = get("/a?x=1&_=1");
	uint32_t b = get("/a?x=1&_=2");
	uint32_t c = get("/a?x=2&_=3");
	build_by(RULE);
	ask_ruled("/a?x=1&_=2", "/a?x=1&_=0", "");
	assert_match(MATCH_EXACT, b);
	assert_true(match_raw(table, place_find(places, &client), &live.request,
			      &match));
	ask_ruled("/a?x=1&_=9", "/a?x=1&_=0", "");
	assert_false(match_raw(table, place_find(places, &client),
			       &live.request, &match));
	assert_match(MATCH_TARGET_RULE, a);
	assert_exact_only(MATCH_TARGET_RULE);
	ask_ruled("/a?x=2&_=8", "/a?x=2&_=0", "");
	assert_match(MATCH_TARGET_RULE, c);
	ask_ruled("/a?_=8&x=2", "/a?_=0&x=2", "");
	assert_match(MATCH_QUERY_ORDER, c);
	assert_exact_only(MATCH_NONE);
	ask_ruled("/a?_=8&x=3", "/a?_=0&x=3", "");
	assert_match(MATCH_QUERY_VALUES, c); /* all were given */
	/* the log shows what was asked */
	struct differences d = {0};
	differ(table, &live.request, c, &d);
	assert_int_equal(d.count, 2);
	assert_text(d.list[0].asked, "8");
	assert_text(d.list[0].recorded, "3");
	differences_release(&d);
}

static void p14_ruled_repeats_in_order(void **state)
{
	(void)state;
	uint32_t a = get("/a?_=1"), b = get("/a?_=2"), c = get("/a?_=1");
	build_by(RULE);
	ask_ruled("/a?_=9", "/a?_=0", "");
	assert_match(MATCH_TARGET_RULE, a);
	assert_match(MATCH_TARGET_RULE, b);
	assert_match(MATCH_TARGET_RULE, c);
	assert_match(MATCH_TARGET_RULE, c);
	client.bytes[3]++;
	ask_ruled("/a?_=1", "/a?_=0", ""); /* only its own */
	assert_match(MATCH_EXACT, a);
	assert_match(MATCH_EXACT, c);
	assert_match(MATCH_EXACT, c);
}

static void p14_ruled_paths(void **state)
{
	(void)state;
	uint32_t a = get("/s/123/x?v=1");
	build_by("target s{^/s/\\d+/}{/s/0/}\n");
	ask_ruled("/s/456/x?v=1", "/s/0/x?v=1", "");
	assert_match(MATCH_TARGET_RULE, a);
	ask_ruled("/s/456/x?v=2", "/s/0/x?v=2", "");
	assert_match(MATCH_QUERY_VALUES, a);
	ask_ruled("/s/456/x?v=1", "/s/0/x?v=1", "Range: bytes=1-2\r\n");
	assert_match(MATCH_TARGET_RULE, a);
	assert_true(match.partial);
	ask_ruled("/s/456/x?w=1", "/s/0/x?w=1", "");
	assert_match(MATCH_NONE, NONE);
	assert_int_equal(nearest_find(table, &live.request), a);
}

static void p34_steered_targets(void **state)
{
	(void)state;
	uint32_t a = get("/go?u=192.0.2.7");
	uint32_t b = get("/go?u=192-0-2-8.ip.test");
	get("/go?u=192.0.2.8");
	ask_get("/go?u=192-0-2-7.ip.test", "");
	live.request.unsteered = SLICE("/go?u=192.0.2.7");
	assert_match(MATCH_STEERED, a);
	assert_exact_only(MATCH_STEERED);
	ask_get("/go?u=192-0-2-8.ip.test", "");
	live.request.unsteered = SLICE("/go?u=192.0.2.8");
	assert_match(MATCH_EXACT, b);
}

static void p15_body_decides(void **state)
{
	(void)state;
	uint32_t a = post("/rpc", "{\"id\":1,\"p\":[\"0xa1\"]}");
	uint32_t b = post("/rpc", "{\"id\":2,\"p\":[\"0xb2\"]}");
	uint32_t form = post("/rpc", "id=1&p=2");
	ask_post("/rpc", "{\"id\":2,\"p\":[\"0xb2\"]}");
	assert_match(MATCH_EXACT, b);
	ask_post("/rpc", "{\"p\": [\"0xb2\"], \"id\":77}");
	assert_match(MATCH_BODY_FIELDS, b);
	ask_post("/rpc", "{\"id\":77,\"p\":[\"0xa1\"]}");
	assert_match(MATCH_BODY_FIELDS, a);
	ask_post("/rpc", "id=9&p=9");
	/* names alone: the form is not told from the objects by them */
	assert_match(MATCH_BODY_FIELDS, form);
	ask_post("/other", "id=9");
	assert_match(MATCH_NONE, NONE);
}

static void p15_any_body_in_order(void **state)
{
	(void)state;
	uint32_t a = post("/up", "\x01\x02"), b = post("/up", "\x03");
	ask_post("/up", "\x04");
	assert_match(MATCH_BODY, a);
	assert_match(MATCH_BODY, b);
	assert_exact_only(MATCH_NONE);
}

/* P10 */
static void scheme_and_port(void **state)
{
	(void)state;
	uint32_t a = get("/a"), b = get("/b");
	exchanges[a].https = true;
	flows[a].ends[1].port = 443;
	flows[b].ends[1].port = 8080;
	ask_get("/a", "");
	assert_match(MATCH_SCHEME, a);
	ask_get("/b", "");
	assert_match(MATCH_PORT, b);
	assert_exact_only(MATCH_NONE);
	live.request.any_port = true;
	assert_match(MATCH_EXACT, b);
}

static void two_differ_for_one_only(void **state)
{
	(void)state;
	uint32_t a = get("/a?t=1"), b = get("/b?t=1"), c = get("/b?t=2");
	flows[a].ends[1].port = flows[b].ends[1].port = flows[c].ends[1].port =
	    8080;
	ask_get("/a?t=9", "");
	assert_match(MATCH_TWO_DIFFER, a);
	ask_get("/b?t=9", "");
	assert_match(MATCH_NONE, NONE);
}

/* P16: served all the same, and the difference told. */
static void p16_differences(void **state)
{
	(void)state;
	uint32_t a = get_with("Referer: http://lure/\r\nUser-Agent: IE\r\n");
	struct differences d = {0};
	ask_get("/v", "User-Agent: curl\r\n");
	assert_match(MATCH_EXACT, a);
	differ(table, &live.request, a, &d);
	assert_int_equal(d.count, 2);
	assert_text(d.list[0].name, "Referer");
	assert_null(d.list[0].asked.data);
	assert_text(d.list[1].name, "User-Agent");
	assert_text(d.list[1].recorded, "IE");
	differences_release(&d);
}

static void p17_304_needs_a_condition(void **state)
{
	(void)state;
	uint32_t no = record("GET /v HTTP/1.1\r\nHost: h.example\r\n"
			     "If-None-Match: \"1\"\r\n\r\n",
			     NOT_MODIFIED);
	uint32_t whole = get_with("");
	record("GET /only HTTP/1.1\r\nHost: h.example\r\n"
	       "If-None-Match: \"1\"\r\n\r\n",
	       NOT_MODIFIED);
	ask_get("/v", "");
	assert_match(MATCH_EXACT, whole);
	assert_match(MATCH_EXACT, whole);
	ask_get("/v", "If-None-Match: \"1\"\r\n");
	assert_match(MATCH_EXACT, no);
	ask_get("/v", "If-None-Match: \"other\"\r\n");
	assert_match(MATCH_EXACT, whole);
	ask_get("/only", "");
	assert_match(MATCH_NONE, NONE);
	assert_true(match.only_304);
}

static uint32_t piece(const char *range, const char *content, const char *body)
{
	char request[256], response[256];
	snprintf(
	    request, sizeof request,
	    "GET /v HTTP/1.1\r\nHost: h.example\r\nRange: bytes=%s\r\n\r\n",
	    range);
	snprintf(response, sizeof response,
		 "HTTP/1.1 206 P\r\nContent-Range: bytes %s\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 content, strlen(body), body);
	return record(request, response);
}

static void p17_pieces_joined(void **state)
{
	(void)state;
	uint32_t b = piece("4-7", "4-7/10", "efgh");
	uint32_t a = piece("0-5", "0-5/10", "abcdef");
	uint32_t c = piece("8-9", "8-9/10", "ij");
	ask_get("/v", "");
	assert_match(MATCH_RANGE_JOINED, b);
	assert_false(match.partial);
	assert_int_equal(match.part_count, 3);
	assert_int_equal(match.parts[0].exchange, a);
	assert_int_equal(match.parts[1].exchange, b);
	assert_int_equal(match.parts[1].skip, 2);
	assert_int_equal(match.parts[1].len, 2);
	assert_int_equal(match.parts[2].exchange, c);
	ask_get("/v", "Range: bytes=8-9\r\n");
	assert_match(MATCH_EXACT, c);
	assert_int_equal(match.part_count, 0);
	ask_get("/v", "Range: bytes=3-8\r\n");
	assert_match(MATCH_RANGE_JOINED, b);
	assert_true(match.partial);
	assert_int_equal(match.first, 3);
	assert_int_equal(match.last, 8);
}

static void p17_pieces_with_a_hole(void **state)
{
	(void)state;
	piece("0-3", "0-3/10", "abcd");
	piece("6-9", "6-9/10", "ghij");
	piece("4-5", "4-5/11", "xx"); /* of another whole */
	ask_get("/v", "");
	assert_match(MATCH_NONE, NONE);
}

static void p17_cut_from_the_whole(void **state)
{
	(void)state;
	uint32_t a = get("/w");
	ask_get("/w", "Range: bytes=1-2\r\n");
	assert_match(MATCH_RANGE_CUT, a);
	assert_exact_only(MATCH_RANGE_CUT); /* no guess */
	assert_int_equal(match.parts[0].skip, 1);
	assert_int_equal(match.parts[0].len, 2);
	ask_get("/w", "Range: bytes=-1\r\n");
	assert_match(MATCH_RANGE_CUT, a);
	assert_int_equal(match.first, 3);
	ask_get("/w", "Range: bytes=9-\r\n");
	assert_match(MATCH_RANGE_WHOLE, a);
	ask_get("/w", "Range: bytes=0-0,2-3\r\n");
	assert_match(MATCH_RANGE_WHOLE, a);
	ask_get("/w", "Range: bytes=1-2\r\nIf-Range: \"x\"\r\n");
	assert_match(MATCH_RANGE_WHOLE, a);
	assert_int_equal(match.part_count, 0);
}

static void p18_hosts(void **state)
{
	(void)state;
	uint32_t a = get("/a");
	uint32_t upper =
	    record("GET /h HTTP/1.1\r\nHost: X.example\r\n\r\n", OK);
	uint32_t lower =
	    record("GET /h HTTP/1.1\r\nHost: x.example\r\n\r\n", OK);
	ask("GET /a HTTP/1.1\r\nHost: H.EXAMPLE.:80\r\n\r\n");
	assert_match(MATCH_EXACT, a);
	/* as it is written comes first */
	ask("GET /h HTTP/1.1\r\nHost: x.example\r\n\r\n");
	assert_match(MATCH_EXACT, lower);
	ask("GET /h HTTP/1.1\r\nHost: X.example\r\n\r\n");
	assert_match(MATCH_EXACT, upper);
	ask("GET /h HTTP/1.1\r\nHost: x.example:81\r\n\r\n");
	live.request.any_port = false;
	assert_exact_only(MATCH_NONE);
}

static void without_host(void **state)
{
	(void)state;
	uint32_t bare = record("GET /bare HTTP/1.0\r\n\r\n", OK);
	uint32_t one = get("/one");
	get("/two");
	record("GET /two HTTP/1.1\r\nHost: g.example\r\n\r\n", OK);
	ask("GET /bare HTTP/1.0\r\n\r\n");
	assert_match(MATCH_EXACT, bare);
	ask("GET /one HTTP/1.0\r\n\r\n");
	assert_match(MATCH_NO_HOST, one);
	assert_exact_only(MATCH_NONE);
	ask("GET /two HTTP/1.0\r\n\r\n");
	assert_match(MATCH_NONE, NONE);
	ask("GET /bare HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n");
	assert_match(MATCH_EXACT, bare);
}

/* Moves a recorded exchange to the server 192.0.2.last. */
static uint32_t move(uint32_t i, uint8_t last)
{
	flows[i].ends[1].address.bytes[3] = last;
	return i;
}

static uint32_t get_of(const char *host, const char *target, const char *fields)
{
	char text[256];
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
		 target, host, fields);
	return record(text, OK);
}

/* Asks at the server 192.0.2.last; host NULL: without a Host field. */
static void ask_at(uint8_t last, const char *host, const char *target,
		   const char *fields)
{
	char text[512];
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n%s%s%s%s\r\n", target,
		 host ? "Host: " : "", host ? host : "", host ? "\r\n" : "",
		 fields);
	ask(text);
	live.request.local.address = (struct address){4, {192, 0, 2, last}};
}

/* P34: an address that a script computed; P19: match by Host first. */
static void p34_by_address(void **state)
{
	(void)state;
	uint32_t a = move(get_of("a.example", "/x", ""), 7);
	uint32_t b = move(get_of("b.example", "/x", ""), 8);
	static const char *const foreign[] = {
	    "192.0.2.7",  "0xC0000207", "192.0.2.99", "other.example",
	    "@a.example", "a b",        "",           NULL};
	for (size_t i = 0; i < COUNT(foreign); i++) {
		ask_at(7, foreign[i], "/x", "");
		assert_match(MATCH_BY_ADDRESS, a);
		assert_exact_only(MATCH_NONE);
	}
	ask_at(7, "b.example", "/x", "");
	assert_match(MATCH_EXACT, b);
	ask_at(7, "b.example", "/y", ""); /* it is that host that has it not */
	assert_match(MATCH_NONE, NONE);
	ask_at(9, "other.example", "/x", ""); /* no server of the recording */
	assert_match(MATCH_NONE, NONE);
	/* an address that is named counts before the one that was gone to */
	ask_at(7, "192.0.2.8", "/x", "");
	assert_match(MATCH_BY_ADDRESS, b);
	ask_at(127, "192.0.2.8", "/x", "");
	assert_match(MATCH_BY_ADDRESS, b);
}

static void p34_by_address_tells_the_host(void **state)
{
	(void)state;
	uint32_t a = move(get_of("a.example", "/x", ""), 7);
	struct differences d = {0};
	ask_at(7, "192.0.2.7", "/x", "");
	assert_match(MATCH_BY_ADDRESS, a);
	differ(table, &live.request, a, &d);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.list[0].kind, DIFFERS_HOST);
	assert_text(d.list[0].asked, "192.0.2.7");
	assert_text(d.list[0].recorded, "a.example");
	differences_release(&d);
	ask_at(7, "192.0.2.7", "/elsewhere", "");
	assert_match(MATCH_NONE, NONE);
	assert_int_equal(nearest_find(table, &live.request), a);
}

/* Other ways to ask one who is known by the address alone. */
static void p34_by_address_then_guesses(void **state)
{
	(void)state;
	uint32_t a = move(get_of("a.example", "/q?x=1", ""), 7);
	uint32_t odd = move(get_of("a.example:8080", "/odd", ""), 7);
	flows[odd].ends[1].port = 8080;
	uint32_t b = move(get_of("b.example", "/q?x=1", ""), 8);
	move(get_of("c.example", "/", ""), 8);
	ask_at(7, "192.0.2.7", "/odd", "");
	assert_match(MATCH_BY_ADDRESS, odd);
	live.request.url.port = 8080;
	assert_match(MATCH_BY_ADDRESS, odd);
	ask_at(7, "192.0.2.7", "/q?x=1", "Range: bytes=1-2\r\n");
	assert_match(MATCH_BY_ADDRESS, a);
	assert_true(match.partial);
	ask_at(7, "192.0.2.7", "/q?x=2", "");
	assert_match(MATCH_BY_ADDRESS, a);
	assert_false(match.partial);
	/* whose other query, if two hosts lived there? */
	ask_at(8, "192.0.2.8", "/q?x=2", "");
	assert_match(MATCH_NONE, NONE);
	ask_at(8, "192.0.2.8", "/q?x=1", "");
	assert_match(MATCH_BY_ADDRESS, b);
}

/* P37: one address, several names. */
static void p37_several_hosts_at_an_address(void **state)
{
	(void)state;
	uint32_t cut =
	    move(record("GET /x HTTP/1.1\r\nHost: z.example\r\n\r\n", NULL), 7);
	uint32_t a = move(get_of("a.example", "/x", "Cookie: w=a\r\n"), 7);
	uint32_t b = move(get_of("b.example", "/x", "Cookie: w=b\r\n"), 7);
	uint32_t b2 = move(get_of("b.example", "/x", "Cookie: w=b\r\n"), 7);
	uint32_t a2 = move(get_of("a.example", "/x", ""), 7);
	uint32_t only = move(get_of("c.example", "/only", ""), 7);
	(void)cut;
	ask_at(7, "192.0.2.7", "/x", "Cookie: w=b\r\n");
	assert_match(MATCH_BY_ADDRESS, b);
	assert_match(MATCH_BY_ADDRESS, b2);
	ask_at(7, "192.0.2.7", "/only", "");
	assert_match(MATCH_BY_ADDRESS, only);
	/* nothing is equal but the lack of a cookie; then in recorded order,
	 * and the last again */
	ask_at(7, "192.0.2.7", "/x", "");
	assert_match(MATCH_BY_ADDRESS, a2);
	client.bytes[3] = 2;
	ask_at(7, "192.0.2.7", "/x", "Cookie: w=z\r\n");
	assert_match(MATCH_BY_ADDRESS, a);
	assert_match(MATCH_BY_ADDRESS, b);
	assert_match(MATCH_BY_ADDRESS, b2);
	assert_match(MATCH_BY_ADDRESS, a2);
	assert_match(MATCH_BY_ADDRESS, a2);
}

/* A literal that was recorded has what other names had at its address. */
static void p34_literal_and_names(void **state)
{
	(void)state;
	uint32_t literal = move(get_of("192.0.2.7", "/a", ""), 7);
	uint32_t named = move(get_of("a.example", "/b", ""), 7);
	ask_at(7, "192.0.2.7", "/a", "");
	assert_match(MATCH_EXACT, literal);
	ask_at(7, "192.0.2.7", "/b", "");
	assert_match(MATCH_BY_ADDRESS, named);
	assert_exact_only(MATCH_NONE);
}

/* P11: the address of a proxy is nobody's who was asked through it. */
static void p11_a_proxy_is_no_host(void **state)
{
	(void)state;
	move(record("GET http://a.example/x HTTP/1.1\r\nHost: a.example"
		    "\r\n\r\n",
		    OK),
	     7);
	uint32_t inside = move(get_of("b.example", "/x", ""), 7);
	exchanges[inside].tunnel = SLICE("b.example:80");
	move(get_of("c.example", "/y", ""), 8);
	ask_at(7, "other.example", "/x", "");
	assert_match(MATCH_NONE, NONE);
	ask_at(8, "other.example", "http://other.example/y", "");
	live.request.proxied = true;
	assert_match(MATCH_NONE, NONE);
}

/* Without a Host field: what had none at that address, then whatever was
 * there, then what had none elsewhere. */
static void p34_hostless(void **state)
{
	(void)state;
	uint32_t far = move(record("GET /x HTTP/1.0\r\n\r\n", OK), 6);
	uint32_t named = move(get_of("a.example", "/x", ""), 7);
	uint32_t here = move(record("GET /h HTTP/1.0\r\n\r\n", OK), 7);
	move(get_of("a.example", "/h", ""), 7);
	ask_at(7, NULL, "/h", "");
	assert_match(MATCH_EXACT, here);
	ask_at(7, NULL, "/x", "");
	assert_match(MATCH_BY_ADDRESS, named);
	assert_exact_only(MATCH_NONE);
	ask_at(6, NULL, "/x", "");
	assert_match(MATCH_EXACT, far);
	ask_at(127, NULL, "/x", ""); /* nobody's: nothing says otherwise */
	assert_match(MATCH_EXACT, far);
	ask_at(6, NULL, "/h", "");
	assert_match(MATCH_NO_HOST, here);
}

static void p34_by_address_ipv6(void **state)
{
	(void)state;
	uint32_t a = get_of("a.example", "/x", "");
	struct address *server = &flows[a].ends[1].address;
	assert_true(address_parse(SLICE("2001:db8::7"), server));
	ask_at(7, "other.example", "/x", "");
	live.request.local.address = *server;
	assert_match(MATCH_BY_ADDRESS, a);
	live.request.local.address.bytes[15]++;
	assert_match(MATCH_NONE, NONE);
	ask_at(7, "[2001:DB8:0::7]", "/x", "");
	assert_match(MATCH_BY_ADDRESS, a);
}

static void p34_304_at_an_address(void **state)
{
	(void)state;
	move(record("GET /x HTTP/1.1\r\nHost: a.example\r\n"
		    "If-None-Match: \"1\"\r\n\r\n",
		    NOT_MODIFIED),
	     7);
	ask_at(7, "192.0.2.7", "/x", "");
	assert_match(MATCH_NONE, NONE);
	assert_true(match.only_304);
}

/* Every address with every host, and all of them found. */
static void residents_of_many(void **state)
{
	(void)state;
	struct residents r;
	residents_init(&r, 1);
	for (uint32_t i = 0; i < 2 * 40 * 40; i++) {
		struct address a = {4, {10, 0, 0, (uint8_t)(i / 40 % 40)}};
		residents_add(&r, &a, i % 40);
	}
	assert_int_equal(r.count, 40 * 40);
	for (uint8_t i = 0; i < 40; i++) {
		struct address a = {4, {10, 0, 0, i}};
		uint32_t at = residents_at(&r, &a);
		for (uint32_t host = 0; host < 40; host++) {
			assert_int_equal(r.list[at].host, host);
			at = r.list[at].next;
		}
		assert_int_equal(at, RESIDENTS_NONE);
		a.version = 6;
		assert_int_equal(residents_at(&r, &a), RESIDENTS_NONE);
	}
	residents_release(&r);
}

static void ways(void **state)
{
	(void)state;
	move(get_of("a.example", "/x", ""), 7);
	struct request *r = &live.request;
	ask_at(7, "A.example", "/", "");
	assert_string_equal(way_name(way_of(r, table, NULL)), "name");
	ask_at(7, "b.example", "/", "");
	assert_string_equal(way_name(way_of(r, table, NULL)), "meant-address");
	ask_at(9, "b.example", "/", "");
	assert_string_equal(way_name(way_of(r, table, NULL)), "unknown");
	r->any_address = true;
	assert_string_equal(way_name(way_of(r, table, NULL)), "meant-address");
	ask_at(7, NULL, "/", "");
	assert_string_equal(way_name(way_of(r, table, NULL)), "meant-address");
	ask_at(7, "192.519", "/", "");
	assert_string_equal(way_name(way_of(r, table, NULL)), "address");
	r->steered = true;
	assert_string_equal(way_name(way_of(r, table, NULL)), "steering-name");
	r->proxied = true;
	assert_string_equal(way_name(way_of(r, table, NULL)), "proxy");
}

static void head_from_get(void **state)
{
	(void)state;
	uint32_t a = get("/a");
	ask("HEAD /a HTTP/1.1\r\nHost: h.example\r\n\r\n");
	assert_match(MATCH_HEAD_FROM_GET, a);
	assert_exact_only(MATCH_HEAD_FROM_GET);
	ask("OPTIONS /a HTTP/1.1\r\nHost: h.example\r\n\r\n");
	assert_match(MATCH_NONE, NONE);
}

static void nearest(void **state)
{
	(void)state;
	get("/");
	uint32_t form = post("/gate.php", "a=1");
	uint32_t b = get("/list?id=12&x=1");
	ask_get("/gate.php", "");
	assert_match(MATCH_NONE, NONE);
	assert_int_equal(nearest_find(table, &live.request), form);
	ask_get("/list?id=1", "");
	assert_int_equal(nearest_find(table, &live.request), b);
	ask("GET /list HTTP/1.1\r\nHost: g.example\r\n\r\n");
	assert_int_equal(nearest_find(table, &live.request), b);
	ask("GET / HTTP/1.1\r\nHost: g.example\r\n\r\n");
	assert_int_equal(nearest_find(table, &live.request), NONE);
}

static void places_are_bounded(void **state)
{
	(void)state;
	struct places *p = places_new(1U << 26); /* 8 MiB a client */
	struct address a = {4, {10, 0, 0, 0}};
	for (uint8_t i = 0; i < 20; i++) {
		a.bytes[3] = i;
		place_give(place_find(p, &a), 5);
	}
	assert_true(place_given(place_find(p, &a), 5));
	a.bytes[3] = 0; /* asked longest ago: forgotten */
	assert_false(place_given(place_find(p, &a), 5));
	places_free(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(exact_parts_of_the_key),
	    TEST(p11_absolute_target),
	    TEST(p12_recorded_order_for_each_client),
	    TEST(p12_order_in_a_long_chain),
	    TEST(p12_failed_first_try),
	    TEST(p13_equal_fields_first),
	    TEST(p13_no_equal_field),
	    TEST(p14_query_order),
	    TEST(p14_query_values),
	    TEST(p14_exact_then_rules_then_guesses),
	    TEST(p14_ruled_repeats_in_order),
	    TEST(p14_ruled_paths),
	    TEST(p34_steered_targets),
	    TEST(p15_body_decides),
	    TEST(p15_any_body_in_order),
	    TEST(scheme_and_port),
	    TEST(two_differ_for_one_only),
	    TEST(p16_differences),
	    TEST(p17_304_needs_a_condition),
	    TEST(p17_pieces_joined),
	    TEST(p17_pieces_with_a_hole),
	    TEST(p17_cut_from_the_whole),
	    TEST(p18_hosts),
	    TEST(without_host),
	    TEST(p34_by_address),
	    TEST(p34_by_address_tells_the_host),
	    TEST(p34_by_address_then_guesses),
	    TEST(p37_several_hosts_at_an_address),
	    TEST(p34_literal_and_names),
	    TEST(p11_a_proxy_is_no_host),
	    TEST(p34_hostless),
	    TEST(p34_by_address_ipv6),
	    TEST(p34_304_at_an_address),
	    TEST(residents_of_many),
	    TEST(ways),
	    TEST(head_from_get),
	    TEST(nearest),
	    TEST(places_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
