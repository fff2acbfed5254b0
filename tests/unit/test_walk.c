/* The walkers over the records of pcap and the blocks of pcapng: byte orders,
 * times, lengths that lie, files that end too soon. */
#include "capture/log.h"
#include "capture/walk.h"

#include "capture_file.h"
#include "guard.h"

static void test_pcap_flavours(void **state)
{
	(void)state;
	static const struct {
		uint32_t magic;
		int64_t tick;
		bool modified;
	} flavours[] = {{0xa1b2c3d4, 1000, false},
			{0xa1b23c4d, 1, false},
			{0xa1b2cd34, 1000, true}};
	for (size_t i = 0; i < 6; i++) {
		struct seen seen;
		struct file f = {.big = i % 2};
		bool modified = flavours[i / 2].modified;
		int64_t tick = flavours[i / 2].tick;
		/* the upper bits: a frame check sequence of 4 bytes */
		pcap_head(&f, flavours[i / 2].magic, 0x24000071);
		pcap_record(&f, 0xffffffff, 999999, modified ? "" : "one", 100);
		if (modified)
			buf_add_string(&f.b, "8 bytes.");
		read_bytes(&seen, buf_slice(&f.b));
		assert_int_equal(seen.added, 0);
		assert_int_equal(seen.count, 1);
		assert_frame(&seen, 0, modified ? "" : "one", 100, 0x71,
			     0xffffffff * SECOND + 999999 * tick);
		assert_string_equal(seen.messages, "");
		buf_release(&f.b);
	}
}

static void test_pcap_lengths(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	pcap_head(&f, 0xa1b2c3d4, 1);
	pcap_record(&f, 1, 0, "captured more than was there", 5);
	pcap_record(&f, 2, 0, "", 0);
	pcap_record(&f, 3, UINT32_MAX, "x", UINT32_MAX);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 3);
	assert_frame(&seen, 0, "captured more than was there", 28, 1, SECOND);
	assert_frame(&seen, 1, "", 0, 1, 2 * SECOND);
	assert_frame(&seen, 2, "x", UINT32_MAX, 1,
		     3 * SECOND + INT64_C(1000) * UINT32_MAX);
	buf_release(&f.b);
}

static void test_pcap_corrupt(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	pcap_head(&f, 0xa1b2c3d4, 1);
	pcap_record(&f, 1, 0, "good", 4);
	add32(&f, 2);
	add32(&f, 0);
	add32(&f, 0x7fffffff);
	add32(&f, 4);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.added, 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.counts.bad, 1);
	assert_int_equal(seen.counts.cut_files, 0);
	assert_non_null(strstr(seen.messages, "at byte 44: "));
	assert_non_null(strstr(seen.messages, "after 1 frames\n"));
	buf_release(&f.b);
}

static void small_pcapng(struct file *f)
{
	section(f);
	interface(f, 1, 0, 6, 0);
	packet(f, 6, 0, 1000001, "one", 3);
	packet(f, 6, 0, 2000000, "two!", 10);
}

static void test_pcapng_sections(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0}, unknown = {0};
	buf_add_string(&unknown.b, "whatever this is");
	small_pcapng(&f);
	block(&f, 0x0bad, &unknown); /* no such block */
	block(&f, 5, &unknown);      /* interface statistics */
	f.big = true;
	section(&f);
	interface(&f, 113, 0, 9, 0);
	interface(&f, 276, 0, 6, 100);
	packet(&f, 6, 1, 7, "three", 5);
	packet(&f, 6, 0, 7, "four", 4);
	packet(&f, 2, 1, 8, "old", 3);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 5);
	assert_frame(&seen, 0, "one", 3, 1, SECOND + 1000);
	assert_frame(&seen, 1, "two!", 10, 1, 2 * SECOND);
	assert_frame(&seen, 2, "three", 5, 276, 100 * SECOND + 7000);
	assert_frame(&seen, 3, "four", 4, 113, 7);
	assert_frame(&seen, 4, "old", 3, 276, 100 * SECOND + 8000);
	assert_int_equal(seen.counts.bad, 0);
	assert_string_equal(seen.messages, "");
	buf_release(&f.b);
	buf_release(&unknown.b);
}

static void test_pcapng_simple(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	section(&f);
	interface(&f, 1, 4, 6, 0);
	simple_packet(&f, "abc", 3);
	packet(&f, 6, 0, 5, "x", 1);
	simple_packet(&f, "abcd", 9);
	simple_packet(&f, "", 9); /* fewer than the snap length: broken */
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 3);
	assert_frame(&seen, 0, "abc", 3, 1, 0);
	assert_frame(&seen, 1, "x", 1, 1, 5000);
	assert_frame(&seen, 2, "abcd", 9, 1, 5000);
	assert_int_equal(seen.counts.bad, 1);
	buf_release(&f.b);
}

static void test_pcapng_times(void **state)
{
	(void)state;
	static const struct {
		uint8_t resolution;
		uint64_t ticks;
		int64_t offset, time;
	} times[] = {
	    {0, 7, 0, 7 * SECOND},
	    {3, 1500, 0, 1500000000},
	    {9, 1700000000123456789, 0, 1700000000123456789},
	    {12, 1999, 0, 1},
	    {18, UINT64_MAX, 0, 18446744073},
	    {28, UINT64_MAX, 0, 1},
	    {29, UINT64_MAX, 0, 0},
	    {127, UINT64_MAX, 0, 0},
	    {0x80, 3, 0, 3 * SECOND},
	    {0x80 | 10, 1536, 0, 1500000000},
	    {0x80 | 32, UINT64_C(5) << 31, 0, 2500000000},
	    {0xff, UINT64_MAX, 0, 0},
	    {6, 5, -1, 0},
	    {6, 5000000, -1, 4 * SECOND},
	    {6, 0, INT64_MIN, 0},
	    {6, 0, INT64_MAX, INT64_MAX / 2},
	    {0, UINT64_MAX, INT64_MAX, INT64_MAX / 2},
	};
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		struct seen seen;
		struct file f = {.big = i % 2};
		section(&f);
		interface(&f, 1, 0, times[i].resolution, times[i].offset);
		packet(&f, 6, 0, times[i].ticks, "x", 1);
		read_bytes(&seen, buf_slice(&f.b));
		assert_int_equal(seen.count, 1);
		assert_frame(&seen, 0, "x", 1, 1, times[i].time);
		buf_release(&f.b);
	}
}

static void test_pcapng_bad_blocks(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0}, body = {0};
	section(&f);
	packet(&f, 6, 0, 0, "no interface yet", 16);
	simple_packet(&f, "neither", 7);
	block(&f, 1, &body); /* an interface of no bytes */
	interface(&f, 1, 0, 6, 0);
	block(&f, 6, &body);
	packet(&f, 6, 1, 0, "unknown interface", 17);
	add_number(&body, 0, 8);
	add32(&body, 0);
	add32(&body, 1); /* captured, of which none follows */
	add32(&body, 9);
	block(&f, 6, &body);
	packet(&f, 6, 0, 0, "good", 4);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 1);
	assert_frame(&seen, 0, "good", 4, 1, 0);
	assert_int_equal(seen.counts.bad, 6);
	buf_release(&f.b);
	buf_release(&body.b);
}

static void put32(struct file *f, size_t at, uint32_t value)
{
	memcpy(f->b.data + at, &value, sizeof value);
}

static void test_pcapng_lengths(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	small_pcapng(&f); /* 28, 24, 36 and 36 bytes */
	size_t first = f.b.len - 72, second = f.b.len - 36;

	/* No multiple of 4, but the padding is there. */
	put32(&f, first + 4, 35);
	put32(&f, second - 4, 35);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.counts.bad, 0);

	/* The trailer alone is wrong: what follows shows it. */
	put32(&f, first + 4, 36);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.counts.bad, 1);

	/* The length before is wrong, too. */
	put32(&f, first + 4, 40);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.counts.bad, 2);
	assert_non_null(strstr(seen.messages, "lengths differ at byte"));

	put32(&f, first + 4, 8);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.count, 0);
	assert_non_null(strstr(seen.messages, "beyond reason at byte"));
	buf_release(&f.b);
}

/* The walkers read no byte behind the file's end, wherever it is cut. */
static void check_cut(struct slice whole, bool is_pcap, size_t len)
{
	struct guard g = guard_copy(slice_to(whole, len));
	struct source_counts counts = {0};
	struct capture c = {.view = view_open(g.bytes, -1), .counts = &counts};
	struct frame f;
	char text[512];
	int old = messages_begin();
	c.name = text; /* never freed here */
	strcpy(text, "cut");
	size_t seen = 0;
	if (is_pcap ? pcap_begins(g.bytes) && pcap_open(&c)
		    : pcapng_begins(g.bytes) && pcapng_open(&c)) {
		while (c.next(&c, &f))
			seen += f.data.len + 1;
		assert_false(c.next(&c, &f));
	}
	messages_end(old, text, sizeof text);
	assert_true(counts.cut_files <= 1);
	if (counts.cut_files)
		assert_non_null(strstr(text, "ends inside a record"));
	assert_true(seen <= whole.len);
	free(c.interfaces);
	guard_free(&g);
}

static void test_every_cut(void **state)
{
	(void)state;
	struct file pcap = {0}, pcapng = {0};
	pcap_head(&pcap, 0xa1b2c3d4, 1);
	pcap_record(&pcap, 1, 2, "one", 3);
	pcap_record(&pcap, 2, 3, "two", 3);
	small_pcapng(&pcapng);
	simple_packet(&pcapng, "x", 1);
	for (size_t len = 0; len <= pcap.b.len; len++)
		check_cut(buf_slice(&pcap.b), true, len);
	for (size_t len = 0; len <= pcapng.b.len; len++)
		check_cut(buf_slice(&pcapng.b), false, len);
	buf_release(&pcap.b);
	buf_release(&pcapng.b);
}

static void test_cut_tail(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	pcap_head(&f, 0xa1b2c3d4, 1);
	pcap_record(&f, 1, 2, "one", 3);
	pcap_record(&f, 2, 3, "two", 3);
	read_bytes(&seen, slice_to(buf_slice(&f.b), f.b.len - 1));
	assert_int_equal(seen.added, 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.counts.cut_files, 1);
	assert_non_null(strstr(seen.messages, "at byte 43, after 1 frames\n"));
	buf_release(&f.b);
}

static void test_empty_capture(void **state)
{
	(void)state;
	struct seen seen;
	struct file f = {0};
	pcap_head(&f, 0xa1b2c3d4, 1);
	read_bytes(&seen, buf_slice(&f.b));
	assert_int_equal(seen.added, 0);
	assert_int_equal(seen.count, 0);
	assert_string_equal(seen.messages, "");
	buf_release(&f.b);
}

int main(void)
{
	log_init("test_walk");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pcap_flavours),
	    cmocka_unit_test(test_pcap_lengths),
	    cmocka_unit_test(test_pcap_corrupt),
	    cmocka_unit_test(test_pcapng_sections),
	    cmocka_unit_test(test_pcapng_simple),
	    cmocka_unit_test(test_pcapng_times),
	    cmocka_unit_test(test_pcapng_bad_blocks),
	    cmocka_unit_test(test_pcapng_lengths),
	    cmocka_unit_test(test_every_cut),
	    cmocka_unit_test(test_cut_tail),
	    cmocka_unit_test(test_empty_capture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
