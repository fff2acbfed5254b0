/* Answers held against each other, and which recorded exchange a request
 * stands for. */
#include "exchanges.h"
#include "rules_text.h"

#include "report/compare_bytes.h"
#include "report/compare_chain.h"
#include "report/compare_detail.h"

/* ---- bytes ---- */

/* A text in pieces of some length; '#' is a byte that is missing. */
struct text_wire {
	const char *text;
	size_t piece, at;
};

static bool text_next(void *context, struct slice *bytes)
{
	struct text_wire *w = context;
	const char *from = w->text + w->at;
	size_t len = strlen(from);
	if (!len)
		return false;
	if (len > w->piece)
		len = w->piece;
	if (strcspn(from, "#") < len)
		len = strcspn(from, "#") ? strcspn(from, "#") : 1;
	*bytes =
	    (struct slice){*from == '#' ? NULL : (const uint8_t *)from, len};
	w->at += len;
	return true;
}

static void text_rewind(void *context)
{
	((struct text_wire *)context)->at = 0;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define FIVE OK "Content-Length: 5\r\n\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* where: NULL: they are the same. */
static const struct {
	const char *asked, *wanted, *where;
} pairs[] = {
    {"", "", NULL},
    {FIVE "hello", FIVE "hello", NULL},
    {FIVE "hel#o", FIVE "hel#o", NULL},
    {FIVE "jello", FIVE "hello", "body byte 0: 0x6A, recorded 0x68"},
    {FIVE "hellO", FIVE "hello", "body byte 4: 0x4F, recorded 0x6F"},
    {FIVE "he", FIVE "hello", "body ends after 2 of 5 bytes"},
    {FIVE, FIVE "hello", "body ends after 0 of 5 bytes"},
    {FIVE "hello!!", FIVE "hello", "body has 7 bytes, recorded 5"},
    {FIVE "h##lo", FIVE "hello",
     "body byte 1: missing from the replay's capture"},
    {FIVE "hello", FIVE "hel#o", "body byte 3: missing from the recording"},
    {"", FIVE "hello", "no answer, recorded 200"},
    {FIVE "hello", "", "status: 200, recorded no answer"},
    {"SSH-2.0", FIVE "hello", "answer byte 0: 0x53, recorded 0x48"},
    {"SSH-2.0", "SSH-2.1", "answer byte 6: 0x30, recorded 0x31"},
    {"HTTP/1.1 200 O", FIVE "hello", "answer ends after 14 of 43 bytes"},
    {"HTTP/1.1 304 OK\r\n\r\n", OK "\r\n", "status: 304, recorded 200"},
    {"HTTP/1.1 200 Ok\r\n\r\n", OK "\r\n", "reason: Ok, recorded OK"},
    {"HTTP/1.1 200\r\n\r\n", OK "\r\n", "reason: , recorded OK"},
    {"HTTP/1.0 200 OK\r\n\r\n", OK "\r\n",
     "version: HTTP/1.0, recorded HTTP/1.1"},
    {OK "A: 1\r\n\r\n", OK "A: 2\r\n\r\n", "field A: 1, recorded 2"},
    {OK "a: 1\r\n\r\n", OK "A: 1\r\n\r\n", "field name: a, recorded A"},
    {OK "A:1\r\n\r\n", OK "A: 1\r\n\r\n",
     "field A: other spaces or line break"},
    {OK "A: 1\n\r\n", OK "A: 1\r\n\r\n", "field A: other spaces or line break"},
    {OK "\r\n", OK "A: 1\r\n\r\n", "field A missing, recorded 1"},
    {OK "A: 1\r\n\r\n", OK "\r\n", "field A extra: 1"},
    {OK "A: 1\r\nB: 2\r\n\r\n", OK "B: 2\r\nA: 1\r\n\r\n",
     "order of fields: A, recorded B"},
    {OK "A: 1\r\nA: 2\r\n\r\n", OK "A: 2\r\n\r\n", "field A extra: 1"},
    {OK "A: 2\r\n\r\n", OK "A: 1\r\nA: 2\r\n\r\n",
     "field A missing, recorded 1"},
    {OK "A: 2\r\nA: 1\r\n\r\n", OK "A: 1\r\nA: 2\r\n\r\n",
     "order of fields: 2, recorded 1"},
    {OK "A: 1\r\n 2\r\n\r\n", OK "A: 1\r\n 3\r\n\r\n",
     "field A: 1\r\n 2, recorded 1\r\n 3"},
    {OK "no field\r\n\r\n", OK "none\r\n\r\n", "head line 2: other bytes"},
    {CHUNKED "2\r\nab\r\n0\r\n\r\n", CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
     "chunk framing at byte 0 of the body as sent; its content is the same"},
    {CHUNKED "2\r\nab\r\n0\r\n\r\n", CHUNKED "2;x\r\nab\r\n0\r\n\r\n",
     "chunk framing at byte 1 of the body as sent; its content is the same"},
    {CHUNKED "2\r\nab\r\n", CHUNKED "2\r\nab\r\n0\r\n\r\n",
     "body without its last chunk"},
    {CHUNKED "1\r\na\r\n1\r\nB\r\n0\r\n\r\n", CHUNKED "2\r\nab\r\n0\r\n\r\n",
     "body byte 1: 0x42, recorded 0x62"},
    {CHUNKED "1\r\na\r\n0\r\n\r\n", CHUNKED "2\r\nab\r\n0\r\n\r\n",
     "body ends after 1 of 2 bytes"},
    {CHUNKED "2\r\na#\r\n0\r\n\r\n", CHUNKED "2\r\nab\r\n0\r\n\r\n",
     "body byte 1: missing from the replay's capture"},
    {"HTTP/1.1 100 Continue\r\n\r\n" FIVE "hello", FIVE "hello",
     "status: 100, recorded 200"},
    {"HTTP/1.1 103 Early\r\n\r\n" FIVE "hello",
     "HTTP/1.1 103 Early\r\n\r\n" FIVE "hellO",
     "body byte 4: 0x6F, recorded 0x4F"},
};

static void hold(const char *asked, const char *wanted, bool any_interim,
		 size_t piece, const char *where)
{
	struct text_wire a = {asked, piece, 0}, b = {wanted, SIZE_MAX, 0};
	struct wire x = {text_next, text_rewind, &a};
	struct wire y = {text_next, text_rewind, &b};
	const struct wire_terms terms = {SLICE("GET"), "recorded", any_interim};
	struct buf out = {0};
	bool differ = wires_differ(&x, &y, &terms, &out);
	if (differ != (where != NULL))
		print_error("%s\nand\n%s\n", asked, wanted);
	assert_int_equal(differ, where != NULL);
	assert_text(buf_slice(&out), where ? where : "");
	buf_release(&out);
}

static void where_bytes_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++)
		for (size_t piece = 1; piece < 50; piece += 3)
			hold(pairs[i].asked, pairs[i].wanted, false, piece,
			     pairs[i].where);
}

static void interim_responses_may_be_others(void **state)
{
	(void)state;
	const char *go_on = "HTTP/1.1 100 Continue\r\n\r\n" FIVE "hello";
	hold(go_on, FIVE "hello", true, 7, NULL);
	hold(FIVE "hello", go_on, true, 7, NULL);
	hold(go_on, FIVE "hellO", true, 7, "body byte 4: 0x6F, recorded 0x4F");
	hold(go_on,
	     "HTTP/1.1 100 Continue\r\n\r\n" CHUNKED "1\r\na\r\n0\r\n\r\n",
	     true, 7, "field Transfer-Encoding missing, recorded chunked");
}

static void long_values_are_cut(void **state)
{
	(void)state;
	char asked[400], wanted[400], value[301] = {0};
	struct text_wire a = {asked, SIZE_MAX, 0}, b = {wanted, SIZE_MAX, 0};
	struct wire x = {text_next, text_rewind, &a};
	struct wire y = {text_next, text_rewind, &b};
	const struct wire_terms terms = {SLICE("GET"), "recorded", false};
	struct buf out = {0};
	memset(value, 'x', sizeof value - 1);
	snprintf(asked, sizeof asked, OK "A: %s1\r\n\r\n", value);
	snprintf(wanted, sizeof wanted, OK "A: %s2\r\n\r\n", value);
	assert_true(wires_differ(&x, &y, &terms, &out));
	assert_in_range(out.len, 160, 200);
	buf_release(&out);
}

/* ---- which exchange a request stands for ---- */

static struct recording both[2];
static struct comparison *comparison;

/* The first so many exchanges are the recording, all others the replay. */
static void compare(size_t first, const char *rules)
{
	static struct site_options options;
	both[0] = both[1] = recorded();
	both[0].count = first;
	both[1].exchanges += first;
	both[1].count -= first;
	options = (struct site_options){.zone = SLICE("ip.test"),
					.rule_count = rules != NULL};
	for (size_t i = 0; i < count; i++)
		exchanges[i].time = (int64_t)i * 1000000000;
	comparison = comparison_new(&both[0], &both[1],
				    rules ? rules_of(rules) : NULL, &options);
}

static void end(void)
{
	comparison_free(comparison);
	forget_exchanges();
}

static void get(const char *target, const char *body)
{
	char request[200], response[200];
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
		 target);
	snprintf(response, sizeof response,
		 OK "Content-Type: text/html\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	record(request, response);
}

/* Who asks from another address. */
static void as_client(uint8_t last)
{
	flows[count - 1].ends[0].address.bytes[3] = last;
}

static void assert_row(uint32_t i, enum compare_result result,
		       const char *detail)
{
	struct buf out = {0};
	assert_int_equal(comparison->rows[i].result, result);
	compare_detail(comparison, i, &out);
	assert_text(buf_slice(&out), detail);
	buf_release(&out);
}

static void assert_stands_for(uint32_t asking, uint32_t i)
{
	assert_int_equal(comparison->askings[asking].recorded, i);
}

static void p12_repeats_in_their_order(void **state)
{
	(void)state;
	get("/", "one");
	get("/", "two");
	get("/", "one");
	get("/", "two");
	get("/", "two");
	compare(2, NULL);
	assert_row(0, COMPARE_SAME, "");
	assert_row(1, COMPARE_SAME, "asked 2 times");
	assert_int_equal(comparison->reproduced, 2);
	assert_true(comparison_is_whole(comparison));
	end();
}

static void p12_repeats_swapped(void **state)
{
	(void)state;
	get("/", "one");
	get("/", "two");
	get("/", "two");
	get("/", "one");
	compare(2, NULL);
	assert_row(0, COMPARE_DIFFERENT, "body byte 0: 0x74, recorded 0x6F");
	assert_row(1, COMPARE_DIFFERENT, "body byte 0: 0x6F, recorded 0x74");
	assert_false(comparison_is_whole(comparison));
	end();
}

/* Each client has its place; then equal answers are no other exchange. */
static void p12_recorded_clients(void **state)
{
	static const struct {
		uint8_t client;
		const char *body;
	} asked[] = {{1, "a"}, {2, "b"}, {2, "a"}, {1, "c"}, {2, "d"}};
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(asked); i++) {
		get("/", asked[i % COUNT(asked)].body);
		as_client(asked[i % COUNT(asked)].client);
	}
	compare(COUNT(asked), NULL);
	for (uint32_t i = 0; i < COUNT(asked); i++) {
		assert_stands_for(i, i);
		assert_row(i, COMPARE_SAME, "");
	}
	end();
}

/* A whole answer stands before one that was cut, but this one came back. */
static void p07_cut_beside_whole(void **state)
{
	(void)state;
	get("/", "whole");
	exchanges[0].state = EXCHANGE_GAP;
	pieces[0][1].len -= 2;
	exchanges[0].response.len -= 2;
	exchanges[0].response_body.len -= 2;
	get("/", "whole");
	get("/", "whole");
	get("/", "whole");
	pieces[2][1].len -= 2;
	exchanges[2].response.len -= 2;
	exchanges[2].response_body.len -= 2;
	exchanges[2].state = EXCHANGE_GAP;
	compare(2, NULL);
	assert_row(0, COMPARE_SAME, "with a gap as recorded");
	assert_stands_for(1, 1);
	assert_int_equal(comparison->reproducible, 1);
	end();
}

static void as_the_rules_make_it(void **state)
{
	(void)state;
	get("/", "old");
	get("/", "new");
	get("/", "old");
	get("/", "odd");
	compare(1, "body s{old}{new}\n");
	assert_row(0, COMPARE_DIFFERENT,
		   "asked 3 times, the 3rd time: body byte 0: 0x6F, by the "
		   "rules 0x6E");
	assert_int_equal(comparison->askings[0].result, COMPARE_REWRITTEN);
	assert_text(buf_slice(&comparison->askings[0].told), "r:1");
	assert_int_equal(comparison->askings[1].result, COMPARE_SAME);
	end();
}

static void what_was_not_recorded(void **state)
{
	(void)state;
	get("/a", "x");
	get("/z?q=1", "x");
	get("/b", "x");
	get("/a", "x");
	compare(1, NULL);
	assert_int_equal(comparison->miss_count, 2);
	/* by their URLs, whatever came first */
	assert_int_equal(comparison->order[0], 1);
	assert_int_equal(comparison->order[1], 0);
	assert_row(0, COMPARE_SAME, "");
	assert_false(comparison_is_whole(comparison));
	struct buf out = {0};
	compare_miss_detail(comparison, 1, &out);
	assert_text(buf_slice(&out),
		    "nearest #1 GET http://h/a; differs in path");
	buf_release(&out);
	end();
}

static void asked_in_another_order(void **state)
{
	static const char *const asked[] = {"/1", "/2", "/3", "/4",
					    "/2", "/4", "/3", "/1"};
	(void)state;
	for (size_t i = 0; i < COUNT(asked); i++)
		get(asked[i], "x");
	compare(4, NULL);
	assert_row(0, COMPARE_SAME, "");
	assert_row(1, COMPARE_SAME, "asked before #1");
	assert_row(2, COMPARE_SAME, "asked before #1");
	assert_row(3, COMPARE_SAME, "asked before #1");
	end();
}

static void nothing_at_all(void **state)
{
	(void)state;
	compare(0, NULL);
	assert_int_equal(comparison->reproducible, 0);
	assert_true(comparison_is_whole(comparison));
	end();
}

/* ---- chains ---- */

static void a_forest_is_walked(void **state)
{
	static struct chain_link links[] = {
	    {.cause = CHAIN_NONE, .by = CHAIN_START},
	    {.cause = CHAIN_NONE, .by = CHAIN_START},
	    {.cause = 1, .by = CHAIN_LINK},
	    {.cause = 0, .by = CHAIN_LINK},
	    {.cause = 2, .by = CHAIN_LINK},
	    {.cause = 1, .by = CHAIN_LINK},
	    {.cause = 6, .by = CHAIN_LINK}, /* itself: hostile */
	};
	static const struct walk_step want[] = {
	    {1, 0}, {2, 1}, {4, 2}, {5, 1}, {0, 0}, {3, 1}, {6, 0},
	};
	const struct chain chain = {
	    .links = links, .count = COUNT(links), .first_page = 1};
	(void)state;
	struct walk_step *steps = chain_walk(&chain);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(steps[i].exchange, want[i].exchange);
		assert_int_equal(steps[i].depth, want[i].depth);
	}
	free(steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(where_bytes_differ),
	    cmocka_unit_test(interim_responses_may_be_others),
	    cmocka_unit_test(long_values_are_cut),
	    cmocka_unit_test(p12_repeats_in_their_order),
	    cmocka_unit_test(p12_repeats_swapped),
	    cmocka_unit_test(p12_recorded_clients),
	    cmocka_unit_test(p07_cut_beside_whole),
	    cmocka_unit_test(as_the_rules_make_it),
	    cmocka_unit_test(what_was_not_recorded),
	    cmocka_unit_test(asked_in_another_order),
	    cmocka_unit_test(nothing_at_all),
	    cmocka_unit_test(a_forest_is_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
