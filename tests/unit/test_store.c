/* Answers made by workers and kept: who waits, what is dropped, what goes out
 * as recorded. */
#include "exchanges.h"
#include "rules_text.h"

#include "site/site.h"

#include <poll.h>

#define PAGE                                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"                       \
	"Content-Length: 9\r\n\r\nsome text"
#define STYLE                                                                  \
	"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\n"                        \
	"Content-Length: 9\r\n\r\nsome text"
#define RULE "type=text/html body s{text}{more words}\n"

static struct workers *workers;
static struct edition *edition;
static unsigned ready;

static void on_ready(void *context)
{
	(void)context;
	ready++;
}

static struct store *store;

static void begin(const char *rules, size_t max)
{
	static const struct site_options options;
	struct recording r = recorded();
	struct rules *read = rules_of(rules);
	struct table *table = table_new(&r, read);
	const struct maker by = {.table = table, .rules = read};
	workers = workers_new(2);
	assert_non_null(workers);
	assert_int_equal(workers_start(workers), 0);
	edition = edition_new(table, read, &options, workers);
	assert_null(edition->store); /* no option asks for one */
	store = edition->store = store_new(edition, &by, workers, max);
	ready = 0;
}

static void end(void)
{
	workers_free(workers);
	edition_release(edition);
	forget_exchanges();
}

static void get(const char *target, const char *response)
{
	char text[100];
	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
		 target);
	record(text, response);
}

/* Until so many in all were told. */
static void collect(unsigned want)
{
	struct pollfd p = {.fd = workers_fd(workers), .events = POLLIN};
	while (ready < want) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		workers_collect(workers);
	}
	assert_int_equal(ready, want);
}

static struct kept *find(uint32_t i)
{
	return store_find(store, i, (struct slice){0});
}

static struct kept *make(uint32_t i)
{
	struct waiter w = {.ready = on_ready};
	store_wait(store, i, (struct slice){0}, &w);
	collect(ready + 1);
	assert_non_null(find(i));
	return find(i);
}

static void made_once_then_kept(void **state)
{
	(void)state;
	get("/", PAGE);
	get("/css", STYLE);
	begin(RULE, STORE_MAX);
	assert_null(find(0));
	struct kept *page = make(0), *style = make(1);
	assert_true(page->made.rewritten);
	assert_true(slice_equal(buf_slice(&page->made.finished.body),
				SLICE("some more words")));
	assert_false(style->made.rewritten);
	assert_ptr_equal(find(0), page);
	end();
}

/* For who has time: the same answers. */
static void made_at_once_without_workers(void **state)
{
	static const struct site_options options = {.rule_count = 1};
	(void)state;
	get("/", PAGE);
	get("/css", STYLE);
	struct recording r = recorded();
	struct rules *read = rules_of(RULE);
	workers = NULL;
	edition = edition_new(table_new(&r, read), read, &options, NULL);
	store = edition->store;
	struct kept *page = find(0), *style = find(1);
	assert_true(page->made.rewritten);
	assert_false(style->made.rewritten);
	assert_ptr_equal(find(0), page);
	edition_release(edition);
	forget_exchanges();
}

static void waiters_share_and_leave(void **state)
{
	(void)state;
	struct waiter w[5] = {0};
	get("/", PAGE);
	begin(RULE, STORE_MAX);
	waiter_cancel(&w[0]); /* waits for nothing */
	for (size_t i = 0; i < COUNT(w); i++) {
		w[i].ready = on_ready;
		store_wait(store, 0, (struct slice){0}, &w[i]);
		assert_ptr_equal(w[i].making, w[0].making);
	}
	waiter_cancel(&w[0]);
	waiter_cancel(&w[2]);
	waiter_cancel(&w[4]);
	collect(2);
	for (size_t i = 0; i < COUNT(w); i++)
		waiter_cancel(&w[i]);
	assert_non_null(find(0));
	end();
}

static void the_end_with_tasks_left(void **state)
{
	(void)state;
	struct waiter w[MAX] = {0};
	char target[20];
	for (unsigned i = 0; i < MAX; i++) {
		snprintf(target, sizeof target, "/%u", i);
		get(target, PAGE);
	}
	begin(RULE, STORE_MAX);
	for (uint32_t i = 0; i < MAX; i++) {
		w[i].ready = on_ready;
		store_wait(store, i, (struct slice){0}, &w[i]);
	}
	for (uint32_t i = 0; i < MAX; i++)
		waiter_cancel(&w[i]);
	end(); /* nothing leaks, says the sanitizer */
	assert_int_equal(ready, 0);
}

static void oldest_goes_first(void **state)
{
	(void)state;
	get("/0", PAGE);
	get("/1", PAGE);
	get("/2", PAGE);
	begin(RULE, STORE_MAX);
	size_t size = make(0)->size;
	end();
	get("/0", PAGE);
	get("/1", PAGE);
	get("/2", PAGE);
	begin(RULE, 2 * size);
	make(0);
	struct kept *held = kept_hold(make(1));
	find(0); /* asked for again */
	make(2);
	assert_non_null(find(0));
	assert_null(find(1));
	assert_true(held->made.rewritten); /* who sends it may go on */
	kept_release(held);
	make(1);
	assert_null(find(2));
	end();
}

static void one_too_large_is_kept_alone(void **state)
{
	(void)state;
	get("/0", PAGE);
	get("/1", PAGE);
	begin(RULE, 1);
	make(0);
	make(1);
	assert_null(find(0));
	end();
}

static void forms_for_clients(void **state)
{
	static const char coded[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	    "Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nsome text";
	(void)state;
	get("/named-but-not-applied", coded);
	get("/page", PAGE);
	begin("header X set 1\n", STORE_MAX);
	struct waiter w = {.ready = on_ready};
	store_wait(store, 0, SLICE("gzip"), &w);
	collect(1);
	assert_non_null(store_find(store, 0, SLICE("gzip, br")));
	assert_null(store_find(store, 0, SLICE("br")));
	assert_null(find(0));
	make(1);
	assert_ptr_equal(store_find(store, 1, SLICE("br")), find(1));
	end();
}

static void an_edition_lives_while_it_is_used(void **state)
{
	(void)state;
	get("/", PAGE);
	begin(RULE, STORE_MAX);
	struct waiter w = {.ready = on_ready};
	struct edition *held = edition_hold(edition);
	store_wait(store, 0, (struct slice){0}, &w);
	edition_release(edition); /* a reload */
	collect(1);
	struct kept *k = kept_hold(find(0));
	assert_true(k->made.rewritten);
	kept_release(k);
	edition = held;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(made_once_then_kept),
	    cmocka_unit_test(made_at_once_without_workers),
	    cmocka_unit_test(waiters_share_and_leave),
	    cmocka_unit_test(the_end_with_tasks_left),
	    cmocka_unit_test(oldest_goes_first),
	    cmocka_unit_test(one_too_large_is_kept_alone),
	    cmocka_unit_test(forms_for_clients),
	    cmocka_unit_test(an_edition_lives_while_it_is_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
