/* Lengths and digests of bodies, worked out by any number of threads: the same
 * as one body at a time gives. */
#include "unit.h"

#include "capture/digest.h"
#include "report/sums.h"

#include <stdlib.h>

#define MANY 5000 /* more than are worked out ahead */
#define POOL 4096
#define CUT 100 /* the body's end, of one with a hole */

static uint8_t pool[POOL];

/* An exchange whose response is one piece: the first len bytes of the pool,
 * and with a hole behind them CUT more that were lost. */
struct made {
	struct flow flow;
	struct piece pieces[2];
};

static struct made made[MANY];
static struct exchange exchanges[MANY];

static size_t length_of(size_t i)
{
	return i % 97 == 0 ? POOL : i % 701;
}

static bool has_hole(size_t i)
{
	return i % 13 == 5;
}

static bool is_answered(size_t i)
{
	return i % 11 != 3;
}

static void make(size_t i)
{
	struct made *m = &made[i];
	struct exchange *e = &exchanges[i];
	uint32_t len = (uint32_t)length_of(i);
	m->pieces[0] = (struct piece){.data = pool, .len = len};
	m->pieces[1] = (struct piece){.len = CUT};
	m->flow.streams[1] =
	    (struct stream){.pieces = m->pieces, .count = 1 + has_hole(i)};
	*e = (struct exchange){
	    .flow = &m->flow,
	    .state = has_hole(i) ? EXCHANGE_GAP : EXCHANGE_COMPLETE,
	    .response_framing = HTTP_LENGTH,
	    .response_body = {.len = len + (has_hole(i) ? CUT : 0)},
	};
	e->body_bytes = e->response_body.len;
	if (is_answered(i))
		e->response_head = SLICE("HTTP/1.1 200 OK\r\n\r\n");
	else
		e->state = EXCHANGE_NO_RESPONSE;
}

static struct recording recording_of(size_t count)
{
	for (size_t i = 0; i < POOL; i++)
		pool[i] = (uint8_t)(i * i >> 3);
	for (size_t i = 0; i < count; i++)
		make(i);
	return (struct recording){.exchanges = exchanges, .count = count};
}

static void assert_sum(size_t i, const struct body_sum *sum)
{
	uint8_t want[DIGEST_MAX];
	size_t len = length_of(i);
	if (!is_answered(i)) {
		assert_false(sum->whole);
		return;
	}
	assert_int_equal(sum->bytes, len);
	assert_int_equal(sum->whole, !has_hole(i));
	digest_of(DIGEST_SHA256, (struct slice){pool, len}, want);
	if (sum->whole)
		assert_memory_equal(sum->sha256, want, DIGEST_LEN);
}

static void read_all(size_t count, unsigned threads)
{
	struct recording r = recording_of(count);
	struct sums *s = sums_new(&r, threads);
	for (size_t i = 0; i < count; i++)
		assert_sum(i, sums_next(s));
	sums_free(s);
}

static void test_threads(void **state)
{
	(void)state;
	static const size_t counts[] = {0, 1, 7, 8, 9, 2048, 2049, MANY};
	for (unsigned threads = 0; threads < 6; threads++)
		for (size_t i = 0; i < COUNT(counts); i++)
			read_all(counts[i], threads);
}

/* The reader may stop wherever it likes, as when its output is closed. */
static void test_left_early(void **state)
{
	(void)state;
	struct recording r = recording_of(MANY);
	for (size_t read = 0; read < MANY; read += 311) {
		struct sums *s = sums_new(&r, 4);
		for (size_t i = 0; i < read; i++)
			assert_sum(i, sums_next(s));
		sums_free(s);
	}
	sums_free(NULL);
}

static void test_length_alone(void **state)
{
	(void)state;
	struct recording r = recording_of(MANY);
	for (size_t i = 0; i < r.count; i++) {
		struct body_sum sum = {0};
		body_measure(&r.exchanges[i], &sum);
		assert_int_equal(sum.bytes, length_of(i));
		assert_int_equal(sum.whole, !has_hole(i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_left_early),
	    cmocka_unit_test(test_length_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
