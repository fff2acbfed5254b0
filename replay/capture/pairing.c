/* Finds the exchanges of all connections, on every core: each worker takes some
 * connections at a time, what all found is put in order in the end. */
#include "pairing.h"

#include "log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_MAX 8
#define TAKE 64 /* connections at a time */

#define TLS_HANDSHAKE 22            /* a record's first byte: RFC 8446 5.1 */
#define HELLO_MAX ((size_t)1 << 16) /* a ClientHello longer than this: none */

struct worker {
	struct pairing *all;
	pthread_t thread;
	struct exchange *found;
	size_t count, room;
	struct spool *heads;
	struct buf scratch;
	struct flow_counts counts;
};

struct pairing {
	struct flows *flows;
	const struct source *source;
	const struct spool *spool;
	struct names *names; /* under lock */
	pthread_mutex_t lock;
	atomic_uint next; /* connection that nobody took yet */
	struct worker workers[WORKERS_MAX];
	unsigned worker_count;
	struct exchange *exchanges;
	size_t count;
	struct flow_counts counts;
};

static uint64_t position_of(const struct pairing *p, const uint8_t *byte)
{
	uint64_t position;
	if (spool_position(p->spool, byte, &position))
		return position;
	return source_position(p->source, byte);
}

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	struct worker *w = context;
	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 256;
		w->found = xreallocarray(w->found, w->room, sizeof *e);
	}
	w->found[w->count] = *e;
	w->found[w->count++].position = position_of(w->all, first);
}

/* If a side begins with a TLS handshake: its first bytes in one piece, up to
 * HELLO_MAX. */
static struct slice hello_bytes(struct worker *w, const struct stream *s,
				struct place from)
{
	struct span_reader r = span_read(s, (struct span){from, HELLO_MAX});
	struct slice bytes;
	buf_clear(&w->scratch);
	while (span_next(&r, &bytes) && bytes.data) {
		if (!w->scratch.len && bytes.data[0] != TLS_HANDSHAKE)
			break;
		buf_add(&w->scratch, bytes);
	}
	return buf_slice(&w->scratch);
}

static void take_server_names(struct worker *w, const struct talk *talk)
{
	for (int i = 0; i < 2; i++) {
		struct slice hello =
		    hello_bytes(w, &talk->flow->streams[i], talk->from[i]);
		if (!hello.len)
			continue;
		pthread_mutex_lock(&w->all->lock);
		names_add_tls(w->all->names, hello, &talk->flow->ends[!i]);
		pthread_mutex_unlock(&w->all->lock);
	}
}

static void read_flow(struct worker *w, struct flow *flow)
{
	struct talk talk = {.flow = flow};
	size_t before = w->count;
	do
		take_server_names(w, &talk);
	while (exchanges_find(&talk, w->heads, take, w));
	if (w->count == before)
		flow_drop(flow);
}

static void *work(void *context)
{
	struct worker *w = context;
	struct flows *flows = w->all->flows;
	uint32_t len = flows_len(flows), from;
	while ((from = atomic_fetch_add(&w->all->next, TAKE)) < len)
		for (uint32_t i = from; i < len && i < from + TAKE; i++)
			read_flow(w, flows_finish(flows, i, &w->counts));
	return NULL;
}

/* A worker is a thread but for the last one, which is the caller; without
 * threads the caller does all. */
static void run_workers(struct pairing *p)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = cores < 1 ? 1 : (unsigned)cores;
	if (count > WORKERS_MAX)
		count = WORKERS_MAX;
	if (flows_len(p->flows) <= TAKE)
		count = 1;
	for (unsigned i = 0; i < count; i++) {
		struct worker *w = &p->workers[i];
		w->all = p;
		w->heads = spool_new();
		p->worker_count++;
		if (i + 1 == count ||
		    pthread_create(&w->thread, NULL, work, w) != 0) {
			work(w);
			break;
		}
	}
	for (unsigned i = 0; i + 1 < p->worker_count; i++)
		pthread_join(p->workers[i].thread, NULL);
}

/* Where an exchange stands in the recording and in memory. */
struct rank {
	uint64_t position;
	const struct exchange *exchange;
};

#define DIGIT_BITS 11

/* One pass of a radix sort, from in to out, by the digit at shift. */
static void sort_digit(const struct rank *in, struct rank *out, size_t count,
		       unsigned shift)
{
	size_t starts[1 << DIGIT_BITS] = {0}, sum = 0;
	const uint64_t mask = (1 << DIGIT_BITS) - 1;
	for (size_t i = 0; i < count; i++)
		starts[in[i].position >> shift & mask]++;
	for (size_t d = 0; d <= mask; d++) {
		size_t n = starts[d];
		starts[d] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		out[starts[in[i].position >> shift & mask]++] = in[i];
}

/* Sorts ranks by position; spare is as long. Returns which of both holds the
 * result. The order of equal positions stays. */
static struct rank *sort_ranks(struct rank *ranks, struct rank *spare,
			       size_t count)
{
	uint64_t highest = 0;
	for (size_t i = 0; i < count; i++)
		highest |= ranks[i].position;
	for (unsigned shift = 0; shift < 64 && highest >> shift;
	     shift += DIGIT_BITS) {
		sort_digit(ranks, spare, count, shift);
		struct rank *swap = ranks;
		ranks = spare;
		spare = swap;
	}
	return ranks;
}

/* Exchanges were found flow by flow, and are told in the order of their
 * requests. They are large and many: their ranks are sorted, and each moves
 * once. */
static void put_in_order(struct pairing *p)
{
	for (unsigned i = 0; i < p->worker_count; i++)
		p->count += p->workers[i].count;
	struct rank *ranks = xmalloc(p->count * sizeof *ranks);
	struct rank *spare = xmalloc(p->count * sizeof *ranks);
	size_t n = 0;
	for (unsigned i = 0; i < p->worker_count; i++) {
		const struct worker *w = &p->workers[i];
		for (size_t k = 0; k < w->count; k++)
			ranks[n++] =
			    (struct rank){w->found[k].position, &w->found[k]};
	}
	const struct rank *sorted = sort_ranks(ranks, spare, n);
	p->exchanges = xmalloc(n * sizeof *p->exchanges);
	for (size_t i = 0; i < n; i++)
		p->exchanges[i] = *sorted[i].exchange;
	free(ranks);
	free(spare);
}

/* What the workers need no more. */
static void dismiss(struct pairing *p)
{
	for (unsigned i = 0; i < p->worker_count; i++) {
		struct worker *w = &p->workers[i];
		p->counts.gaps += w->counts.gaps;
		p->counts.stray += w->counts.stray;
		p->counts.conflicts += w->counts.conflicts;
		free(w->found);
		w->found = NULL;
		buf_release(&w->scratch);
	}
}

struct pairing *pairing_run(struct flows *flows, struct names *names,
			    const struct source *source,
			    const struct spool *spool)
{
	struct pairing *p = xcalloc(1, sizeof *p);
	p->flows = flows;
	p->names = names;
	p->source = source;
	p->spool = spool;
	pthread_mutex_init(&p->lock, NULL);
	run_workers(p);
	put_in_order(p);
	dismiss(p);
	return p;
}

struct exchange *pairing_exchanges(const struct pairing *p, size_t *count)
{
	*count = p->count;
	return p->exchanges;
}

const struct flow_counts *pairing_counts(const struct pairing *p)
{
	return &p->counts;
}

void pairing_free(struct pairing *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->worker_count; i++)
		spool_free(p->workers[i].heads);
	pthread_mutex_destroy(&p->lock);
	free(p->exchanges);
	free(p);
}
