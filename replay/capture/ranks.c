/* The order of exchanges in a recording. */
#include "ranks.h"

#include "cores.h"

#include <stdlib.h>

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

/* spare is as long. Returns which of both holds the result. The order of equal
 * positions stays. */
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

#define AHEAD 8    /* exchanges fetched before their turn */
#define MANY 10000 /* exchanges: less is not worth a thread's start */

/* A run of those that are joined, which one thread moves. */
struct part {
	const struct rank *sorted;
	struct exchange *joined;
	size_t count;
};

static void *move(void *context)
{
	const struct part *p = context;
	for (size_t i = 0; i < p->count; i++) {
		if (p->count - i > AHEAD)
			prefetch(p->sorted[i + AHEAD].exchange,
				 sizeof(struct exchange));
		p->joined[i] = *p->sorted[i].exchange;
	}
	return NULL;
}

/* Memory new to the process is much of the cost: it is shared too. */
static void move_all(const struct rank *sorted, struct exchange *joined,
		     size_t count, bool shared)
{
	size_t half = shared && count >= MANY ? count / 2 : count;
	struct part parts[] = {{sorted, joined, half},
			       {sorted + half, joined + half, count - half}};
	cores_run(move, parts, sizeof *parts, half < count ? 2 : 1);
}

/* They are large and many: their ranks are sorted, and each moves once. */
struct exchange *ranked_join(const struct ranked *lists, unsigned lists_len,
			     size_t *count)
{
	size_t all = 0, n = 0;
	for (unsigned i = 0; i < lists_len; i++)
		all += lists[i].count;
	size_t size = all * sizeof(struct rank);
	struct rank *ranks = expect_full(xmalloc(size), size);
	struct rank *spare = expect_full(xmalloc(size), size);
	for (unsigned i = 0; i < lists_len; i++)
		for (size_t k = 0; k < lists[i].count; k++) {
			const struct exchange *e = &lists[i].list[k];
			ranks[n++] = (struct rank){e->position, e};
		}
	const struct rank *sorted = sort_ranks(ranks, spare, n);
	size = n * sizeof(struct exchange);
	struct exchange *joined = expect_full(xmalloc(size), size);
	move_all(sorted, joined, n, lists_len > 1);
	free(ranks);
	free(spare);
	*count = n;
	return joined;
}
