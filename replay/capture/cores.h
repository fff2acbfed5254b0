/* How many threads there is a core for. */
#ifndef CAPTURE_CORES_H
#define CAPTURE_CORES_H

/* Cores that this process may run on (taskset, cpusets), from 1 to max. */
unsigned cores_usable(unsigned max);

#endif
