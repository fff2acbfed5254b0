/* Requests find the responses that belong to them. */
#include "segments.h"

#include "capture/exchange.h"

#include <stdlib.h>

static struct buf found; /* one line an exchange */
static uint32_t said[2]; /* how far each side came */

static int setup(void **state)
{
	said[0] = said[1] = 0;
	return segments_setup(state);
}

static int teardown(void **state)
{
	buf_release(&found);
	return segments_teardown(state);
}

/* What a side says next, in one segment. */
static void next(int side, const char *text)
{
	say(side, said[side], text);
	said[side] += (uint32_t)strlen(text);
}

/* The same, but nobody captured it. */
static void lost(int side, const char *text)
{
	said[side] += (uint32_t)strlen(text);
}

/* Payloads are borrowed as long as the flows live: each text has its place. */
static char *place(void)
{
	static char texts[64][400];
	static unsigned used;
	return texts[used++ % COUNT(texts)];
}

static const char *get(int number)
{
	char *text = place();
	snprintf(text, 400, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", number);
	return text;
}

static const char *ok(const char *body)
{
	char *text = place();
	snprintf(text, 400, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	return text;
}

static void fin(int side)
{
	add(side, (side ? SERVER_ISN : CLIENT_ISN) + 1 + said[side],
	    TCP_FIN | TCP_ACK, (side ? CLIENT_ISN : SERVER_ISN) + 1, "");
}

static void put_body(struct body_reader r)
{
	struct slice bytes;
	while (body_next(&r, &bytes)) {
		if (bytes.data)
			buf_add_escaped(&found, bytes);
		else
			buf_printf(&found, "[%zu]", bytes.len);
	}
}

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)context;
	assert_non_null(first);
	buf_add_escaped(&found, exchange_method(e));
	buf_add_byte(&found, ' ');
	buf_add_escaped(&found, exchange_target(e));
	put_body(exchange_request_body(e));
	buf_printf(&found, " %u ", e->status);
	put_body(exchange_response_body(e));
	buf_printf(&found, " %s\n",
		   exchange_state_name((enum exchange_state)e->state));
}

/* Reads what was said and holds it against one line an exchange. */
static void assert_exchanges(const char *expected)
{
	struct spool *spool = spool_new();
	struct flow *flow;
	while ((flow = next_flow())) {
		struct talk talk = {.flow = flow};
		while (exchanges_find(&talk, spool, take, NULL))
			buf_add_string(&found, "tunnel\n");
	}
	buf_add_byte(&found, 0);
	assert_string_equal((char *)found.data, expected);
	spool_free(spool);
}

static void test_keep_alive(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, ok("one"));
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 one complete\nGET /2 200 two complete\n");
}

/* P6: pairing counts messages, never turns of talk. */
static void test_p6_pipelining(void **state)
{
	(void)state;
	handshake();
	next(0, "GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 ");
	next(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 "
		"OK\r\nContent-Le");
	next(0, "HTTP/1.1\r\n\r\n");
	next(1, "ngth: 9\r\n\r\nHTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n");
	assert_exchanges("GET /1 200 a complete\nHEAD /2 200  complete\n"
			 "GET /3 304  complete\n");
}

static void test_p6_early_response(void **state)
{
	(void)state;
	handshake();
	next(0, "POST /1 HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");
	next(1, ok("no"));
	next(0, "def");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("POST /1abcdef 200 no complete\n"
			 "GET /2 200 two complete\n");
}

static void test_p6_interim_responses(void **state)
{
	(void)state;
	handshake();
	next(0, "PUT /1 HTTP/1.1\r\nExpect: 100-continue\r\n"
		"Content-Length: 1\r\n\r\n");
	next(1, "HTTP/1.1 100 Continue\r\n\r\n");
	next(0, "x");
	next(1, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n");
	next(1, "HTTP/1.1 204 No\r\n\r\n");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("PUT /1x 204  complete\nGET /2 200 two complete\n");
}

static void test_p6_connect(void **state)
{
	(void)state;
	handshake();
	next(0, "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n");
	next(1, "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno");
	next(0, "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n");
	next(1, "HTTP/1.1 200 Yes\r\nContent-Length: 2\r\n\r\n");
	next(0, get(1));
	next(1, ok("in"));
	assert_exchanges("CONNECT h:80 407 no complete\n"
			 "CONNECT h:80 200  complete\ntunnel\n"
			 "GET /1 200 in complete\n");
}

static void test_p6_upgrade(void **state)
{
	(void)state;
	handshake();
	next(0, "GET /1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
	next(1, "HTTP/1.1 101 Switching\r\n\r\n\x81\x01x");
	next(0, get(2));
	assert_exchanges("GET /1 101  complete\n");
}

static void test_p6_until_close(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.0 200 OK\r\n\r\nab");
	next(1, "cd");
	fin(1);
	assert_exchanges("GET /1 200 abcd complete\n");
}

static void test_no_response(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	fin(0);
	assert_exchanges("GET /1 0  no-response\n");
}

static void test_p7_cut(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	fin(1);
	assert_exchanges("GET /1 200 abc cut\n");
}

static void test_p7_head_cut(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nContent-Le");
	assert_exchanges("GET /1 200  cut\n");
}

static void test_p7_no_last_chunk(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1,
	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc");
	next(1, "\r\n");
	fin(1);
	assert_exchanges("GET /1 200 abc cut\n");
}

static void test_p7_two_lengths(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
		"\r\nab");
	next(0, get(2));
	assert_exchanges("GET /1 200 ab malformed\nGET /2 0  no-response\n");
}

static void test_reset_is_no_end(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.0 200 OK\r\n\r\nab");
	add(1, SERVER_ISN + 1 + said[1], TCP_RST, 0, "");
	assert_exchanges("GET /1 200 ab cut\n");
}

/* After a gap in a body of known length the next exchange is found. */
static void test_gap_in_body(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	lost(1, "def");
	next(1, "ghi");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 abc[3]ghi gap\nGET /2 200 two complete\n");
}

static void test_gap_in_chunk(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nab");
	lost(1, "cd");
	next(1, "ef\r\n0\r\n\r\n");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 ab[2]ef gap\nGET /2 200 two complete\n");
}

static void test_chunk_sizes_lost(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab");
	lost(1, "\r\n3\r\n");
	next(1, "HTTP/1.1 200 lookalike\r\n\r\n0\r\n\r\n");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 ab gap\nGET /2 200 two complete\n");
}

static void test_head_lost(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "HTTP/1.1 200 OK\r\nX: y\r\n");
	lost(1, "Content-Length: 3\r\n\r\n");
	next(1, "abc");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200  gap\nGET /2 200 two complete\n");
}

/* Two responses lost: the third is not taken for the second. */
static void test_responses_lost(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	lost(1, ok("one"));
	next(0, get(2));
	lost(1, "HTTP/1.1 200 OK\r\n");
	next(1, "Content-Length: 3\r\n\r\ntwo");
	next(0, get(3));
	next(1, ok("three"));
	assert_exchanges("GET /1 0  gap\nGET /2 0  gap\n"
			 "GET /3 200 three complete\n");
}

static void test_request_head_lost(void **state)
{
	(void)state;
	handshake();
	next(0, "GET /1 HTTP/1.1\r\nHost: ");
	lost(0, "h\r\n");
	next(0, "A: b\r\n\r\n");
	next(1, ok("one"));
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 one gap\nGET /2 200 two complete\n");
}

/* P1: the recording begins inside a response. */
static void test_p1_begins_in_a_body(void **state)
{
	(void)state;
	next(1, "tail of something\n");
	next(1, "HTTP/1.1 200 lookalike\r\n\r\n");
	next(0, get(1));
	next(1, ok("one"));
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 one complete\nGET /2 200 two complete\n");
}

static void test_p1_begins_at_a_border(void **state)
{
	(void)state;
	next(0, get(1));
	next(0, get(2));
	next(1, ok("one"));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 one complete\nGET /2 200 two complete\n");
}

static void test_other_protocols(void **state)
{
	(void)state;
	handshake();
	next(1, "220 mail.example ESMTP\r\n");
	next(0, "EHLO a\r\n");
	next(1, "250 Ok\r\n");
	next(0, get(1));
	next(1, "354 Go on\r\n");
	assert_exchanges("");
}

static void test_behind_a_greeting(void **state)
{
	(void)state;
	handshake();
	next(0, "\x05\x01\x01");
	next(1, "\x05\x01");
	next(0, get(1));
	next(1, ok("one"));
	assert_exchanges("GET /1 200 one complete\n");
}

static void test_garbage_between(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, ok("one"));
	next(1, "garbage");
	next(0, get(2));
	next(1, ok("two"));
	assert_exchanges("GET /1 200 one complete\nGET /2 200 two complete\n");
}

static void test_not_http_in_answer(void **state)
{
	(void)state;
	handshake();
	next(0, get(1));
	next(1, "<html>HTTP/0.9</html>");
	fin(1);
	assert_exchanges("GET /1 0  malformed\n");
}

/* The same bytes in any cut, order and repetition give the same exchanges. */
static void test_any_order(void **state)
{
	static const char *const sides[2] = {
	    "POST /1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
	    "0\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /3 "
	    "HTTP/1.1\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "
	    "OK\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n1\r\nx\r\n2;e=f\r\nyz\r\n0\r\nT: u\r\n\r\nHTTP/1.1 "
	    "404 No\r\nContent-Length: 4\r\n\r\ngoneHTTP/1.1 200 OK\r\n\r\n"};
	static char parts[200][200];
	(void)state;
	srand(2);
	for (int run = 0; run < 300; run++) {
		uint32_t count = 0, offsets[200];
		int side_of[200];
		teardown(NULL);
		setup(NULL);
		handshake();
		for (int side = 0; side < 2; side++) {
			uint32_t all = (uint32_t)strlen(sides[side]);
			for (uint32_t at = 0; at < all;) {
				uint32_t len = 1 + (uint32_t)rand() % 40;
				snprintf(parts[count], len + 1, "%s",
					 sides[side] + at);
				side_of[count] = side;
				offsets[count++] = at;
				at += len - (uint32_t)rand() % (len / 2 + 1);
			}
		}
		for (uint32_t i = 0; i < count; i++) {
			uint32_t k = (uint32_t)rand() % count;
			say(side_of[k], offsets[k], parts[k]);
		}
		for (uint32_t i = 0; i < count; i++)
			say(side_of[i], offsets[i], parts[i]);
		assert_exchanges("POST /1ab 200 xyz complete\n"
				 "GET /2 404 gone complete\n"
				 "HEAD /3 200  complete\n");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_keep_alive),
	    TEST(test_p6_pipelining),
	    TEST(test_p6_early_response),
	    TEST(test_p6_interim_responses),
	    TEST(test_p6_connect),
	    TEST(test_p6_upgrade),
	    TEST(test_p6_until_close),
	    TEST(test_no_response),
	    TEST(test_p7_cut),
	    TEST(test_p7_head_cut),
	    TEST(test_p7_no_last_chunk),
	    TEST(test_p7_two_lengths),
	    TEST(test_reset_is_no_end),
	    TEST(test_gap_in_body),
	    TEST(test_gap_in_chunk),
	    TEST(test_chunk_sizes_lost),
	    TEST(test_head_lost),
	    TEST(test_responses_lost),
	    TEST(test_request_head_lost),
	    TEST(test_p1_begins_in_a_body),
	    TEST(test_p1_begins_at_a_border),
	    TEST(test_other_protocols),
	    TEST(test_behind_a_greeting),
	    TEST(test_garbage_between),
	    TEST(test_not_http_in_answer),
	    TEST(test_any_order),
	};
	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
