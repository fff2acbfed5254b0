/* The order of exchanges in a recording. */
#include "ranks.h"

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

#define AHEAD 8 /* exchanges fetched before their turn */

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
	for (size_t i = 0; i < n; i++) {
		if (n - i > AHEAD)
			prefetch(sorted[i + AHEAD].exchange,
				 sizeof(struct exchange));
		joined[i] = *sorted[i].exchange;
	}
	free(ranks);
	free(spare);
	*count = n;
	return joined;
}
