/* The word that somebody meant who wrote another. */
#include "word.h"

#define WORD_MAX 16 /* no word of the rule language is longer */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits from a to b, two neighbours changed round counting as one (optimal
 * string alignment). */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	for (unsigned i = 0; i <= a.len; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= b.len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		for (size_t j = 1; j <= b.len; j++) {
			uint8_t x = byte_lower(a.data[i - 1]);
			uint8_t y = byte_lower(b.data[j - 1]);
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == byte_lower(b.data[j - 2]) &&
			    y == byte_lower(a.data[i - 2]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.len][b.len];
}

const char *word_nearest(struct slice word, const char *const *words,
			 size_t count)
{
	const char *nearest = NULL;
	unsigned limit = word.len < 2 ? 0 : word.len < 4 ? 1 : 2;
	if (!word.len || word.len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct slice known = slice_of(words[i]);
		unsigned d =
		    known.len <= WORD_MAX ? distance(word, known) : limit + 1;
		if (d > limit)
			continue;
		nearest = words[i];
		if (!d)
			break;
		limit = d - 1;
	}
	return nearest;
}
