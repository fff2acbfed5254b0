/* What several threads describe is as if one had. */
#include "exchanges.h"

#include "site/entries.h"

#include <sched.h>
#include <stdio.h>

#define KINDS 150   /* of exchanges, by host, server, target and body */
#define MANY 30011U /* repeats of them: enough for several threads */

static struct exchange many[MANY];
static struct slice targets[MANY];

static void record_kinds(void)
{
	char text[512];
	for (uint32_t i = 0; i < KINDS; i++) {
		size_t body = i % 5 ? 0 : i + 1;
		int n = snprintf(text, sizeof text,
				 "POST /%u?%u HTTP/1.1\r\n"
				 "Content-Length: %zu\r\n"
				 "%s: %c%u.example\r\n%s\r\n",
				 i % 11, i, body, i % 9 ? "Host" : "X",
				 i % 2 ? 'a' : 'A', i % 40,
				 i % 7 ? "" : "Range: bytes=0-\r\n");
		memset(text + n, (int)i, body);
		text[n + (int)body] = 0;
		record(text, i % 3 ? "HTTP/1.1 204 None\r\n\r\n" : NULL);
		flows[i].ends[1].address.bytes[3] = (uint8_t)(i % 23);
	}
}

/* The later, the more kinds there are: each run has some of its own. */
static int setup(void **state)
{
	uint32_t x = 1;
	(void)state;
	record_kinds();
	for (uint32_t i = 0; i < MANY; i++) {
		x = x * 1664525U + 1013904223U;
		uint32_t kinds = 1 + (uint32_t)((uint64_t)KINDS * i / MANY);
		many[i] = exchanges[(x >> 8) % kinds];
		if (x >> 31)
			targets[i] = SLICE("/ruled");
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forget_exchanges();
	return 0;
}

static struct entries described_on_one_core(uint32_t n)
{
	struct entries e;
	cpu_set_t before, one;
	int cpu = 0;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	entries_describe(&e, many, n, targets);
	assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
	return e;
}

static void assert_same_bodies(const struct entries *a, const struct entries *b,
			       uint32_t i)
{
	const uint8_t *x = entries_body(a, i), *y = entries_body(b, i);
	assert_int_equal(!x, !y);
	if (x)
		assert_memory_equal(x, y, DIGEST_LEN);
	assert_int_equal(a->list[i].body, b->list[i].body);
}

static void assert_same(const struct entries *a, const struct entries *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->hosts.count, b->hosts.count);
	assert_int_equal(a->residents.count, b->residents.count);
	assert_int_equal(a->body_count, b->body_count);
	for (uint32_t i = 0; i < a->hosts.count; i++)
		assert_true(slice_same(a->hosts.list[i].name,
				       b->hosts.list[i].name));
	for (uint32_t i = 0; i < a->residents.count; i++) {
		const struct resident *x = &a->residents.list[i];
		const struct resident *y = &b->residents.list[i];
		assert_true(address_equal(&x->address, &y->address));
		assert_int_equal(x->host, y->host);
		assert_int_equal(x->next, y->next);
	}
	for (uint32_t i = 0; i < a->count; i++) {
		const struct entry *x = &a->list[i], *y = &b->list[i];
		assert_int_equal(x->host, y->host);
		assert_int_equal(x->port, y->port);
		assert_int_equal(x->status, y->status);
		assert_int_equal(x->hostless, y->hostless);
		assert_int_equal(x->complete, y->complete);
		assert_same_bodies(a, b, i);
	}
}

/* Its hashes are those that a lookup makes. */
static void assert_hashed(const struct entries *e)
{
	for (uint32_t i = 0; i < e->count; i++) {
		const struct entry *n = &e->list[i];
		struct slice target = exchange_url(&many[i]).target;
		struct key k = entries_key(e, i, target);
		struct slice path =
		    url_path(targets[i].data ? targets[i] : target);
		assert_int_equal(n->hash, key_hash(e, &k));
		assert_int_equal(n->near_hash,
				 near_hash(e, k.method, k.host, path));
	}
}

static void check(uint32_t n)
{
	struct entries one = described_on_one_core(n), all;
	entries_describe(&all, many, n, targets);
	assert_same(&one, &all);
	assert_hashed(&one);
	assert_hashed(&all);
	entries_release(&one);
	entries_release(&all);
}

static void threads_agree(void **state)
{
	(void)state;
	check(MANY);
	check(MANY / 2);
	check(100);
	check(1);
	check(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(threads_agree, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
