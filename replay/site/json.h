/* Bytes of any kind as a JSON string. */
#ifndef SITE_JSON_H
#define SITE_JSON_H

#include "capture/bytes.h"

/* Appends s with its quotes; data NULL: null. What is not UTF-8 becomes one
 * character a byte, U+0000 to U+00FF, as browsers do with header fields. */
void json_add(struct buf *out, struct slice s);
/* The same; of more than max bytes the first, and an ellipsis. */
void json_add_start(struct buf *out, struct slice s, size_t max);

#endif
