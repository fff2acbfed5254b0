/* Answers taken apart again into heads, body and trailers. */
#include "exchanges.h"

#include "site/unframed.h"

#define GET "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

static struct answer answer;
static struct unframed unframed;
static struct piece many[4096];
static struct buf body;

static int setup(void **state)
{
	(void)state;
	answer = (struct answer){0};
	unframed = (struct unframed){0};
	buf_clear(&body);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unframed_release(&unframed);
	answer_release(&answer);
	buf_release(&body);
	forget_exchanges();
	return 0;
}

/* The recorded answer, in pieces of that many bytes. */
static void begin(const char *request, const char *response, uint32_t step)
{
	uint32_t i = record(request, response);
	uint32_t len = pieces[i][1].len, n = 0;
	struct exchange *e = &exchanges[i];
	for (uint32_t at = 0; at < len; at += step)
		many[n++] = (struct piece){
		    .data = pieces[i][1].data + at,
		    .len = len - at < step ? len - at : step,
		};
	flows[i].streams[1].pieces = many;
	flows[i].streams[1].count = n;
	uint32_t head = (uint32_t)e->response_head.len;
	e->response_body.start = (struct place){head / step, head % step};
	answer_recorded(&answer, e, false, false);
	unframed_begin(&unframed, &answer);
}

static uint16_t head_of(const char *method)
{
	struct message m;
	return unframed_head(&unframed, slice_of(method), &m) ? m.status : 0;
}

static void read_all(size_t step)
{
	uint8_t part[64];
	buf_clear(&body);
	assert_true(step <= sizeof part);
	while (!unframed.ended) {
		size_t n = unframed_read(&unframed, part, step);
		assert_true(n <= step);
		buf_add(&body, (struct slice){part, n});
	}
	assert_int_equal(unframed_read(&unframed, part, step), 0);
}

/* The same whatever the pieces and however little is taken at once. */
static void assert_body(const char *response, const char *want, bool cut)
{
	static const uint32_t steps[] = {1, 2, 3, 7, 4096};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		for (size_t step = 1; step <= 64; step *= 4) {
			begin(GET, response, steps[i]);
			assert_int_equal(head_of("GET"), 200);
			read_all(step);
			assert_true(
			    slice_equal(buf_slice(&body), slice_of(want)));
			assert_int_equal(unframed.cut, cut);
			forget_exchanges();
		}
	}
}

static void a_body_with_a_length(void **state)
{
	(void)state;
	assert_body(OK "Content-Length: 5\r\n\r\nhello", "hello", false);
}

static void a_length_of_none(void **state)
{
	(void)state;
	begin(GET, OK "Content-Length: 0\r\n\r\n", 4096);
	assert_int_equal(head_of("GET"), 200);
	assert_true(unframed.ended);
	assert_false(unframed.cut);
}

static void a_body_that_ends_short(void **state)
{
	(void)state;
	assert_body(OK "Content-Length: 9\r\n\r\nhello", "hello", true);
	assert_body(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "hel",
		    true);
	assert_body(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		    "hello", true);
	assert_body(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n",
		    "hello", true);
}

static void a_body_until_the_close(void **state)
{
	(void)state;
	assert_body(OK "\r\nhello", "hello", false);
	assert_body(OK "\r\n", "", false);
}

static void chunks(void **state)
{
	(void)state;
	assert_body(OK "Transfer-Encoding: chunked\r\n\r\n"
		       "5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
		    "hello0123456789", false);
	assert_int_equal(unframed.trailers.len, 2); /* the empty line */
}

static void a_trailer_section(void **state)
{
	static const uint32_t steps[] = {1, 3, 4096};
	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		begin(GET,
		      OK "Transfer-Encoding: chunked\r\n\r\n"
			 "1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\n\r\n",
		      steps[i]);
		assert_int_equal(head_of("GET"), 200);
		read_all(64);
		assert_true(slice_equal(buf_slice(&unframed.trailers),
					SLICE("A: 1\r\nB: 2\r\n\r\n")));
		forget_exchanges();
	}
}

static void interim_heads_come_first(void **state)
{
	static const uint32_t steps[] = {1, 5, 4096};
	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		uint32_t n = record(GET, OK "Content-Length: 2\r\n\r\nhi");
		struct slice all =
		    SLICE("HTTP/1.1 103 Early Hints\r\nLink: a"
			  "\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi");
		struct exchange *e = &exchanges[n];
		free((void *)pieces[n][1].data);
		set_piece(n, 1, all);
		size_t skip = all.len - e->response.len;
		e->response.len = all.len;
		e->response_body.start.skip += (uint32_t)skip;
		e->response_head = (struct slice){pieces[n][1].data + skip,
						  e->response_head.len};
		answer_recorded(&answer, e, false, false);
		unframed_begin(&unframed, &answer);
		assert_int_equal(head_of("GET"), 103);
		assert_int_equal(head_of("GET"), 200);
		read_all(64);
		assert_true(slice_equal(buf_slice(&body), SLICE("hi")));
		forget_exchanges();
	}
}

static void a_head_alone(void **state)
{
	(void)state;
	uint32_t i = record(GET, OK "Content-Length: 5\r\n\r\nhello");
	answer_recorded(&answer, &exchanges[i], false, true);
	unframed_begin(&unframed, &answer);
	assert_int_equal(head_of("HEAD"), 200);
	assert_true(unframed.ended);
}

static void nothing(void **state)
{
	(void)state;
	uint32_t i = record(GET, NULL);
	answer_nothing(&answer, &exchanges[i]);
	unframed_begin(&unframed, &answer);
	assert_int_equal(head_of("GET"), 0);
}

static void what_is_no_http(void **state)
{
	static const char junk[] = "SSH-2.0-x\r\nHTTP/1.1 200 OK\r\n\r\n";
	(void)state;
	uint32_t i = record(GET, OK "\r\n");
	free((void *)pieces[i][1].data);
	set_piece(i, 1, slice_of(junk));
	exchanges[i].response.len = sizeof junk - 1;
	exchanges[i].response_head = (struct slice){pieces[i][1].data, 11};
	answer_recorded(&answer, &exchanges[i], false, false);
	unframed_begin(&unframed, &answer);
	assert_int_equal(head_of("GET"), 0);
}

/* All of the answer's bytes are counted once. */
static void bytes_are_counted(void **state)
{
	(void)state;
	static const char text[] = OK "Transfer-Encoding: chunked\r\n\r\n"
				      "5\r\nhello\r\n0\r\n\r\n";
	begin(GET, text, 4);
	assert_int_equal(head_of("GET"), 200);
	read_all(3);
	assert_int_equal(unframed.taken, sizeof text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_body_with_a_length, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_length_of_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_body_that_ends_short, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_body_until_the_close, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(chunks, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_trailer_section, setup, teardown),
	    cmocka_unit_test_setup_teardown(interim_heads_come_first, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(a_head_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_http, setup, teardown),
	    cmocka_unit_test_setup_teardown(bytes_are_counted, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
