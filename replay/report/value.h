/* Values of JSON reports. */
#ifndef REPORT_VALUE_H
#define REPORT_VALUE_H

#include "capture/bytes.h"

#include <jansson.h>

/* A string. JSON is UTF-8: what is not becomes one character a byte, U+0000 to
 * U+00FF, as browsers do with header fields ("isomorphic decode"). */
json_t *value_text(struct slice text);

/* The field lines of a head, each with "name" and "value", unfolded. */
json_t *value_fields(struct slice fields);

/* Appends a value in ASCII on a line of its own; takes it. */
void value_line(struct buf *out, json_t *value);

#endif
