/* Threads for what takes long, so that the event loop's need not wait. */
#include "workers.h"

#include "capture/log.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NICENESS 10 /* behind the loop where there are too few processors */

/* Nice threads still get a tenth of the time of a busy processor, and some
 * milliseconds of it at once, which clients feel. So a task that takes longer
 * than this goes on with what nobody else wants. */
#define LONG_MS 20

/* First in, first out. */
struct queue {
	struct task *first, *last;
};

struct worker {
	struct workers *all;
	pthread_t thread;
	pid_t id;
	bool busy;
	int64_t since; /* milliseconds */
	bool lowered;
	bool gone; /* it stays lowered, and another is to take its place */
};

struct workers {
	pthread_mutex_t lock; /* of all but ending */
	pthread_cond_t more;  /* in waiting, or the end */
	struct queue waiting, finished;
	atomic_bool ending;
	int fd; /* an eventfd: counts what was put into finished */

	pthread_t watcher; /* lowers those that are busy for long */
	pthread_cond_t change;
	bool watched;
	unsigned busy;

	unsigned count;
	struct worker list[];
};

static void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	if (q->last)
		q->last->next = t;
	else
		q->first = t;
	q->last = t;
}

static void queue_add_first(struct queue *q, struct task *t)
{
	t->next = q->first;
	q->first = t;
	if (!q->last)
		q->last = t;
}

static struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;
	if (t)
		q->first = t->next;
	if (!q->first)
		q->last = NULL;
	return t;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one worker ---- */

/* The next task; NULL at the end. */
static struct task *take_task(struct worker *k)
{
	struct workers *w = k->all;
	pthread_mutex_lock(&w->lock);
	while (!w->waiting.first && !w->ending)
		pthread_cond_wait(&w->more, &w->lock);
	struct task *t = w->ending ? NULL : queue_take(&w->waiting);
	if (t) {
		k->busy = true;
		k->since = now_ms();
		if (!w->busy++)
			pthread_cond_signal(&w->change);
	}
	pthread_mutex_unlock(&w->lock);
	return t;
}

/* Only privileged ones may go back to what they were. */
static bool raise_priority(struct worker *k)
{
	const struct sched_param none = {0};
	k->gone = k->lowered && sched_setscheduler(0, SCHED_OTHER, &none);
	k->lowered = k->gone;
	return !k->gone;
}

/* Returns whether the worker goes on. */
static bool hand_back(struct worker *k, struct task *t)
{
	struct workers *w = k->all;
	t->ran = true;
	pthread_mutex_lock(&w->lock);
	queue_add(&w->finished, t);
	k->busy = false;
	w->busy--;
	bool stays = raise_priority(k);
	if (!stays)
		pthread_cond_signal(&w->change);
	pthread_mutex_unlock(&w->lock);
	eventfd_write(w->fd, 1); /* fails only if the reader is far behind */
	return stays;
}

static void *work(void *context)
{
	struct worker *k = context;
	struct matcher *m = matcher_new();
	struct task *t;
	k->id = gettid();
	setpriority(PRIO_PROCESS, (id_t)k->id, NICENESS);
	while ((t = take_task(k))) {
		t->run(t, m);
		if (!hand_back(k, t))
			break;
	}
	matcher_free(m);
	return NULL;
}

/* ---- the watcher ---- */

static void lower_long_ones(struct workers *w)
{
	const struct sched_param none = {0};
	int64_t now = now_ms();
	for (unsigned i = 0; i < w->count; i++) {
		struct worker *k = &w->list[i];
		if (k->busy && !k->lowered && now - k->since >= LONG_MS)
			k->lowered =
			    !sched_setscheduler(k->id, SCHED_IDLE, &none);
	}
}

static void replace_gone(struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		struct worker *k = &w->list[i];
		if (!k->gone)
			continue;
		pthread_join(k->thread, NULL);
		*k = (struct worker){.all = w};
		int error = pthread_create(&k->thread, NULL, work, k);
		if (error)
			log_fatal("cannot start a thread: %s", strerror(error));
	}
}

static void wait_a_little(struct workers *w)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += LONG_MS * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&w->change, &w->lock, &t);
}

static void *watch(void *context)
{
	struct workers *w = context;
	pthread_mutex_lock(&w->lock);
	while (!w->ending) {
		if (w->busy)
			wait_a_little(w);
		else
			pthread_cond_wait(&w->change, &w->lock);
		lower_long_ones(w);
		replace_gone(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- all of them ---- */

/* Signals are the loop's. */
static int start(struct workers *w, unsigned count)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&w->watcher, NULL, watch, w);
	w->watched = !error;
	pthread_mutex_lock(&w->lock);
	while (w->count < count && !error) {
		struct worker *k = &w->list[w->count];
		k->all = w;
		error = pthread_create(&k->thread, NULL, work, k);
		w->count += !error;
	}
	pthread_mutex_unlock(&w->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void init_change(pthread_cond_t *change)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(change, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct workers *workers_new(unsigned count)
{
	struct workers *w = xcalloc(1, sizeof *w + count * sizeof *w->list);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	init_change(&w->change);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = w->fd < 0 ? errno : start(w, count);
	if (!error)
		return w;
	log_warn("cannot start a thread: %s", strerror(error));
	workers_free(w);
	return NULL;
}

static void finish(struct queue *q)
{
	struct task *t;
	while ((t = queue_take(q)))
		t->done(t, t->ran);
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->more);
	pthread_cond_signal(&w->change);
	pthread_mutex_unlock(&w->lock);
	if (w->watched)
		pthread_join(w->watcher, NULL);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->list[i].thread, NULL);
	finish(&w->finished);
	finish(&w->waiting);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->change);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void workers_add(struct workers *w, struct task *t, bool urgent)
{
	t->ran = false;
	pthread_mutex_lock(&w->lock);
	if (urgent)
		queue_add_first(&w->waiting, t);
	else
		queue_add(&w->waiting, t);
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

int workers_fd(const struct workers *w)
{
	return w->fd;
}

void workers_collect(struct workers *w)
{
	eventfd_t count;
	eventfd_read(w->fd, &count);
	pthread_mutex_lock(&w->lock);
	struct queue finished = w->finished;
	w->finished = (struct queue){0};
	pthread_mutex_unlock(&w->lock);
	finish(&finished);
}

bool workers_ending(const struct workers *w)
{
	return w->ending;
}
