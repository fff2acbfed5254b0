/* Segments in any order make the streams that were sent. */
#include "unit.h"

#include "segments.h"

#include <stdlib.h>

/* A stream as text: gaps as [length]. */
static void assert_stream(const struct flow *flow, int side,
			  const char *expected)
{
	struct buf text = {0};
	const struct stream *s = &flow->streams[side];
	for (uint32_t i = 0; i < s->count; i++) {
		const struct piece *p = &s->pieces[i];
		if (p->data)
			buf_add(&text, (struct slice){p->data, p->len});
		else
			buf_printf(&text, "[%u]", p->len);
	}
	buf_add_byte(&text, 0);
	assert_string_equal((char *)text.data, expected);
	buf_release(&text);
}

static struct flow *only_flow(void)
{
	struct flow *flow = next_flow();
	assert_non_null(flow);
	assert_null(next_flow());
	return flow;
}

static void test_in_order(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "abc");
	say(1, 0, "xyz");
	say(0, 3, "def");
	add(0, CLIENT_ISN + 7, TCP_FIN | TCP_ACK, 0, "");
	struct flow *flow = only_flow();
	assert_int_equal(flow->ends[0].port, 50000);
	assert_int_equal(flow->number, 0);
	assert_true(flow->streams[0].from_start);
	assert_int_equal(flow->streams[0].end, STREAM_FIN);
	assert_int_equal(flow->streams[1].end, STREAM_OPEN);
	assert_int_equal(flow->streams[0].pieces[1].time, 6);
	assert_stream(flow, 0, "abcdef");
	assert_stream(flow, 1, "xyz");
}

static void test_disorder_and_overlap(void **state)
{
	(void)state;
	handshake();
	say(0, 10, "klmno");
	say(0, 4, "efgh");
	say(0, 2, "cdefghij");
	say(0, 0, "abcd");
	say(0, 4, "efgh");
	say(0, 0, "abcdefghijklmnop");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdefghijklmnop");
	assert_false(flow->streams[0].conflict);
}

/* P5: of bytes that came twice the first count, and it is told. */
static void test_p5_first_copy_counts(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "good");
	say(0, 0, "evil");
	say(0, 4, "more");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "goodmore");
	assert_true(flow->streams[0].conflict);
}

static void test_p5_first_copy_counts_in_disorder(void **state)
{
	(void)state;
	handshake();
	say(0, 4, "EFGHIJ");
	say(0, 2, "cdefghijkl");
	say(0, 0, "abc");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdEFGHIJkl");
	assert_true(flow->streams[0].conflict);
}

/* P2: acknowledged before it was captured, FIN with a hole before it. */
static void test_p2_gap_is_decided_at_the_end(void **state)
{
	(void)state;
	handshake();
	add(1, SERVER_ISN + 1, TCP_ACK, CLIENT_ISN + 9, "");
	add(0, CLIENT_ISN + 9, TCP_FIN | TCP_ACK, 0, "");
	say(0, 4, "efgh");
	say(0, 0, "abcd");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdefgh");
	assert_int_equal(flow->streams[0].end, STREAM_FIN);
}

static void test_gaps(void **state)
{
	(void)state;
	handshake();
	say(0, 3, "defg");
	say(0, 9, "j");
	add(0, CLIENT_ISN + 1 + 20, TCP_FIN | TCP_ACK, 0, "");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "[3]defg[2]j[10]");
	assert_int_equal(finished.gaps, 3);
}

/* P1: no handshake. */
static void test_p1_begins_in_the_middle(void **state)
{
	(void)state;
	say(1, 100, "tail");
	say(0, 50, "abc");
	say(0, 40, "0123456789");
	struct flow *flow = only_flow();
	assert_false(flow->streams[0].from_start);
	assert_int_equal(flow->ends[0].port, 80);
	assert_stream(flow, 0, "tail");
	assert_stream(flow, 1, "0123456789abc");
}

static void test_keep_alive_garbage(void **state)
{
	(void)state;
	handshake();
	add(0, CLIENT_ISN, TCP_ACK, SERVER_ISN + 1, "?");
	add(1, SERVER_ISN + 1, TCP_ACK, CLIENT_ISN + 1, "");
	say(0, 0, "abc");
	add(1, SERVER_ISN + 1, TCP_ACK, CLIENT_ISN + 4, "");
	say(0, 2, "?");
	say(0, 3, "def");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdef");
}

/* The same where the recording begins with the probe, and where the bytes
 * before it were lost. */
static void test_keep_alive_garbage_alone(void **state)
{
	(void)state;
	add(1, SERVER_ISN, TCP_ACK, CLIENT_ISN + 1, "");
	add(0, CLIENT_ISN, TCP_ACK, SERVER_ISN, "?");
	say(0, 0, "abc");
	add(1, SERVER_ISN, TCP_ACK, CLIENT_ISN + 11, "");
	say(0, 9, "?");
	say(0, 10, "def");
	struct flow *flow = only_flow();
	assert_stream(flow, 1, "abc[7]def");
}

/* One-byte segments recorded after their acknowledgement are data. */
static void test_single_bytes_after_their_ack(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "a");
	add(1, SERVER_ISN + 1, TCP_ACK, CLIENT_ISN + 3, "");
	say(0, 2, "c");
	say(0, 1, "b");
	add(1, SERVER_ISN + 1, TCP_ACK, CLIENT_ISN + 5, "");
	say(0, 3, "d");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcd");
}

/* P4: the same ends again, with and without a FIN between. */
static void test_p4_port_reuse(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "one");
	add(0, CLIENT_ISN - 4000, TCP_SYN, 0, "");
	add(1, SERVER_ISN + 90000, TCP_SYN | TCP_ACK, CLIENT_ISN - 3999, "");
	add(0, CLIENT_ISN - 3999, TCP_ACK, 0, "two");
	struct flow *flow = next_flow();
	assert_int_equal(flow->number, 0);
	assert_stream(flow, 0, "one");
	flow = next_flow();
	assert_int_equal(flow->number, 1);
	assert_stream(flow, 0, "two");
	assert_null(next_flow());
}

static void test_straggler_of_the_older_connection(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "one");
	add(0, CLIENT_ISN + 0x30000000, TCP_SYN, 0, "");
	add(0, CLIENT_ISN + 0x30000001, TCP_ACK, 0, "two");
	say(0, 3, "end");
	assert_stream(next_flow(), 0, "oneend");
	assert_stream(next_flow(), 0, "two");
}

static void test_data_before_its_syn(void **state)
{
	(void)state;
	say(0, 0, "abc");
	say(1, 0, "xyz");
	handshake();
	say(0, 3, "def");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdef");
	assert_stream(flow, 1, "xyz");
	assert_true(flow->streams[0].from_start);
}

static void test_handshake_in_disorder(void **state)
{
	(void)state;
	add(1, SERVER_ISN, TCP_SYN | TCP_ACK, CLIENT_ISN + 1, "");
	add(0, CLIENT_ISN + 1, TCP_ACK, SERVER_ISN + 1, "");
	say(0, 0, "abc");
	add(0, CLIENT_ISN, TCP_SYN, 0, "");
	add(0, CLIENT_ISN, TCP_SYN, 0, "");
	struct flow *flow = only_flow();
	assert_int_equal(flow->ends[0].port, 50000);
	assert_stream(flow, 0, "abc");
}

static void test_data_on_syn(void **state)
{
	(void)state;
	add(0, CLIENT_ISN, TCP_SYN, 0, "abc");
	add(1, SERVER_ISN, TCP_SYN | TCP_ACK, CLIENT_ISN + 1, "");
	say(0, 0, "abc");
	say(0, 3, "def");
	assert_stream(only_flow(), 0, "abcdef");
}

static void test_reset(void **state)
{
	(void)state;
	handshake();
	say(1, 0, "abc");
	add(0, CLIENT_ISN + 1, TCP_RST, 0, "go away");
	struct flow *flow = only_flow();
	assert_int_equal(flow->streams[1].end, STREAM_RESET);
	assert_int_equal(flow->streams[0].count, 0);
}

/* P3: the rest of a cut packet is a gap, also at the stream's end. */
static void test_p3_snap_length(void **state)
{
	(void)state;
	handshake();
	struct packet p = {
	    .from = end_of(0),
	    .to = end_of(1),
	    .payload = SLICE("abc"),
	    .missing = 7,
	    .seq = CLIENT_ISN + 1,
	    .flags = TCP_ACK,
	};
	flows_add(flows, &p);
	p.seq += 10;
	flows_add(flows, &p);
	assert_stream(only_flow(), 0, "abc[7]abc[7]");
}

static void test_far_segments_are_another_connection(void **state)
{
	(void)state;
	handshake();
	say(0, 0, "abc");
	say(0, 0x50000000, "new");
	say(0, 0x50000003, "er");
	say(0, 3, "def");
	assert_stream(next_flow(), 0, "abcdef");
	struct flow *flow = next_flow();
	assert_stream(flow, 0, "newer");
	assert_int_equal(flow->number, 0);
}

static void test_bound_on_segments(void **state)
{
	(void)state;
	flows_free(flows);
	flows = flows_new(2);
	handshake();
	say(0, 0, "abc");
	say(0, 3, "def");
	say(0, 6, "ghi");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abcdef[3]");
	assert_int_equal(flows_counts(flows)->dropped, 1);
}

/* Whatever the order, cut and repetition: the same stream. */
static void test_any_order(void **state)
{
	static const char text[] =
	    "the quick brown fox jumps over the lazy dog and back";
	char parts[80][sizeof text];
	(void)state;
	srand(1);
	for (int run = 0; run < 500; run++) {
		segments_teardown(NULL);
		segments_setup(NULL);
		handshake();
		uint32_t count = 0, offsets[80];
		for (uint32_t at = 0; at < sizeof text - 1;) {
			uint32_t len = 1 + (uint32_t)rand() % 9;
			snprintf(parts[count], len + 1, "%s", text + at);
			offsets[count++] = at;
			at += len - (uint32_t)rand() % len;
		}
		for (uint32_t left = count * 2; left;) {
			uint32_t i = (uint32_t)rand() % count;
			say(0, offsets[i], parts[i]);
			left--;
		}
		for (uint32_t i = 0; i < count; i++)
			say(0, offsets[i], parts[i]);
		struct flow *flow = only_flow();
		assert_stream(flow, 0, text);
		assert_false(flow->streams[0].conflict);
	}
}

/* Wireshark counts a stream for ends that an ICMP error alone told. */
static void test_quoted_ends_are_counted(void **state)
{
	(void)state;
	struct packet p = {
	    .kind = PACKET_QUOTED, .from = end_of(0), .to = end_of(3)};
	flows_add_quoted(flows, &p);
	flows_add_quoted(flows, &p);
	handshake();
	p.to = end_of(1);
	flows_add_quoted(flows, &p);
	assert_int_equal(flows_len(flows), 2);
	assert_int_equal(next_flow()->number, 0);
	assert_int_equal(next_flow()->number, 1);
}

/* The server's SYN was recorded after what it answers was acknowledged: the
 * acknowledgement tells where it begins. */
static void test_late_answer_to_a_syn(void **state)
{
	(void)state;
	add(0, CLIENT_ISN, TCP_SYN, 0, "");
	say(0, 0, "abc");
	add(1, SERVER_ISN, TCP_SYN | TCP_ACK, CLIENT_ISN + 1, "");
	say(1, 0, "xyz");
	struct flow *flow = only_flow();
	assert_stream(flow, 0, "abc");
	assert_stream(flow, 1, "xyz");
	assert_true(flow->streams[1].from_start);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, segments_setup, segments_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_in_order),
	    TEST(test_disorder_and_overlap),
	    TEST(test_p5_first_copy_counts),
	    TEST(test_p5_first_copy_counts_in_disorder),
	    TEST(test_p2_gap_is_decided_at_the_end),
	    TEST(test_gaps),
	    TEST(test_p1_begins_in_the_middle),
	    TEST(test_keep_alive_garbage),
	    TEST(test_keep_alive_garbage_alone),
	    TEST(test_single_bytes_after_their_ack),
	    TEST(test_p4_port_reuse),
	    TEST(test_straggler_of_the_older_connection),
	    TEST(test_data_before_its_syn),
	    TEST(test_handshake_in_disorder),
	    TEST(test_data_on_syn),
	    TEST(test_reset),
	    TEST(test_p3_snap_length),
	    TEST(test_far_segments_are_another_connection),
	    TEST(test_bound_on_segments),
	    TEST(test_any_order),
	    TEST(test_quoted_ends_are_counted),
	    TEST(test_late_answer_to_a_syn),
	};
	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
