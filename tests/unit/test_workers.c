/* Threads for what takes long: what they are given comes back, once. */
#include "unit.h"

#include "site/workers.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>

#define LONG_NS 60000000

struct work {
	struct task task;
	char name;
	pthread_mutex_t *gate; /* to pass before the end; NULL: none */
	bool slow;
};

/* Of the loop's thread alone. */
static struct buf done_names;
static unsigned not_run;

static void run(struct task *t, struct matcher *m)
{
	struct work *w = (struct work *)t;
	assert_non_null(m);
	if (w->gate) {
		pthread_mutex_lock(w->gate);
		pthread_mutex_unlock(w->gate);
	}
	if (w->slow)
		nanosleep(&(struct timespec){0, LONG_NS}, NULL);
}

static void done(struct task *t, bool ran)
{
	struct work *w = (struct work *)t;
	if (ran)
		buf_add_byte(&done_names, (uint8_t)w->name);
	else
		not_run++;
}

static struct work work_of(char name)
{
	return (struct work){.task = {.run = run, .done = done}, .name = name};
}

static void collect(struct workers *w, size_t count)
{
	struct pollfd p = {.fd = workers_fd(w), .events = POLLIN};
	while (done_names.len < count) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		workers_collect(w);
	}
}

static void assert_done(const char *names)
{
	assert_true(slice_equal(buf_slice(&done_names), slice_of(names)));
	buf_release(&done_names);
}

static void in_their_order_but_for_urgent_ones(void **state)
{
	(void)state;
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct workers *w = workers_new(1);
	assert_int_equal(workers_start(w), 0);
	struct work first = work_of('1'), a = work_of('a'), b = work_of('b');
	struct work urgent = work_of('u');
	first.gate = &gate;
	pthread_mutex_lock(&gate);
	workers_add(w, &first.task, false);
	workers_add(w, &a.task, false);
	workers_add(w, &b.task, false);
	workers_add(w, &urgent.task, true);
	workers_collect(w); /* nothing yet, and it does not wait */
	pthread_mutex_unlock(&gate);
	collect(w, 4);
	workers_free(w);
	/* the worker may not have taken the first when the urgent one came */
	bool urgent_first = done_names.data[0] == 'u';
	assert_done(urgent_first ? "u1ab" : "1uab");
	assert_int_equal(not_run, 0);
}

static void after_a_long_one_others_are_run(void **state)
{
	(void)state;
	struct workers *w = workers_new(2);
	assert_int_equal(workers_start(w), 0);
	struct work slow[4], quick = work_of('q');
	for (size_t i = 0; i < COUNT(slow); i++) {
		slow[i] = work_of('s');
		slow[i].slow = true;
		workers_add(w, &slow[i].task, false);
	}
	workers_add(w, &quick.task, false);
	collect(w, 5);
	workers_free(w);
	assert_int_equal(done_names.len, 5);
	buf_release(&done_names);
}

static void the_end_gives_all_back(void **state)
{
	(void)state;
	struct workers *w = workers_new(1);
	assert_int_equal(workers_start(w), 0);
	struct work slow = work_of('s'), left[50];
	slow.slow = true;
	assert_false(workers_ending(w));
	workers_add(w, &slow.task, false);
	for (size_t i = 0; i < COUNT(left); i++) {
		left[i] = work_of('x');
		workers_add(w, &left[i].task, false);
	}
	workers_free(w);
	assert_int_equal(done_names.len + not_run, 51);
	buf_release(&done_names);
}

static void each_loop_has_its_own_back(void **state)
{
	(void)state;
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct workers *w = workers_new(1), *other = workers_beside(w);
	assert_int_equal(workers_start(w), 0);
	struct work mine = work_of('m'), theirs = work_of('t');
	struct work left[3], held = work_of('h');
	workers_add(w, &mine.task, false);
	collect(w, 1);
	workers_add(other, &theirs.task, false);
	collect(other, 2);
	workers_collect(w);
	assert_done("mt");

	held.gate = &gate;
	pthread_mutex_lock(&gate);
	workers_add(w, &held.task, false);
	for (size_t i = 0; i < COUNT(left); i++) {
		left[i] = work_of('x');
		workers_add(i == 1 ? other : w, &left[i].task, false);
	}
	not_run = 0;
	pthread_mutex_unlock(&gate);
	workers_free(
	    other); /* ends the threads, but gives back its own alone */
	assert_true(workers_ending(w));
	size_t theirs_back = done_names.len + not_run;
	assert_int_equal(theirs_back, 1);
	workers_free(w);
	assert_int_equal(done_names.len + not_run, 4);
	buf_release(&done_names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(in_their_order_but_for_urgent_ones),
	    cmocka_unit_test(after_a_long_one_others_are_run),
	    cmocka_unit_test(the_end_gives_all_back),
	    cmocka_unit_test(each_loop_has_its_own_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
