/* Each client's place among repeats, seen by several threads. */
#include "unit.h"

#include "site/place.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4
#define EXCHANGES 20000
#define CLIENTS 3

static struct address client_of(unsigned i)
{
	return (struct address){4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
}

static void others_see_what_was_given(void **state)
{
	(void)state;
	struct address a = client_of(1), b = client_of(2);
	struct places *p = places_new(200), *q = places_beside(p);
	assert_true(place_give(place_find(p, &a), 130));
	assert_true(place_given(place_find(q, &a), 130));
	assert_false(place_given(place_find(q, &a), 129));
	assert_false(place_given(place_find(q, &b), 130));
	place_take_back(place_find(q, &a), 130);
	assert_false(place_given(place_find(p, &a), 130));
	places_free(p);
	assert_false(place_given(place_find(q, &a), 130));
	places_free(q);
}

static void a_promise_is_broken_if_another_gave_it(void **state)
{
	(void)state;
	struct address a = client_of(1);
	struct places *p = places_new(9), *q = places_beside(p);
	struct place_of *mine = place_find(p, &a), *theirs = place_find(q, &a);
	place_promise(mine, 5);
	assert_true(place_give(mine, 5));
	assert_true(place_give(theirs, 5)); /* who promised nothing may */
	place_promise(mine, 6);
	assert_true(place_give(theirs, 6));
	assert_false(place_give(mine, 6));
	assert_true(place_give(mine, 5)); /* not what was promised */
	mine = place_find(p, &a);
	assert_true(place_give(mine, 6)); /* a promise is of one request */
	places_free(p);
	places_free(q);
}

static void a_new_run_begins_for_all(void **state)
{
	(void)state;
	struct address a = client_of(1);
	struct places *p = places_new(9), *q = places_beside(p);
	struct place_of *before = place_find(q, &a);
	place_set_resume(before, 7, 8);
	assert_int_equal(place_resume(before, 7, 0), 8);
	place_give(before, 3);
	places_reset(p);
	place_give(before,
		   4); /* that was under way belongs to the run before */
	struct place_of *mine = place_find(p, &a), *theirs = place_find(q, &a);
	assert_false(place_given(mine, 3) || place_given(mine, 4));
	assert_int_equal(place_resume(theirs, 7, 0), 0);
	place_give(theirs, 5);
	assert_true(place_given(mine, 5));
	for (int i = 0; i < 100; i++) { /* and leaves nothing behind */
		places_reset(i % 2 ? p : q);
		assert_false(place_given(place_find(p, &a), 5));
		place_give(place_find(q, &a), 5);
	}
	places_free(p);
	places_free(q);
}

/* Where there is room for few, what a thread looks at is not written over. */
static void what_is_looked_at_stays(void **state)
{
	(void)state;
	struct address a = client_of(0);
	struct places *p = places_new(1U << 26), *q = places_beside(p);
	struct place_of *looked = place_find(q, &a);
	place_give(looked, 5);
	for (unsigned i = 1; i < 40; i++) {
		struct address b = client_of(i);
		place_give(place_find(p, &b), 6);
		assert_true(place_given(looked, 5));
		assert_false(place_given(looked, 6));
	}
	for (unsigned i = 0; i < 60; i++) { /* now it is let go */
		struct address b = client_of(100 + i);
		assert_false(place_given(place_find(i % 2 ? p : q, &b), 6));
		place_give(place_find(i % 2 ? p : q, &b), 6);
	}
	places_free(p);
	places_free(q);
}

struct giver {
	struct places *places;
	pthread_t thread;
	uint32_t given[CLIENTS];
};

static atomic_uint times[CLIENTS][EXCHANGES];

/* As match does: the next that was not given yet, until there is none. */
static void *give_all(void *context)
{
	struct giver *g = context;
	uint32_t at[CLIENTS] = {0};
	for (unsigned i = 0; i < CLIENTS * (EXCHANGES + 1); i++) {
		struct address a = client_of(i % CLIENTS);
		uint32_t *next = &at[i % CLIENTS];
		struct place_of *c = place_find(g->places, &a);
		while (*next < EXCHANGES) {
			if (!place_given(c, *next)) {
				place_promise(c, *next);
				if (place_give(c, *next))
					break;
			}
			++*next;
		}
		if (*next == EXCHANGES)
			continue;
		atomic_fetch_add(&times[i % CLIENTS][*next], 1);
		g->given[i % CLIENTS]++;
	}
	return NULL;
}

static void each_is_given_once(void **state)
{
	(void)state;
	struct giver givers[THREADS] = {0};
	for (unsigned i = 0; i < THREADS; i++)
		givers[i].places =
		    i ? places_beside(givers[0].places) : places_new(EXCHANGES);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&givers[i].thread, NULL,
						give_all, &givers[i]),
				 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(givers[i].thread, NULL);
	for (unsigned c = 0; c < CLIENTS; c++)
		for (uint32_t i = 0; i < EXCHANGES; i++)
			assert_int_equal(atomic_load(&times[c][i]), 1);
	for (unsigned i = 0; i < THREADS; i++)
		places_free(givers[i].places);
}

/* More clients than there is room for, and new runs: whatever a thread finds
 * was given to that client, or nothing was. */
static void *crowd(void *context)
{
	struct giver *g = context;
	uint32_t wrong = 0;
	for (unsigned i = 0; i < 150; i++) {
		unsigned n = i * 7919 % 97;
		struct address a = client_of(n);
		struct place_of *c = place_find(g->places, &a);
		for (unsigned k = 0; k < 97; k++)
			wrong += place_given(c, k) && k != n;
		place_give(c, n);
		if (i % 50 == 49)
			places_reset(g->places);
	}
	g->given[0] = wrong;
	return NULL;
}

static void places_do_not_mix(void **state)
{
	(void)state;
	struct giver givers[THREADS] = {0};
	for (unsigned i = 0; i < THREADS; i++)
		givers[i].places =
		    i ? places_beside(givers[0].places) : places_new(1U << 26);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&givers[i].thread, NULL, crowd, &givers[i]),
		    0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(givers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(givers[i].given[0], 0);
		places_free(givers[i].places);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(others_see_what_was_given),
	    cmocka_unit_test(a_promise_is_broken_if_another_gave_it),
	    cmocka_unit_test(a_new_run_begins_for_all),
	    cmocka_unit_test(what_is_looked_at_stays),
	    cmocka_unit_test(each_is_given_once),
	    cmocka_unit_test(places_do_not_mix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
