/* The spool: places that stay, and the positions they were given. */
#include "capture/log.h"
#include "capture/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static void test_file_has_no_name(void **state)
{
	(void)state;
	struct stat st;
	int fd = spool_file();
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
}

static void test_bad_tmpdir(void **state)
{
	(void)state;
	setenv("TMPDIR", "/nonexistent", 1);
	int fd = spool_file();
	unsetenv("TMPDIR");
	assert_true(fd >= 0);
	close(fd);
}

static void test_nothing_taken(void **state)
{
	(void)state;
	uint64_t position;
	struct spool *s = spool_new();
	assert_false(spool_position(s, (const uint8_t *)"x", &position));
	spool_free(s);
	spool_free(NULL);
}

/* Sizes on both sides of every chunk's size; what was written first must still
 * stand there at the end, at the same address. */
static void test_places_stay(void **state)
{
	(void)state;
	static const size_t sizes[] = {1,        0,   100,      MIB - 101,
				       1,        MIB, MIB + 1,  5 * MIB,
				       70 * MIB, 7,   64 * MIB, 65536};
	enum { COUNT = sizeof sizes / sizeof *sizes };
	uint8_t *places[COUNT];
	struct spool *s = spool_new();
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = spool_take(s, sizes[i], i * 1000);
		assert_non_null(places[i]);
		memset(places[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t first, last;
		if (!sizes[i])
			continue;
		assert_int_equal(places[i][0], i + 1);
		assert_int_equal(places[i][sizes[i] - 1], i + 1);
		assert_true(spool_position(s, places[i], &first));
		assert_true(spool_position(s, places[i] + sizes[i] - 1, &last));
		assert_int_equal(first, i * 1000);
		assert_int_equal(last, i * 1000);
	}
	uint64_t position;
	uint8_t outside = 0;
	assert_false(spool_position(s, &outside, &position));
	spool_free(s);
}

/* A large record has a chunk of its own and does not end the one in use. */
static void test_large_apart(void **state)
{
	(void)state;
	struct spool *s = spool_new();
	uint8_t *first = spool_take(s, 10, 0);
	for (int i = 0; i < 3; i++) {
		assert_non_null(spool_take(s, 70 * MIB - 10, 1));
		assert_ptr_equal(spool_take(s, 10, 2), first + 10 * (i + 1));
	}
	spool_free(s);
}

static void test_many_small(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	uint8_t **places = xcalloc(COUNT, sizeof *places);
	struct spool *s = spool_new();
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = spool_take(s, 1 + i % 97, i);
		assert_non_null(places[i]);
	}
	for (size_t i = 0; i < COUNT; i++) {
		uint64_t position;
		assert_true(spool_position(s, places[i] + i % 97, &position));
		assert_int_equal(position, i);
	}
	spool_free(s);
	free(places);
}

static void test_bound(void **state)
{
	(void)state;
	struct spool *s = spool_new();
	uint8_t *before = spool_take(s, 10, 0);
	assert_non_null(before);
	assert_null(spool_take(s, SIZE_MAX, 0));
	assert_null(spool_take(s, ((size_t)64 << 30) + 1, 0));
	/* What room there is remains of use. */
	assert_ptr_equal(spool_take(s, 10, 0), before + 10);
	spool_free(s);
}

static uint8_t made_byte(size_t i, size_t k)
{
	return (uint8_t)(i * 31 + k * 7 + k / 256);
}

/* Bytes that were made stand where they were said to, over the borders of
 * blocks and of chunks, whatever was taken in between and however much of the
 * room was used. */
static void test_made(void **state)
{
	(void)state;
	enum { COUNT = 400 };
	static const uint8_t *places[COUNT];
	struct spool *s = spool_new();
	for (size_t i = 0; i < COUNT; i++) {
		size_t len = i * 977 % SPOOL_MADE_MAX;
		uint8_t *room = spool_begin(s, len + i % 3);
		assert_non_null(room);
		memset(room, 0xee, len + i % 3);
		for (size_t k = 0; k < len; k++)
			room[k] = made_byte(i, k);
		places[i] = spool_end(s, len, i);
		assert_non_null(spool_begin(s, 5)); /* and not used */
		if (i % 37 == 36) {
			uint8_t *taken = spool_take(s, 11, COUNT);
			memset(taken, 0xff, 11);
		}
	}
	spool_flush(s);
	for (size_t i = 0; i < COUNT; i++) {
		size_t len = i * 977 % SPOOL_MADE_MAX;
		uint64_t position;
		for (size_t k = 0; k < len; k++)
			assert_int_equal(places[i][k], made_byte(i, k));
		if (!len)
			continue;
		assert_true(spool_position(s, places[i] + len - 1, &position));
		assert_int_equal(position, i);
	}
	spool_free(s);
}

static void test_made_bound(void **state)
{
	(void)state;
	struct spool *s = spool_new();
	assert_null(spool_begin(s, SPOOL_MADE_MAX + 1));
	assert_non_null(spool_begin(s, SPOOL_MADE_MAX));
	spool_flush(s);
	spool_free(s);
}

int main(void)
{
	log_init("test_spool");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_file_has_no_name),
	    cmocka_unit_test(test_bad_tmpdir),
	    cmocka_unit_test(test_nothing_taken),
	    cmocka_unit_test(test_places_stay),
	    cmocka_unit_test(test_large_apart),
	    cmocka_unit_test(test_many_small),
	    cmocka_unit_test(test_bound),
	    cmocka_unit_test(test_made),
	    cmocka_unit_test(test_made_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
