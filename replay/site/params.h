/* Named values in a query, a form or a JSON object, compared by name and by
 * value. */
#ifndef SITE_PARAMS_H
#define SITE_PARAMS_H

#include "capture/bytes.h"

#define PARAMS_MAX 64

struct param {
	struct slice name, value; /* raw: nothing is decoded */
};

/* Sorted by name, then by value. */
struct params {
	struct param list[PARAMS_MAX];
	size_t count;
};

/* "a=1&b=2". False, and none in p, if there are more than
 * PARAMS_MAX. */
bool params_of_query(struct slice query, struct params *p);
/* A body of application/x-www-form-urlencoded, or the members of a JSON
 * object's top level. Told by the bytes, since scripts often label them
 * wrongly. False, and none in p, if it is neither or has more than PARAMS_MAX.
 */
bool params_of_body(struct slice body, struct params *p);

/* Both have the same names, as often. */
bool params_same_names(const struct params *a, const struct params *b);
/* How many values are equal too; only where the names are the same. */
size_t params_equal_values(const struct params *a, const struct params *b);

#endif
