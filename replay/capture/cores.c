/* How many threads there is a core for. */
#include "cores.h"

#include <sched.h>

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
