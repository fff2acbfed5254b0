/* IP fragments: any order, copies, overlaps, losses, floods. */
#include "capture/log.h"

#include "frames.h"

/* A TCP segment of 20 + 44 bytes in fragments. */
#define UNIT_BYTES 16
#define PIECES 4

struct datagrams {
	struct buf bytes[64];
	struct frame frames[64];
	size_t count;
	struct spool *spool;
	struct run run;
};

static void segment_bytes(struct buf *b, uint8_t fill)
{
	add_hex(b, TCP);
	for (int i = 0; i < 44; i++)
		buf_add_byte(b, (uint8_t)(fill + i));
}

static void add_frame(struct datagrams *d, struct buf b, size_t missing,
		      int64_t time)
{
	assert_true(d->count < 64);
	d->bytes[d->count] = b;
	d->frames[d->count] =
	    (struct frame){.data = buf_slice(&b),
			   .wire_len = (uint32_t)(b.len + missing),
			   .link_type = 101,
			   .time = time};
	d->count++;
}

struct part {
	unsigned offset, len;
	bool more;
	uint8_t fill; /* of the segment it is cut from */
	uint16_t id;
	size_t missing; /* cut off by the snap length */
	int64_t time;
};

static void add_part(struct datagrams *d, bool v6, struct part part)
{
	struct buf segment = {0}, b = {0};
	segment_bytes(&segment, part.fill);
	if (v6) {
		buf_printf(&b, "60000000%04x2c40", part.len + 8);
		for (int i = 1; i <= 2; i++)
			buf_printf(&b, "20010db80000000000000000%08x", i);
		buf_printf(&b, "0600%04x%08x", part.offset | part.more,
			   part.id);
	} else {
		buf_printf(&b, "4500%04x%04x%04x400600000a0000010a000002",
			   part.len + 20, part.id,
			   part.offset / 8 | (part.more ? 0x2000 : 0));
	}
	buf_add_byte(&b, 0);
	struct buf frame = {0};
	add_hex(&frame, (char *)b.data);
	struct slice body =
	    slice_to(slice_from(buf_slice(&segment), part.offset), part.len);
	buf_add(&frame, slice_to(body, part.len - part.missing));
	add_frame(d, frame, part.missing, part.time);
	buf_release(&b);
	buf_release(&segment);
}

static void add_quarter(struct datagrams *d, bool v6, unsigned n)
{
	add_part(d, v6,
		 (struct part){.offset = n * UNIT_BYTES,
			       .len = UNIT_BYTES,
			       .more = n < PIECES - 1,
			       .id = 7});
}

static void datagrams_run(struct datagrams *d)
{
	d->spool = spool_new();
	run(&d->run, d->frames, d->count, d->spool);
}

static void datagrams_release(struct datagrams *d)
{
	for (size_t i = 0; i < d->count; i++)
		buf_release(&d->bytes[i]);
	spool_free(d->spool);
	*d = (struct datagrams){0};
}

static void assert_segment(const struct packet *p, uint8_t fill)
{
	assert_int_equal(p->kind, PACKET_TCP);
	assert_int_equal(p->from.port, 1025);
	assert_int_equal(p->missing, 0);
	assert_int_equal(p->payload.len, 44);
	for (size_t i = 0; i < 44; i++)
		assert_int_equal(p->payload.data[i], (uint8_t)(fill + i));
}

static void check_order(bool v6, const unsigned *order, size_t count)
{
	struct datagrams d = {0};
	for (size_t i = 0; i < count; i++)
		add_quarter(&d, v6, order[i]);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	assert_int_equal(d.run.counts.fragments, count);
	assert_int_equal(d.run.counts.unfinished, 0);
	datagrams_release(&d);
}

/* P4: any order, and everything captured twice. */
static void test_fragment_orders(void **state)
{
	(void)state;
	for (unsigned n = 0; n < PIECES * PIECES * PIECES * PIECES; n++) {
		unsigned order[2 * PIECES], seen = 0;
		for (unsigned i = 0, rest = n; i < PIECES;
		     i++, rest /= PIECES) {
			order[i] = rest % PIECES;
			seen |= 1u << order[i];
		}
		if (seen != (1u << PIECES) - 1)
			continue;
		check_order(false, order, PIECES);
		check_order(true, order, PIECES);
		for (unsigned i = PIECES; i-- > 0;)
			order[2 * i] = order[2 * i + 1] = order[i];
		check_order(false, order, 2 * PIECES);
		check_order(true, order, 2 * PIECES);
	}
}

static void test_fragment_position(void **state)
{
	(void)state;
	struct datagrams d = {0};
	uint64_t position;
	add_quarter(&d, false, 1);
	add_quarter(&d, false, 0);
	add_quarter(&d, false, 3);
	add_quarter(&d, false, 2);
	add_quarter(&d, false, 0);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_true(
	    spool_position(d.spool, d.run.packets[0].payload.data, &position));
	assert_int_equal(position, 4); /* the frame that completed it */
	datagrams_release(&d);
}

/* P5: of bytes captured twice the first count. */
static void test_fragment_overlap(void **state)
{
	(void)state;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){24, 24, true, 0, 7, 0, 0});
	add_part(&d, false, (struct part){0, 40, true, 100, 7, 0, 0});
	add_part(&d, false, (struct part){16, 48, false, 200, 7, 0, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	const uint8_t *data = d.run.packets[0].payload.data;
	assert_int_equal(data[0], 100);
	assert_int_equal(data[3], 103);
	assert_int_equal(data[4], 4); /* byte 24 of the datagram */
	assert_int_equal(data[27], 27);
	assert_int_equal(data[28], 228);
	assert_int_equal(data[43], 243);
	datagrams_release(&d);
}

static void test_fragment_losses(void **state)
{
	(void)state;
	struct datagrams d = {0};
	/* one lost */
	add_quarter(&d, false, 0);
	add_quarter(&d, false, 1);
	add_quarter(&d, false, 3);
	/* one cut by the snap length */
	add_part(&d, true, (struct part){0, 32, true, 0, 9, 0, 0});
	add_part(&d, true, (struct part){32, 32, false, 0, 9, 1, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 0);
	assert_int_equal(d.run.counts.fragments, 5);
	assert_int_equal(d.run.counts.unfinished, 2);
	assert_int_equal(d.run.counts.broken, 0);
	datagrams_release(&d);
}

/* A cut fragment leaves its place to a copy that is whole. */
static void test_fragment_cut_then_whole(void **state)
{
	(void)state;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){0, 32, true, 0, 9, 8, 0});
	add_part(&d, false, (struct part){32, 32, false, 0, 9, 0, 0});
	add_part(&d, false, (struct part){0, 32, true, 0, 9, 0, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	datagrams_release(&d);
}

static void test_fragment_lies(void **state)
{
	(void)state;
	struct datagrams d = {0};
	/* not the last, but no multiple of 8 */
	add_part(&d, false, (struct part){0, 15, true, 0, 1, 0, 0});
	/* the datagram's end, then something behind it, then another end */
	add_part(&d, false, (struct part){16, 16, false, 0, 2, 0, 0});
	add_part(&d, false, (struct part){24, 16, true, 0, 2, 0, 0});
	add_part(&d, false, (struct part){24, 16, false, 0, 2, 0, 0});
	/* an end before what is there already */
	add_part(&d, false, (struct part){32, 16, true, 0, 3, 0, 0});
	add_part(&d, false, (struct part){16, 16, false, 0, 3, 0, 0});
	/* beyond the largest datagram */
	struct buf b = {0};
	add_hex(&b, "4500 0064 0004 1fff 4006 0000 0a000001 0a000002");
	memset(buf_reserve(&b, 80), 0, 80);
	b.len += 80;
	add_frame(&d, b, 0, 0);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 0);
	assert_int_equal(d.run.counts.broken, 5);
	assert_int_equal(d.run.counts.unfinished, 4);
	datagrams_release(&d);
}

/* Numbers come round: another datagram under a number used before, soon after
 * it was complete, and long after it was given up. */
static void test_fragment_numbers(void **state)
{
	(void)state;
	const int64_t late = INT64_C(31) * 1000000000;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){0, 32, true, 0, 7, 0, 0});
	add_part(&d, false, (struct part){32, 32, false, 0, 7, 0, 0});
	add_part(&d, false, (struct part){0, 32, true, 100, 7, 0, 1});
	add_part(&d, false, (struct part){32, 32, false, 100, 7, 0, 1});
	add_part(&d, false, (struct part){0, 32, true, 50, 8, 0, 1});
	add_part(&d, false, (struct part){32, 32, false, 60, 8, 0, late + 2});
	add_part(&d, false, (struct part){0, 32, true, 60, 8, 0, late + 3});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 3);
	assert_segment(&d.run.packets[0], 0);
	assert_segment(&d.run.packets[1], 100);
	assert_segment(&d.run.packets[2], 60);
	assert_int_equal(d.run.counts.unfinished, 1);
	datagrams_release(&d);
}

/* More datagrams begin than may wait: the oldest go, the newest are whole. The
 * last two fragments complete the first and the last of them. */
static void test_fragment_flood(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	struct frame *frames = xcalloc(COUNT + 2, sizeof *frames);
	struct buf *bytes = xcalloc(COUNT + 2, sizeof *bytes);
	struct spool *spool = spool_new();
	struct run r;
	for (unsigned i = 0; i < COUNT + 2; i++) {
		struct datagrams d = {0};
		bool end = i >= COUNT;
		unsigned id = i == COUNT ? 0 : i > COUNT ? COUNT - 1 : i;
		add_part(&d, false,
			 (struct part){end ? 32 : 0, 32, !end, 0, (uint16_t)id,
				       0, 0});
		bytes[i] = d.bytes[0];
		frames[i] = d.frames[0];
	}
	run(&r, frames, COUNT + 2, spool);
	assert_int_equal(r.count, 1);
	assert_segment(&r.packets[0], 0);
	assert_int_equal(r.counts.unfinished, COUNT);
	for (unsigned i = 0; i < COUNT + 2; i++)
		buf_release(&bytes[i]);
	free(bytes);
	free(frames);
	spool_free(spool);
}

/* The first fragment tells the protocol (RFC 8200 4.5), and what it carries
 * may be in fragments again, inside another tunnel. */
static void test_fragment_in_fragment(void **state)
{
	(void)state;
	struct datagrams inner = {0}, d = {0};
	add_quarter(&inner, false, 0);
	for (unsigned half = 0; half < 2; half++) {
		struct buf b = {0};
		/* 36 bytes: an inner fragment in two outer ones */
		add_hex(&b, half ? "4500 0028 0009 0002 4004 0000"
				   "0a000008 0a000009"
				 : "4500 0024 0009 2000 4004 0000"
				   "0a000008 0a000009");
		buf_add(&b,
			slice_to(slice_from(inner.frames[0].data, half * 16),
				 half ? 20 : 16));
		add_frame(&d, b, 0, 0);
	}
	for (unsigned n = 1; n < PIECES; n++)
		add_quarter(&d, false, n);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	assert_int_equal(d.run.counts.fragments, 6);
	datagrams_release(&inner);
	datagrams_release(&d);
}

int main(void)
{
	log_init("test_fragments");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fragment_orders),
	    cmocka_unit_test(test_fragment_position),
	    cmocka_unit_test(test_fragment_overlap),
	    cmocka_unit_test(test_fragment_losses),
	    cmocka_unit_test(test_fragment_cut_then_whole),
	    cmocka_unit_test(test_fragment_lies),
	    cmocka_unit_test(test_fragment_numbers),
	    cmocka_unit_test(test_fragment_flood),
	    cmocka_unit_test(test_fragment_in_fragment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
