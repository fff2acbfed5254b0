/* The lines of a head, edited one by one. */
#include "unit.h"

#include "rewrite/fields.h"

#include <stdlib.h>

static const char head[] = "HTTP/1.1  200 OK\r\n"
			   "Server:nginx\r\n"
			   "SET-cookie: a=1\r\n"
			   "X-Folded: one,\r\n"
			   "\t two \r\n"
			   "no colon here\r\n"
			   "set-Cookie :  b=2  \r\n"
			   "X-Empty:\r\n"
			   "Set-Cookie: c=3\n"
			   "\r\n";

static struct fields read_head(const char *text)
{
	struct fields f;
	assert_true(fields_read(&f, slice_of(text), NULL, 0));
	return f;
}

static void expect(const struct fields *f, const char *text)
{
	struct buf out = {0};
	struct date *dates;
	size_t count;
	fields_write(f, &out, &dates, &count);
	assert_text(buf_slice(&out), text);
	assert_int_equal(f->len, out.len);
	free(dates);
	buf_release(&out);
}

/* P20: untouched lines keep case, spacing, folding, order, duplicates. */
static void test_untouched(void **state)
{
	(void)state;
	struct fields f = read_head(head);
	expect(&f, head);
	fields_release(&f);
}

static void test_values(void **state)
{
	(void)state;
	struct fields f = read_head(head);
	struct buf list = {0};
	struct slice name = SLICE("set-cookie");
	assert_text(fields_value(&f, 0), "200 OK");
	assert_text(fields_value(&f, fields_find(&f, SLICE("server"), 0)),
		    "nginx");
	assert_text(fields_value(&f, fields_find(&f, SLICE("x-empty"), 0)), "");
	assert_text(fields_value(&f, fields_find(&f, SLICE("x-folded"), 0)),
		    "one,\r\n\t two");
	size_t second = fields_find(&f, name, fields_find(&f, name, 0) + 1);
	assert_text(fields_name(&f, second), "set-Cookie");
	assert_text(fields_value(&f, second), "b=2");
	fields_list(&f, name, &list);
	assert_text(buf_slice(&list), "a=1, b=2, c=3");
	buf_clear(&list);
	fields_list(&f, SLICE("X-Folded"), &list);
	assert_text(buf_slice(&list), "one, two");
	assert_int_equal(fields_find(&f, SLICE("no colon here"), 0), f.count);
	assert_int_equal(fields_find(&f, SLICE(""), 0), f.count);
	assert_null(fields_value(&f, f.count).data);
	buf_release(&list);
	fields_release(&f);
}

static void test_edits(void **state)
{
	(void)state;
	struct fields f = read_head(head);
	assert_true(fields_replace(&f, 0, SLICE("404 Gone")));
	assert_true(fields_replace(&f, fields_find(&f, SLICE("X-Folded"), 0),
				   SLICE("three")));
	assert_true(fields_set(&f, SLICE("Set-Cookie"), SLICE("d=4")));
	assert_true(fields_set(&f, SLICE("X-New"), SLICE("yes")));
	assert_true(fields_exchange(&f, fields_find(&f, SLICE("Server"), 0),
				    SLICE("Content-Length"), SLICE("7")));
	assert_int_equal(fields_delete(&f, SLICE("x-empty"), 0), 1);
	assert_int_equal(fields_delete(&f, SLICE("x-empty"), 0), 0);
	expect(&f, "HTTP/1.1  404 Gone\r\n"
		   "Content-Length: 7\r\n"
		   "SET-cookie: d=4\r\n"
		   "X-Folded: three \r\n"
		   "no colon here\r\n"
		   "X-New: yes\r\n"
		   "\r\n");
	fields_release(&f);
}

/* A head must not be split. */
static void test_refused(void **state)
{
	(void)state;
	static const struct slice bad[] = {SLICE("a\rb"), SLICE("a\nb"),
					   SLICE("a\0b"), SLICE("\r\n")};
	struct fields f = read_head(head);
	struct buf large = {0};
	size_t cookie = fields_find(&f, SLICE("Set-Cookie"), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(fields_replace(&f, cookie, bad[i]));
		assert_false(fields_replace(&f, 0, bad[i]));
		assert_false(fields_set(&f, SLICE("Set-Cookie"), bad[i]));
		assert_false(fields_set(&f, SLICE("X-New"), bad[i]));
		assert_false(fields_set(&f, bad[i], SLICE("x")));
		assert_false(
		    fields_exchange(&f, cookie, SLICE("X-New"), bad[i]));
	}
	memset(buf_reserve(&large, 1 << 20), 'a', 1 << 20);
	large.len = 1 << 20;
	assert_false(fields_replace(&f, cookie, buf_slice(&large)));
	expect(&f, head);
	buf_release(&large);
	fields_release(&f);
}

static void test_line_feeds(void **state)
{
	(void)state;
	struct fields f = read_head("HTTP/1.0 200\nA: b\n\n");
	assert_text(fields_value(&f, 0), "200");
	assert_true(fields_set(&f, SLICE("C"), SLICE("d")));
	assert_true(fields_replace(&f, 0, SLICE("302 Found")));
	expect(&f, "HTTP/1.0 302 Found\nA: b\nC: d\n\n");
	fields_release(&f);
}

static void test_no_heads(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "HTTP/1.1 200 OK",
	    "HTTP/1.1 200 OK\r\n",
	    "HTTP/1.1 200 OK\r\nA: b\r\n",
	    "HTTP/1.1 200 OK\r\nA: b",
	    "HTTP/1.1 200 OK\r\n\r\nmore",
	    "GET / HTTP/1.1\r\n\r\n",
	};
	struct fields f;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(fields_read(&f, slice_of(bad[i]), NULL, 0));
	/* a fold before any field belongs to none */
	f = read_head("HTTP/1.1 200 OK\r\n A: b\r\n\r\n");
	assert_int_equal(fields_find(&f, SLICE("A"), 0), f.count);
	fields_release(&f);
}

/* Dates keep their places while lines before them come, go and grow. */
static void test_dates(void **state)
{
	(void)state;
	static const char text[] = "HTTP/1.1 200 OK\r\n"
				   "A: b\r\n"
				   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
				   "C: d\r\n\r\n";
	struct date *dates, first = {strstr(text, "Sun") - text, 5};
	struct buf out = {0};
	struct fields f;
	size_t count;
	assert_true(fields_read(&f, slice_of(text), &first, 1));
	assert_true(fields_replace(&f, fields_find(&f, SLICE("A"), 0),
				   SLICE("longer")));
	fields_mark_date(&f, fields_find(&f, SLICE("C"), 0), 0, -7);
	fields_set(&f, SLICE("C"), SLICE("d")); /* no date any more */
	fields_write(&f, &out, &dates, &count);
	assert_int_equal(count, 1);
	assert_int_equal(dates->ahead, 5);
	assert_true(slice_starts(slice_from(buf_slice(&out), dates->at),
				 SLICE("Sun, 06")));
	free(dates);
	buf_release(&out);
	fields_release(&f);
}

/* A head of as many lines as can be: edits cost no more than the lines. */
static void test_many_lines(void **state)
{
	(void)state;
	struct buf text = {0};
	struct fields f;
	buf_add_string(&text, "HTTP/1.1 200 OK\r\n");
	while (text.len < (1 << 20) - 10)
		buf_add_string(&text, "A:\r\n");
	buf_add_string(&text, "\r\n");
	assert_true(fields_read(&f, buf_slice(&text), NULL, 0));
	for (size_t i = 1; i < f.count - 1; i++)
		assert_true(fields_replace(&f, i, SLICE("")));
	assert_int_equal(fields_delete(&f, SLICE("a"), 0), f.count - 2);
	expect(&f, "HTTP/1.1 200 OK\r\n\r\n");
	fields_release(&f);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_untouched),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_edits),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_line_feeds),
	    cmocka_unit_test(test_no_heads),
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_many_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
