/* What a loop notes stays bounded, and a copy is a copy. */
#include "unit.h"

#include "exchanges.h"

#include "site/status_notes.h"

#include <stdio.h>

struct asked {
	char target[64];
	struct request request;
	struct match match;
	struct record record;
};

static const struct record *ask(struct asked *a, const char *target,
				enum match_step step, int64_t time)
{
	snprintf(a->target, sizeof a->target, "%s", target);
	a->request = (struct request){.method = SLICE("GET"),
				      .url = {.port = 80,
					      .host = SLICE("a.example"),
					      .target = slice_of(a->target)}};
	a->match = (struct match){.step = step, .exchange = TABLE_NONE};
	a->record = (struct record){.time = time,
				    .request = &a->request,
				    .match = &a->match,
				    .exchange = step ? 4 : TABLE_NONE,
				    .status = step ? 200 : 404};
	return &a->record;
}

static void miss_many(struct notes *n, int from, int to)
{
	struct asked a;
	char target[64];
	for (int i = from; i < to; i++) {
		snprintf(target, sizeof target, "/%d", i);
		notes_take(n, ask(&a, target, MATCH_NONE, i));
	}
}

static void notes_count(void **state)
{
	struct notes *n = notes_new();
	struct asked a;
	const struct record refused = {.time = 9, .status = 400};
	(void)state;
	notes_take(NULL, ask(&a, "/", MATCH_EXACT, 1));
	notes_take(n, ask(&a, "/", MATCH_EXACT, 1));
	notes_take(n, ask(&a, "/", MATCH_BODY, 2));
	notes_take(n, ask(&a, "/x", MATCH_NONE, 3));
	notes_take(n, &refused);
	assert_int_equal(n->counts.requests, 4);
	assert_int_equal(n->counts.refused, 1);
	assert_int_equal(n->counts.steps[MATCH_EXACT], 1);
	assert_int_equal(n->counts.steps[MATCH_BODY], 1);
	assert_int_equal(n->counts.steps[MATCH_NONE], 1);
	assert_int_equal(n->seen_count, 4);
	assert_int_equal(n->seen[3].kind, SEEN_REFUSED);
	assert_text(seen_url(&n->seen[2]).target, "/x");
	notes_free(n);
}

/* The latest first; one that is asked again moves to the front. */
static void notes_misses(void **state)
{
	struct notes *n = notes_new();
	(void)state;
	miss_many(n, 0, 5);
	miss_many(n, 2, 3);
	assert_int_equal(n->miss_count, 5);
	assert_text(n->misses[0].request.url.target, "/2");
	assert_int_equal(n->misses[0].count, 2);
	assert_text(n->misses[1].request.url.target, "/4");
	assert_text(n->misses[4].request.url.target, "/0");
	miss_many(n, 1000, 1000 + 3 * NOTES_MISSES);
	assert_int_equal(n->miss_count, NOTES_MISSES);
	for (size_t i = 0; i < NOTES_MISSES; i++) {
		assert_int_equal(n->misses[i].count, 1);
		assert_int_equal(n->misses[i].time,
				 1000 + 3 * NOTES_MISSES - 1 - i);
	}
	notes_free(n);
}

static void notes_long(void **state)
{
	static char header[MISS_MAX + 1];
	struct notes *n = notes_new();
	struct asked a;
	(void)state;
	memset(header, 'h', sizeof header);
	const struct record *r = ask(&a, "/x", MATCH_NONE, 1);
	a.request.traits.value[TRAIT_AGENT] =
	    (struct slice){(const uint8_t *)header, sizeof header};
	notes_take(n, r);
	assert_true(n->misses[0].cut);
	assert_null(n->misses[0].request.traits.value[TRAIT_AGENT].data);
	a.request.url.target = a.request.traits.value[TRAIT_AGENT];
	a.request.url.host = a.request.url.target;
	a.request.method = a.request.url.target;
	notes_take(n, r);
	assert_true(n->misses[0].text.len < 2048);
	assert_true(n->seen[1].cut);
	assert_int_equal(seen_method(&n->seen[1]).len, NOTES_METHOD);
	notes_free(n);
}

static void notes_copied(void **state)
{
	struct notes *n = notes_new();
	record("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
	       "HTTP/1.1 204 N\r\n\r\n");
	struct recording r = recorded();
	struct table *t = table_new(&r, NULL);
	(void)state;
	miss_many(n, 0, 5);
	struct notes *copy = notes_copy(n, t);
	table_free(t); /* the copy holds it */
	miss_many(n, 5, 3 * NOTES_MISSES);
	notes_free(n);
	assert_int_equal(copy->miss_count, 5);
	assert_text(copy->misses[0].request.url.target, "/4");
	assert_text(copy->misses[4].request.url.host, "a.example");
	assert_int_equal(table_count(copy->table), 1);
	notes_free(copy);
	forget_exchanges();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notes_count),
	    cmocka_unit_test(notes_misses),
	    cmocka_unit_test(notes_long),
	    cmocka_unit_test(notes_copied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
