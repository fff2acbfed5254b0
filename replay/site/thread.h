/* Threads beside the first event loop's, whose signals are. */
#ifndef SITE_THREAD_H
#define SITE_THREAD_H

#include <pthread.h>

/* As pthread_create; no signal is for that thread but SIGBUS, by which source.h
 * tells that a capture changed. Returns 0 or an error number. */
int thread_start(pthread_t *thread, void *(*run)(void *context), void *context);

#endif
