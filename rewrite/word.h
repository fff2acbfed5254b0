/* The word that somebody meant who wrote another. */
#ifndef REWRITE_WORD_H
#define REWRITE_WORD_H

#include "capture/bytes.h"

/* The nearest of the words, without case, or NULL if none is near: more than
 * two letters added, missing, wrong or changed round (one in a word of two or
 * three letters, none in one of one). */
const char *word_nearest(struct slice word, const char *const *words,
			 size_t count);

#endif
