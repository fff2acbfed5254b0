/* Recorded exchanges as rules take them. */
#include "segments.h"

#include "rewrite/original.h"

#define GET "GET /a?b HTTP/1.1\r\nHost: H.example:8080\r\n\r\n"
#define HEAD "HEAD /a?b HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

/* What one exchange is expected to give. */
struct expected {
	bool head, next, cut;
	uint64_t missing;
	const char *body;
};

static void check(const struct exchange *e, const struct expected *x)
{
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct buf body = {0};
	struct slice bytes;
	assert_int_equal(o.head.len > 0, x->head);
	assert_int_equal(o.next != NULL, x->next);
	assert_int_equal(o.cut, x->cut);
	assert_int_equal(o.missing, x->missing);
	while (o.next && o.next(o.context, &bytes))
		buf_add(&body, bytes);
	assert_text(buf_slice(&body), x->body);
	assert_text(o.target, "/a?b");
	buf_release(&body);
}

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)first;
	check(e, context);
}

static void fin(size_t len)
{
	add(1, SERVER_ISN + 1 + (uint32_t)len, TCP_FIN | TCP_ACK,
	    CLIENT_ISN + 1, "");
}

/* One connection: a request, and what answers it, with a hole before the rest
 * of it if there is one. */
static void expect(const char *request, const char *answer, size_t hole,
		   const char *rest, struct expected x)
{
	void *state = NULL;
	segments_setup(&state);
	handshake();
	say(0, 0, request);
	say(1, 0, answer);
	size_t len = strlen(answer);
	if (rest)
		say(1, (uint32_t)(len + hole), rest);
	fin(len + (rest ? hole + strlen(rest) : 0));
	struct spool *spool = spool_new();
	struct talk talk = {.flow = next_flow()};
	exchanges_find(&talk, spool, take, &x);
	spool_free(spool);
	segments_teardown(&state);
}

static void test_whole(void **state)
{
	(void)state;
	expect(GET, OK "Content-Length: 3\r\n\r\nabc", 0, NULL,
	       (struct expected){true, true, false, 0, "abc"});
	expect(GET, OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 0,
	       "2\r\nbc\r\n0\r\nX: y\r\n\r\n",
	       (struct expected){true, true, false, 0, "abc"});
	expect(GET, OK "\r\nabc", 0, NULL,
	       (struct expected){true, true, false, 0, "abc"});
	expect(GET, OK "Content-Length: 0\r\n\r\n", 0, NULL,
	       (struct expected){true, true, false, 0, ""});
}

static void test_without_body(void **state)
{
	(void)state;
	static const char *const answers[] = {
	    "HTTP/1.1 204 X\r\n\r\n",
	    "HTTP/1.1 304 X\r\nContent-Length: 3\r\n\r\n",
	    "HTTP/1.1 206 X\r\nContent-Range: bytes 0-2/9\r\n"
	    "Content-Length: 3\r\n\r\nabc",
	    "HTTP/1.1 101 X\r\n\r\n",
	    /* a transfer coding that is not taken off */
	    OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	    OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "0\r\n\r\n",
	    OK "Transfer-Encoding: gzip\r\n\r\nabc",
	    /* malformed */
	    OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
	};
	for (size_t i = 0; i < COUNT(answers); i++)
		expect(GET, answers[i], 0, NULL,
		       (struct expected){true, false, false, 0, ""});
	expect(HEAD, OK "Content-Length: 3\r\n\r\n", 0, NULL,
	       (struct expected){true, false, false, 0, ""});
}

static void test_cut(void **state)
{
	(void)state;
	expect(GET, OK "Content-Length: 10\r\n\r\nabc", 0, NULL,
	       (struct expected){true, true, true, 7, "abc"});
	expect(GET, OK "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 0, NULL,
	       (struct expected){true, true, true, 0, "abc"});
	/* all chunks but the last one */
	expect(GET, OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0,
	       NULL, (struct expected){true, true, true, 0, "abc"});
}

/* What is behind a gap would not follow what is before it. */
static void test_gap(void **state)
{
	(void)state;
	expect(GET, OK "Content-Length: 10\r\n\r\nabc", 2, "fghij",
	       (struct expected){true, true, true, 7, "abc"});
	expect(GET, OK "Transfer-Encoding: chunked\r\n\r\na\r\nabc", 2,
	       "fghij\r\n0\r\n\r\n",
	       (struct expected){true, true, true, 0, "abc"});
	expect(GET, OK "\r\nabc", 2, "fghij",
	       (struct expected){true, true, true, 0, "abc"});
}

static void test_cut_head(void **state)
{
	(void)state;
	expect(GET, OK "Content-Length: 3\r\nConte", 0, NULL,
	       (struct expected){false, false, false, 0, ""});
	expect(GET, "", 0, NULL, (struct expected){false, false, false, 0, ""});
}

/* A body that was recorded whole is whole, though its request was not. */
static void test_cut_request(void **state)
{
	(void)state;
	struct body_reader reader;
	struct exchange e = {.state = EXCHANGE_CUT};
	struct piece piece = {(const uint8_t *)"abc", 1, 3, 0};
	struct flow flow = {.streams = {[1] = {.pieces = &piece, .count = 1}}};
	struct slice head = SLICE(OK "Content-Length: 3\r\n\r\n");
	struct message asked;
	assert_int_equal(http_request(SLICE("GET / HTTP/1.1\r\n\r\n"), &asked),
			 HTTP_DONE);
	e.flow = &flow;
	exchange_ask(&e, &asked);
	e.status = 200;
	e.answer_time = 1999999999;
	e.response_head = head;
	e.response_framing = HTTP_LENGTH;
	e.response_body = (struct span){{0, 1}, 2};
	struct original o = original_of(&e, &reader);
	assert_true(o.cut);
	assert_int_equal(o.missing, 1);
	assert_int_equal(o.time, 1);
	e.response_head = SLICE(OK "Content-Length: 2\r\n\r\n");
	o = original_of(&e, &reader);
	assert_false(o.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_without_body),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_gap),
	    cmocka_unit_test(test_cut_head),
	    cmocka_unit_test(test_cut_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
