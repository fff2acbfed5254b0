/* Threads for what takes long, so that the event loops' need not wait. */
#include "workers.h"

#include "thread.h"

#include "capture/log.h"

#include <errno.h>
#include <pthread.h>
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

struct pool {
	pthread_mutex_t lock; /* of all queues */
	pthread_cond_t more;  /* in waiting, or the end */
	struct queue waiting;
	atomic_bool ending;
	unsigned users;
	unsigned planned, count; /* threads: to be, and there */
	pthread_t threads[];
};

struct workers {
	struct pool *pool;
	struct queue finished;
	int fd; /* an eventfd: counts what was put into finished */
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
static struct task *take_task(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->waiting.first && !p->ending)
		pthread_cond_wait(&p->more, &p->lock);
	struct task *t = p->ending ? NULL : queue_take(&p->waiting);
	pthread_mutex_unlock(&p->lock);
	return t;
}

/* From then on the task is its loop's. */
static void hand_back(struct pool *p, struct task *t)
{
	int fd = t->from->fd;
	t->ran = true;
	pthread_mutex_lock(&p->lock);
	queue_add(&t->from->finished, t);
	pthread_mutex_unlock(&p->lock);
	eventfd_write(fd, 1); /* fails only if the reader is far behind */
}

static void *work(void *context)
{
	struct pool *p = context;
	struct matcher *m = matcher_new();
	struct task *t;
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	while ((t = take_task(p))) {
		t->run(t, m);
		hand_back(p, t);
	}
	matcher_free(m);
	return NULL;
}

static int start(struct pool *p)
{
	int error = 0;
	for (; p->count < p->planned && !error; p->count += !error)
		error = thread_start(&p->threads[p->count], work, p);
	return error;
}

static struct workers *add_user(struct pool *p)
{
	struct workers *w = xcalloc(1, sizeof *w);
	w->pool = p;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->users++;
	return w;
}

static void close_user(struct workers *w)
{
	struct pool *p = w->pool;
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	if (--p->users)
		return;
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

struct workers *workers_new(unsigned count)
{
	struct pool *p = xcalloc(1, sizeof *p + count * sizeof *p->threads);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->planned = count;
	struct workers *w = add_user(p);
	if (w->fd >= 0)
		return w;
	log_warn("cannot start threads: %s", strerror(errno));
	workers_free(w);
	return NULL;
}

int workers_start(struct workers *w)
{
	int error = start(w->pool);
	if (error)
		log_warn("cannot start a thread: %s", strerror(error));
	return error ? -1 : 0;
}

struct workers *workers_beside(struct workers *w)
{
	struct workers *beside = add_user(w->pool);
	if (beside->fd >= 0)
		return beside;
	log_warn("cannot wait for threads: %s", strerror(errno));
	close_user(beside);
	return NULL;
}

static void finish(struct queue *q)
{
	struct task *t;
	while ((t = queue_take(q)))
		t->done(t, t->ran);
}

static void end_threads(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->count; i++)
		pthread_join(p->threads[i], NULL);
	p->count = 0;
}

static struct queue take_waiting_of(struct workers *w)
{
	struct queue all = w->pool->waiting, own = {0};
	struct task *t;
	w->pool->waiting = (struct queue){0};
	while ((t = queue_take(&all)))
		queue_add(t->from == w ? &own : &w->pool->waiting, t);
	return own;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	end_threads(w->pool);
	struct queue waiting = take_waiting_of(w);
	finish(&w->finished);
	finish(&waiting);
	close_user(w);
}

void workers_add(struct workers *w, struct task *t, bool urgent)
{
	struct pool *p = w->pool;
	t->ran = false;
	t->from = w;
	pthread_mutex_lock(&p->lock);
	if (urgent)
		queue_add_first(&p->waiting, t);
	else
		queue_add(&p->waiting, t);
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
}

int workers_fd(const struct workers *w)
{
	return w->fd;
}

void workers_collect(struct workers *w)
{
	eventfd_t count;
	eventfd_read(w->fd, &count);
	pthread_mutex_lock(&w->pool->lock);
	struct queue finished = w->finished;
	w->finished = (struct queue){0};
	pthread_mutex_unlock(&w->pool->lock);
	finish(&finished);
}

bool workers_ending(const struct workers *w)
{
	return w->pool->ending;
}
