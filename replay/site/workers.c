/* Threads for what takes long, so that the event loop's need not wait. */
#include "workers.h"

#include "capture/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* As nice as can be: a loop that is busy all the time is not to notice. Lower
 * still (SCHED_IDLE for what takes long) was no better for it, and made those
 * who wait for an answer starve beside a busy virtual machine. */
#define NICENESS 19

/* First in, first out. */
struct queue {
	struct task *first, *last;
};

struct workers {
	pthread_mutex_t lock; /* of both queues */
	pthread_cond_t more;  /* in waiting, or the end */
	struct queue waiting, finished;
	atomic_bool ending;
	int fd;         /* an eventfd: counts what was put into finished */
	unsigned count; /* of threads that are there */
	unsigned planned;
	pthread_t threads[];
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

/* The next task; NULL at the end. */
static struct task *take_task(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->waiting.first && !w->ending)
		pthread_cond_wait(&w->more, &w->lock);
	struct task *t = w->ending ? NULL : queue_take(&w->waiting);
	pthread_mutex_unlock(&w->lock);
	return t;
}

static void hand_back(struct workers *w, struct task *t)
{
	t->ran = true;
	pthread_mutex_lock(&w->lock);
	queue_add(&w->finished, t);
	pthread_mutex_unlock(&w->lock);
	eventfd_write(w->fd, 1); /* fails only if the reader is far behind */
}

static void *work(void *context)
{
	struct workers *w = context;
	struct matcher *m = matcher_new();
	struct task *t;
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while ((t = take_task(w))) {
		t->run(t, m);
		hand_back(w, t);
	}
	matcher_free(m);
	return NULL;
}

/* Signals are the loop's. */
static int start(struct workers *w)
{
	sigset_t all, before;
	int error = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; w->count < w->planned && !error; w->count += !error)
		error = pthread_create(&w->threads[w->count], NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct workers *workers_new(unsigned count)
{
	struct workers *w = xcalloc(1, sizeof *w + count * sizeof *w->threads);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->planned = count;
	if (w->fd >= 0)
		return w;
	log_warn("cannot start threads: %s", strerror(errno));
	workers_free(w);
	return NULL;
}

int workers_start(struct workers *w)
{
	int error = start(w);
	if (error)
		log_warn("cannot start a thread: %s", strerror(error));
	return error ? -1 : 0;
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
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++)
		pthread_join(w->threads[i], NULL);
	finish(&w->finished);
	finish(&w->waiting);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->more);
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
