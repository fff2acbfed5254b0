/* Lengths and digests of the bodies of all responses, worked out ahead of who
 * reads them, on every core.
 *
 * A few exchanges at a time are a batch. Whoever is free takes the next one:
 * the threads, and the reader when what it waits for is another's. */
#include "sums.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BATCH ((size_t)8)   /* exchanges */
#define AHEAD ((size_t)256) /* batches that are not read yet */

struct batch {
	struct body_sum sums[BATCH];
	bool done;
};

struct sums {
	const struct recording *r;
	size_t next;    /* exchange that is read; the reader's own */
	size_t batches; /* in all */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t room;  /* a batch may be taken, or the end */
	pthread_cond_t done;  /* one was worked out */
	size_t taken, read;   /* batches */
	struct batch ring[AHEAD];

	atomic_bool ending;
	struct digest digest; /* the reader's */
	unsigned count;
	pthread_t threads[];
};

/* ---- one body ---- */

/* digest NULL: only its length. False if told to end. */
static bool read_body(const struct exchange *e, struct body_sum *sum,
		      struct digest *digest, const atomic_bool *ending)
{
	struct body_reader r = exchange_response_body(e);
	struct slice bytes;
	sum->bytes = 0;
	sum->whole = true;
	while (body_next(&r, &bytes)) {
		if (!bytes.data) {
			sum->whole = false;
			continue;
		}
		sum->bytes += bytes.len;
		if (!digest)
			continue;
		digest_add(digest, bytes);
		if (atomic_load_explicit(ending, memory_order_relaxed))
			return false;
	}
	return true;
}

void body_measure(const struct exchange *e, struct body_sum *sum)
{
	/* Of a complete one that is known. */
	if (e->state != EXCHANGE_COMPLETE) {
		read_body(e, sum, NULL, NULL);
		return;
	}
	sum->bytes = e->body_bytes;
	sum->whole = true;
}

static void body_sum(const struct exchange *e, struct body_sum *sum,
		     struct digest *digest, const atomic_bool *ending)
{
	sum->bytes = 0;
	sum->whole = false;
	if (!e->response_head.len)
		return;
	digest_start(digest);
	if (read_body(e, sum, digest, ending) && sum->whole)
		digest_finish(digest, sum->sha256);
}

/* ---- batches ---- */

static struct batch *batch_at(struct sums *s, size_t i)
{
	return &s->ring[i % AHEAD];
}

static bool may_take(const struct sums *s)
{
	return s->taken < s->batches && s->taken - s->read < AHEAD;
}

/* Under the lock, which is let go of meanwhile. */
static void work_one(struct sums *s, struct digest *digest)
{
	size_t i = s->taken++, first = i * BATCH;
	struct batch *b = batch_at(s, i);
	b->done = false;
	pthread_mutex_unlock(&s->lock);
	for (size_t k = 0; k < BATCH && first + k < s->r->count; k++)
		body_sum(&s->r->exchanges[first + k], &b->sums[k], digest,
			 &s->ending);
	pthread_mutex_lock(&s->lock);
	b->done = true;
	pthread_cond_signal(&s->done);
}

static void *work(void *context)
{
	struct sums *s = context;
	struct digest digest = {0};
	pthread_mutex_lock(&s->lock);
	while (!s->ending && s->taken < s->batches) {
		if (may_take(s))
			work_one(s, &digest);
		else
			pthread_cond_wait(&s->room, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	digest_release(&digest);
	return NULL;
}

/* ---- the reader ---- */

struct sums *sums_new(const struct recording *r, unsigned threads)
{
	unsigned others = threads ? threads - 1 : 0;
	struct sums *s = xcalloc(1, sizeof *s + others * sizeof *s->threads);
	s->r = r;
	s->batches = r->count / BATCH + (r->count % BATCH != 0);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->room, NULL);
	pthread_cond_init(&s->done, NULL);
	while (s->count < others && s->batches > 1 &&
	       !pthread_create(&s->threads[s->count], NULL, work, s))
		s->count++;
	return s;
}

/* To batch i; those before it have been read. */
static void go_on(struct sums *s, size_t i)
{
	pthread_mutex_lock(&s->lock);
	s->read = i;
	/* Not for each batch: to be woken takes longer than a small one. */
	if (s->taken - i <= AHEAD / 2)
		pthread_cond_broadcast(&s->room);
	while (s->taken <= i || !batch_at(s, i)->done) {
		if (may_take(s))
			work_one(s, &s->digest);
		else
			pthread_cond_wait(&s->done, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

const struct body_sum *sums_next(struct sums *s)
{
	size_t i = s->next++;
	if (i % BATCH == 0)
		go_on(s, i / BATCH);
	return &batch_at(s, i / BATCH)->sums[i % BATCH];
}

void sums_free(struct sums *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->room);
	pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->count; i++)
		pthread_join(s->threads[i], NULL);
	pthread_cond_destroy(&s->done);
	pthread_cond_destroy(&s->room);
	pthread_mutex_destroy(&s->lock);
	digest_release(&s->digest);
	free(s);
}
