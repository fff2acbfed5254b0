/* Threads that no signals are for, but the one that tells of a fault. */
#include "site/thread.h"

#include "unit.h"

#include <signal.h>

static void *ask_mask(void *context)
{
	pthread_sigmask(SIG_BLOCK, NULL, context);
	return NULL;
}

static void test_signals(void **state)
{
	static const int held[] = {SIGINT,  SIGTERM, SIGHUP,
				   SIGUSR1, SIGUSR2, SIGPIPE};
	sigset_t before, theirs, after;
	pthread_t thread;
	(void)state;
	sigemptyset(&theirs);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(thread_start(&thread, ask_mask, &theirs), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (size_t i = 0; i < sizeof held / sizeof *held; i++)
		assert_true(sigismember(&theirs, held[i]));
	assert_false(sigismember(&theirs, SIGBUS));
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int i = 1; i < SIGRTMIN; i++)
		assert_int_equal(sigismember(&after, i),
				 sigismember(&before, i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_signals)};
	return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
