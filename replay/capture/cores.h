/* Work on several cores. */
#ifndef CAPTURE_CORES_H
#define CAPTURE_CORES_H

#include <stddef.h>

/* Cores that this process may run on (taskset, cpusets), from 1 to max. */
unsigned cores_usable(unsigned max);

/* Calls work once with each of count contexts, that many bytes apart, and
 * returns when all are done: the caller works on the first and on those that
 * the system gives no thread for, each other has a thread of its own. What work
 * returns is dropped. count: at most CORES_RUN_MAX. */
#define CORES_RUN_MAX 8
void cores_run(void *(*work)(void *context), void *contexts, size_t size,
	       unsigned count);

#endif
