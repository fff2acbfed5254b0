/* The order of exchanges in a recording. */
#include "ranks.h"

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

struct rank *ranks_sort(struct rank *ranks, struct rank *spare, size_t count)
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
