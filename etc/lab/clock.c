/*
 * Moves the clock of a lab's client and of all that it starts. Preloaded;
 * allocates nothing, looks nothing up, has no state but the offset: programs
 * whose allocator asks for the time before anything is ready (Firefox, dig)
 * hang or fail under libfaketime.
 *
 *   LD_PRELOAD=clock.so LAB_CLOCK=-306000000 firefox-esr
 *
 * LAB_CLOCK is a number of seconds, added to the wall clock. The monotonic
 * clocks stay as they are; deadlines on the wall clock are moved back.
 */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/*
 * A deadline above this is one of the wall clock: no machine has been up for
 * fifteen years, and no recording is older than 1985.
 */
#define WALL 500000000

/* May be asked by several threads at once; all find the same. */
static time_t offset(void)
{
	static _Atomic long long known = LLONG_MAX;
	long long seconds = known;
	if (seconds == LLONG_MAX) {
		const char *text = getenv("LAB_CLOCK");
		known = seconds = text ? strtoll(text, NULL, 10) : 0;
	}
	return (time_t)seconds;
}

static struct timespec back(const struct timespec *deadline)
{
	struct timespec real = *deadline;
	real.tv_sec -= offset();
	return real;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int status = (int)syscall(SYS_clock_gettime, clock, now);
	if (!status && (clock == CLOCK_REALTIME || clock == CLOCK_TAI ||
			clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset();
	return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	(void)zone; /* glibc, too, fills in none */
	struct timespec precise;
	int status = clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return status;
}

time_t time(time_t *now)
{
	struct timespec precise;
	clock_gettime(CLOCK_REALTIME_COARSE, &precise);
	if (now)
		*now = precise.tv_sec;
	return precise.tv_sec;
}

int timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base
								       : 0;
}

/* The clock that a condition was made for cannot be asked; its deadline tells.
 */
int pthread_cond_timedwait(pthread_cond_t *restrict condition,
			   pthread_mutex_t *restrict mutex,
			   const struct timespec *restrict deadline)
{
	if (deadline->tv_sec < WALL)
		return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC,
					      deadline);
	struct timespec real = back(deadline);
	return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
			    const struct timespec *restrict deadline)
{
	struct timespec real = back(deadline);
	return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &real);
}

int sem_timedwait(sem_t *restrict semaphore,
		  const struct timespec *restrict deadline)
{
	struct timespec real = back(deadline);
	return sem_clockwait(semaphore, CLOCK_REALTIME, &real);
}
