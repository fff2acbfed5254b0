/* Exchanges of several threads become one list, in the recording's order. */
#include "capture/ranks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

#define LISTS 3

/* Of exchange n of all. */
typedef uint64_t position_of(uint64_t n);

static uint64_t scattered(uint64_t n)
{
	return n * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

static uint64_t few(uint64_t n)
{
	return n % 7;
}

static uint64_t far(uint64_t n)
{
	return UINT64_MAX - n;
}

/* Each exchange keeps in time the place at which it was given. */
static void check(unsigned lists, size_t count, position_of *position)
{
	struct ranked given[LISTS];
	struct exchange *all = xcalloc(count + 1, sizeof *all);
	size_t given_count = 0, joined_count;
	for (unsigned i = 0; i < lists; i++) {
		given[i].list = &all[given_count];
		given[i].count = 0;
		for (size_t n = i; n < count; n += lists) {
			struct exchange *e = &all[given_count];
			e->position = position(n);
			e->time = (int64_t)given_count++;
			given[i].count++;
		}
	}
	struct exchange *joined = ranked_join(given, lists, &joined_count);
	assert_int_equal(joined_count, count);
	for (size_t i = 1; i < count; i++) {
		assert_true(joined[i - 1].position <= joined[i].position);
		if (joined[i - 1].position == joined[i].position)
			assert_true(joined[i - 1].time < joined[i].time);
	}
	for (size_t i = 0; i < count; i++) {
		struct exchange *e = &all[joined[i].time];
		assert_int_equal(e->position, joined[i].position);
		e->time = -1; /* once each */
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(all[i].time, -1);
	free(joined);
	free(all);
}

static void test_join(void **state)
{
	(void)state;
	static const size_t counts[] = {0, 1, 2, 100, 9999, 10000, 30001};
	static position_of *const positions[] = {scattered, few, far};
	for (unsigned lists = 1; lists <= LISTS; lists++)
		for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
			for (size_t k = 0; k < 3; k++)
				check(lists, counts[i], positions[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_join),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
