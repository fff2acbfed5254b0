/* The values of replay --check --format json, and the parts that have files of
 * their own. For check_json*.c and check_values.c alone. */
#ifndef REPORT_CHECK_JSON_H
#define REPORT_CHECK_JSON_H

#include "check_print.h"
#include "value.h"

#define LISTED_MAX 1000U /* entries of a list */

/* ---- values ---- */

json_t *value_number(uint64_t n);
json_t *value_words(const char *text); /* NULL: null */
json_t *value_percent(uint64_t part, uint64_t whole);
json_t *value_seconds(int64_t time); /* since the epoch, of nanoseconds */
json_t *value_url(const struct exchange *e);
json_t *value_address(const struct address *a);
json_t *value_endpoint(const struct endpoint *e);
/* An exchange as an object, to which more is added. */
json_t *value_exchange(const struct survey *s, size_t i);
/* Takes the value. */
void value_set(json_t *o, const char *key, json_t *value);

/* A list of what is bounded, and what of it is left out. */
struct list {
	json_t *array;
	size_t max, left_out;
};

struct list list_of(size_t max);
/* Whether one more goes in; counts it as left out if not. */
bool list_has_room(struct list *l);
void list_end(json_t *o, json_t *left_out, const char *key, struct list *l);

/* ---- parts ---- */

void json_brought(json_t *o, json_t *left_out, const struct survey *s);
void json_twin(json_t *o, json_t *left_out, const struct survey *s);
void json_traffic(json_t *o, json_t *left_out, const struct survey *s);

#endif
