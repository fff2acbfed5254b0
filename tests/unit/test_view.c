/* What is seen through the window is what stands in the mapping, whatever can
 * be read of the file. */
#include "capture/view.h"

#include "capture_file.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { LEN = 1 << 20, WINDOW = 256 << 10 };

struct fixture {
	char *path;
	struct view view;
};

static void numbers(struct buf *out)
{
	for (uint32_t i = 0; i < LEN / 4; i++)
		buf_add(out, (struct slice){(const uint8_t *)&i, sizeof i});
}

static struct fixture open_numbers(void)
{
	struct buf bytes = {0};
	numbers(&bytes);
	struct fixture f = {.path = path_of(buf_slice(&bytes))};
	buf_release(&bytes);
	int fd = open(f.path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	void *map = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	f.view = view_open((struct slice){map, LEN}, fd);
	return f;
}

static void drop(struct fixture *f)
{
	view_close(&f->view);
	munmap((void *)f->view.file.data, LEN);
	drop_path(f->path);
}

static bool is_mapped(const struct view *v, const uint8_t *byte)
{
	return (uintptr_t)byte - (uintptr_t)v->file.data <= LEN;
}

/* Returns whether it was seen in the mapping. */
static bool look(struct view *v, size_t at, size_t len)
{
	const uint8_t *bytes = view_bytes(v, at, len);
	assert_memory_equal(bytes, v->file.data + at, len);
	for (size_t i = 0; i <= len; i += len ? len : 1)
		assert_ptr_equal(view_home(v, bytes + i),
				 v->file.data + at + i);
	return is_mapped(v, bytes);
}

static void test_front_to_back(void **state)
{
	(void)state;
	struct fixture f = open_numbers();
	size_t len = 0, at = 0;
	for (; at + len <= LEN; at += len, len = len * 7 % 4099 + 1)
		assert_false(look(&f.view, at, len));
	assert_true(at > LEN - 4100);
	assert_false(look(&f.view, at, LEN - at));
	assert_false(look(&f.view, LEN, 0));
	drop(&f);
}

static void test_edges_of_the_window(void **state)
{
	(void)state;
	struct fixture f = open_numbers();
	assert_false(look(&f.view, 0, WINDOW));
	assert_false(look(&f.view, WINDOW - 1, 1));
	assert_false(look(&f.view, WINDOW, 0));
	assert_false(look(&f.view, WINDOW - 1, 2));
	assert_false(look(&f.view, 5, 10)); /* back again */
	assert_false(look(&f.view, LEN - 3, 3));
	drop(&f);
}

static void test_longer_than_the_window(void **state)
{
	(void)state;
	struct fixture f = open_numbers();
	assert_false(look(&f.view, 10, 10));
	assert_true(look(&f.view, 10, WINDOW + 1));
	assert_false(look(&f.view, 20, 10));
	drop(&f);
}

static void test_closed(void **state)
{
	(void)state;
	struct fixture f = open_numbers();
	assert_false(look(&f.view, 0, 100));
	view_close(&f.view);
	assert_true(look(&f.view, 0, 100));
	assert_true(look(&f.view, 100, 100));
	drop(&f);
}

/* The mapping is the last resort, and its signal tells what happened. */
static void test_what_cannot_be_read(void **state)
{
	(void)state;
	struct fixture f = open_numbers();
	struct view *v = &f.view;
	assert_int_equal(truncate(f.path, 100), 0);
	assert_false(is_mapped(v, view_bytes(v, 0, 100)));
	assert_ptr_equal(view_bytes(v, 50, 51), v->file.data + 50);
	assert_ptr_equal(view_bytes(v, 8000, 4), v->file.data + 8000);
	assert_ptr_equal(view_home(v, v->file.data + 8000),
			 v->file.data + 8000);
	drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_front_to_back),
	    cmocka_unit_test(test_edges_of_the_window),
	    cmocka_unit_test(test_longer_than_the_window),
	    cmocka_unit_test(test_closed),
	    cmocka_unit_test(test_what_cannot_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
