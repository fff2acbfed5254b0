/* Several that come near, the nearest first. */
#include "unit.h"

#include "exchanges.h"

#include "site/nearest.h"
#include "site/status_near.h"

#include <stdio.h>

static struct table *table;

static void get(const char *host, const char *target)
{
	char request[200];
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n",
		 target, host);
	record(request, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static struct request asking(const char *method, const char *host,
			     const char *target)
{
	return (struct request){.method = slice_of(method),
				.url = {.port = 80,
					.host = slice_of(host),
					.target = slice_of(target)}};
}

static void assert_near(const char *method, const char *host,
			const char *target, const char *want)
{
	struct request r = asking(method, host, target);
	uint32_t near[NEAR_LIST];
	struct buf text = {0};
	size_t n = near_list(table, &r, near);
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%u", i ? " " : "", near[i]);
	assert_text(buf_slice(&text), want);
	assert_int_equal(n ? near[0] : TABLE_NONE, nearest_find(table, &r));
	buf_release(&text);
}

static int make(void **state)
{
	struct recording r;
	(void)state;
	get("a.example", "/");                  /* 0 */
	get("a.example", "/gate.php?id=1&t=7"); /* 1 */
	get("a.example", "/gate.php?id=2&t=7"); /* 2 */
	get("a.example", "/gate.php?id=1&t=7"); /* 3, again */
	get("a.example", "/pictures/one.png");  /* 4 */
	get("a.example", "/pictures/two.png");  /* 5 */
	get("b.example", "/gate.php?id=9");     /* 6 */
	get("b.example", "/");                  /* 7 */
	r = recorded();
	table = table_new(&r, NULL);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	table_free(table);
	forget_exchanges();
	return 0;
}

static void near_the_same_path(void **state)
{
	(void)state;
	assert_near("GET", "a.example", "/gate.php?id=2&t=8", "2 1 6");
	assert_near("POST", "a.example", "/gate.php?id=2&t=8", "2 1");
}

static void near_what_looks_like_it(void **state)
{
	(void)state;
	assert_near("GET", "a.example", "/pictures/six.png", "4 5");
	assert_near("GET", "a.example", "/nothing", "0");
}

static void near_at_another_host(void **state)
{
	(void)state;
	assert_near("GET", "c.example", "/gate.php?id=9&x=1", "6 1");
	assert_near("GET", "c.example", "/nothing", "");
}

static void near_is_bounded(void **state)
{
	char target[64];
	struct recording r;
	(void)state;
	table_free(table);
	for (int i = 0; i < 100; i++) {
		snprintf(target, sizeof target, "/many.php?i=%d", i);
		get("m.example", target);
	}
	r = recorded();
	table = table_new(&r, NULL);
	struct request q = asking("GET", "m.example", "/many.php?i=55x");
	uint32_t near[NEAR_LIST];
	assert_int_equal(near_list(table, &q, near), NEAR_LIST);
	assert_int_equal(near[0], 8 + 55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(near_the_same_path),
	    cmocka_unit_test(near_what_looks_like_it),
	    cmocka_unit_test(near_at_another_host),
	    cmocka_unit_test(near_is_bounded),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
