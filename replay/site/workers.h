/* Threads for what takes long, so that the event loops' need not wait. The
 * loops share them; each gives them tasks through a struct workers of its own
 * and has them back there. */
#ifndef SITE_WORKERS_H
#define SITE_WORKERS_H

#include "rewrite/pattern.h"

/* Something to be done; part of what it is done for. */
struct task {
	/* On a worker's thread; m is that worker's. */
	void (*run)(struct task *t, struct matcher *m);
	/* On the thread that added it, once and last: by then it was run, or,
	 * if ran is false, never will be. */
	void (*done)(struct task *t, bool ran);
	struct workers *from;
	struct task *next;
	bool ran;
};

struct workers;

/* NULL after having said why there can be none. */
struct workers *workers_new(unsigned count);
/* Starts the threads, nicer than the loop; tasks may wait for them already.
 * Returns 0, or -1 after having said why not all are there. */
int workers_start(struct workers *w);
/* The same threads, for another loop. NULL as that. */
struct workers *workers_beside(struct workers *w);
/* Waits for the tasks in hand and ends the threads, whoever else has them. All
 * other tasks of w are done without having been run. By one thread, when no
 * other adds or collects any more. */
void workers_free(struct workers *w);

/* urgent: before those that wait already. */
void workers_add(struct workers *w, struct task *t, bool urgent);
/* Becomes readable when there is something to collect. */
int workers_fd(const struct workers *w);
void workers_collect(struct workers *w); /* calls done of those that were run */

/* Whether a workers_free waits: what takes very long may give up then. For any
 * thread. */
bool workers_ending(const struct workers *w);

#endif
