/* A set of names, each of them with a kind and an address, each kept once. */
#ifndef CAPTURE_NAMESET_H
#define CAPTURE_NAMESET_H

#include "names.h"

/* What a hostile recording can make us keep. */
#define NAMESET_MAX 1000000U
#define NAMESET_BYTES_MAX ((size_t)64 << 20)
#define NAMESET_TEXT_MAX 512U

struct nameset;

struct nameset *nameset_new(void);
void nameset_free(struct nameset *s);

/* Copies the name. Names are the same if kind, address and text are, the text
 * without case; the first form is kept. False if it is new and the set is
 * full, or its text is longer than NAMESET_TEXT_MAX. */
bool nameset_add(struct nameset *s, const struct name *name);
bool nameset_has(const struct nameset *s, const struct name *name);

/* In the order added, or sorted: by text, address, kind. Texts live as long
 * as the set, the struct until the next nameset_add or nameset_sort. */
size_t nameset_count(const struct nameset *s);
const struct name *nameset_get(const struct nameset *s, size_t i);
void nameset_sort(struct nameset *s);

#endif
