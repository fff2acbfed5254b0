/* A shelf for the pieces of streams: lists stay what they were. */
#include "unit.h"

#include "capture/flow.h"

#include <sanitizer/asan_interface.h>

#define MANY 3000

static struct piece piece_of(uint32_t number)
{
	return (struct piece){.time = number, .len = number, .seq = ~number};
}

static struct piece *keep(struct shelf *s, uint32_t first, uint32_t count)
{
	static struct piece list[MANY * 20];
	for (uint32_t i = 0; i < count; i++)
		list[i] = piece_of(first + i);
	return shelf_keep(s, list, count);
}

static void assert_list(const struct piece *list, uint32_t first,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct piece want = piece_of(first + i);
		assert_memory_equal(&list[i], &want, sizeof want);
	}
}

/* Of all lengths: also longer than a block, and none. */
static void test_lists_stay(void **state)
{
	(void)state;
	static const struct piece *lists[MANY];
	struct shelf s = {0};
	assert_null(keep(&s, 0, 0));
	for (uint32_t i = 0; i < MANY; i++)
		lists[i] = keep(&s, i, i % 500 ? i % 61 : i * 20);
	for (uint32_t i = 0; i < MANY; i++)
		assert_list(lists[i], i, i % 500 ? i % 61 : i * 20);
	shelf_release(&s);
	shelf_release(&s);
}

/* What is dropped at once takes no place, however often. */
static void test_dropped(void **state)
{
	(void)state;
	struct shelf s = {0};
	struct piece *first = keep(&s, 7, 5);
	struct piece *place = keep(&s, 0, 9);
	shelf_drop(&s, place, 9);
	for (uint32_t i = 0; i < MANY * 100; i++) {
		struct piece *a = keep(&s, i, 9), *b = keep(&s, i, 2);
		assert_ptr_equal(a, place);
		shelf_drop(&s, b, 2);
		shelf_drop(&s, a, 9);
	}
	/* not the last one: nothing happens to others */
	struct piece *last = keep(&s, 3, 4);
	shelf_drop(&s, first, 5);
	shelf_drop(&s, NULL, 0);
	assert_ptr_not_equal(keep(&s, 1, 1), first);
	assert_list(first, 7, 5);
	assert_list(last, 3, 4);
	shelf_release(&s);
}

/* A flow gives both its lists back. */
static void test_flow(void **state)
{
	(void)state;
	struct shelf s = {0};
	struct flow flow = {0};
	struct piece *place = keep(&s, 0, 1);
	shelf_drop(&s, place, 1);
	for (int i = 0; i < 2; i++) {
		flow.streams[i].pieces = keep(&s, 1, 3);
		flow.streams[i].count = 3;
	}
	flow_unkeep(&flow, &s);
	assert_null(flow.streams[0].pieces);
	assert_int_equal(flow.streams[1].count, 0);
	assert_ptr_equal(keep(&s, 0, 1), place);
	shelf_release(&s);
}

/* Whoever reads behind a list is found out, as if it were alone. */
static void test_ends(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	struct shelf s = {0};
	struct piece *a = keep(&s, 1, 3), *b = keep(&s, 2, 2);
	assert_false(__asan_address_is_poisoned(a + 2));
	assert_true(__asan_address_is_poisoned(a + 3));
	assert_true(__asan_address_is_poisoned(b + 2));
	shelf_drop(&s, b, 2);
	assert_true(__asan_address_is_poisoned(b));
	shelf_release(&s);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lists_stay),
	    cmocka_unit_test(test_dropped),
	    cmocka_unit_test(test_flow),
	    cmocka_unit_test(test_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
