/* Packets that are decoded ahead are those that there are, in their order. */
#include "capture/packets_ahead.h"

#include "capture_file.h"

#include <sched.h>

enum { MANY = 20000 };

struct fixture {
	char *path;
	struct source *source;
	struct spool *spool;
	struct packets *packets;
	struct packets_ahead *ahead;
};

/* Raw IPv4 with UDP, whose ports and payload say which one it is. */
static void add_datagram(struct file *f, uint32_t i)
{
	f->big = false;
	add32(f, i);
	add32(f, 0);
	add32(f, 32);
	add32(f, 32);
	f->big = true;
	add32(f, 0x45000020);
	add32(f, 0);
	add32(f, 64 << 24 | 17 << 16);
	add32(f, 0x0a090909);
	add32(f, 0xc0000201);
	add16(f, (uint16_t)(i >> 16));
	add16(f, (uint16_t)i);
	add16(f, 12);
	add16(f, 0);
	add32(f, i);
}

static struct fixture open_many(uint32_t count)
{
	struct file f = {0};
	struct fixture x = {0};
	pcap_head(&f, 0xa1b2c3d4, 101);
	for (uint32_t i = 0; i < count; i++)
		add_datagram(&f, i);
	x.path = path_of(buf_slice(&f.b));
	buf_release(&f.b);
	x.source = source_new(NULL);
	assert_int_equal(source_add(x.source, x.path), 0);
	x.spool = spool_new();
	x.packets = packets_new(x.source, x.spool);
	x.ahead = packets_ahead_new(x.packets);
	return x;
}

static void drop(struct fixture *x)
{
	packets_ahead_free(x->ahead);
	packets_free(x->packets);
	spool_free(x->spool);
	source_free(x->source);
	drop_path(x->path);
}

static void check(const struct packet *p, uint32_t i)
{
	assert_non_null(p);
	assert_int_equal(p->kind, PACKET_UDP);
	assert_int_equal((uint32_t)p->from.port << 16 | p->to.port, i);
	assert_int_equal(p->time, i * SECOND);
	uint8_t number[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16),
			     (uint8_t)(i >> 8), (uint8_t)i};
	assert_int_equal(p->payload.len, sizeof number);
	assert_memory_equal(p->payload.data, number, sizeof number);
}

static void read_all(uint32_t count)
{
	struct fixture x = open_many(count);
	for (uint32_t i = 0; i < count; i++)
		check(packets_ahead_next(x.ahead), i);
	for (int i = 0; i < 3; i++)
		assert_null(packets_ahead_next(x.ahead));
	packets_ahead_free(x.ahead);
	x.ahead = NULL;
	assert_int_equal(packets_counts(x.packets)->udp, count);
	drop(&x);
}

static void test_all(void **state)
{
	(void)state;
	/* around the ends of batches, with and without a thread */
	static const uint32_t counts[] = {0,    1,    255,  256,  257, 4095,
					  4096, 4097, 4352, 4353, MANY};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		read_all(counts[i]);
}

static void test_one_core(void **state)
{
	(void)state;
	cpu_set_t all, one;
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	read_all(MANY);
	assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

/* Whoever has had enough, waits for nobody. */
static void test_early_end(void **state)
{
	(void)state;
	static const uint32_t counts[] = {0, 1, 300, 4096, 4400, 8000};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct fixture x = open_many(MANY);
		for (uint32_t k = 0; k < counts[i]; k++)
			check(packets_ahead_next(x.ahead), k);
		drop(&x);
	}
	packets_ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_one_core),
	    cmocka_unit_test(test_early_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
