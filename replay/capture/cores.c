/* Work on several cores. */
#include "cores.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

unsigned cores_usable(unsigned max)
{
	cpu_set_t set;
	int cores = 1;
	if (!sched_getaffinity(0, sizeof set, &set))
		cores = CPU_COUNT(&set);
	if (cores < 1)
		cores = 1;
	return (unsigned)cores < max ? (unsigned)cores : max;
}

void cores_run(void *(*work)(void *context), void *contexts, size_t size,
	       unsigned count)
{
	pthread_t threads[CORES_RUN_MAX];
	bool started[CORES_RUN_MAX] = {false};
	char *context = contexts;
	for (unsigned i = 1; i < count; i++)
		started[i] = !pthread_create(&threads[i], NULL, work,
					     context + i * size);
	for (unsigned i = 0; i < count; i++)
		if (!started[i])
			work(context + i * size);
	for (unsigned i = 1; i < count; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
}
