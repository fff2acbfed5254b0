/* Packets decoded ahead, in batches that go round between two threads. */
#include "packets_ahead.h"

#include "cores.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH 256 /* packets */
#define RING 8    /* batches */
#define ALONE 16  /* batches before a thread is worth its start */

struct batch {
	struct packet packets[BATCH];
	size_t count;
};

struct packets_ahead {
	struct packets *packets;
	struct batch ring[RING];
	struct batch *batch; /* in hand; NULL: none */
	size_t at;           /* in it, the next packet */
	bool threaded, alone;
	pthread_t thread;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	size_t decoded, taken; /* batches so far: the ring has the rest */
	bool last;             /* the last one is decoded */
	bool unwanted;
};

struct packets_ahead *packets_ahead_new(struct packets *packets)
{
	struct packets_ahead *a = xcalloc(1, sizeof *a);
	a->packets = packets;
	a->alone = cores_usable(2) < 2;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	return a;
}

/* Of one batch, which is nobody's meanwhile. */
static void decode(struct packets_ahead *a)
{
	struct batch *b = &a->ring[a->decoded % RING];
	for (b->count = 0; b->count < BATCH; b->count++)
		if (!packets_next(a->packets, &b->packets[b->count]))
			break;
	pthread_mutex_lock(&a->lock);
	a->decoded++;
	a->last = b->count < BATCH;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* False if no more are to be decoded. */
static bool wait_for_room(struct packets_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->decoded - a->taken == RING && !a->unwanted)
		pthread_cond_wait(&a->changed, &a->lock);
	bool wanted = !a->last && !a->unwanted;
	pthread_mutex_unlock(&a->lock);
	return wanted;
}

static void *decode_all(void *context)
{
	while (wait_for_room(context))
		decode(context);
	return NULL;
}

/* Without a thread it is done here, when there is nothing else to do. */
static void decode_more(struct packets_ahead *a)
{
	if (a->threaded || a->last)
		return;
	if (!a->alone && a->decoded >= ALONE) {
		a->threaded = !pthread_create(&a->thread, NULL, decode_all, a);
		a->alone = !a->threaded;
	}
	if (!a->threaded)
		decode(a);
}

/* Gives back what is in hand. */
static bool take_batch(struct packets_ahead *a)
{
	decode_more(a);
	pthread_mutex_lock(&a->lock);
	a->taken += a->batch != NULL;
	pthread_cond_signal(&a->changed);
	while (a->taken == a->decoded && !a->last)
		pthread_cond_wait(&a->changed, &a->lock);
	bool any = a->taken < a->decoded;
	pthread_mutex_unlock(&a->lock);
	a->batch = any ? &a->ring[a->taken % RING] : NULL;
	a->at = 0;
	return any && a->batch->count;
}

const struct packet *packets_ahead_next(struct packets_ahead *a)
{
	if (a->batch && a->at < a->batch->count)
		return &a->batch->packets[a->at++];
	return take_batch(a) ? &a->batch->packets[a->at++] : NULL;
}

void packets_ahead_free(struct packets_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->unwanted = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (a->threaded)
		pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
