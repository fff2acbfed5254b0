/* Bytes of a capture for people at a terminal. */
#ifndef CAPTURE_VISIBLE_H
#define CAPTURE_VISIBLE_H

#include "bytes.h"

#include <stdio.h>

/* Writes text: ASCII and tabs as they are, and what is UTF-8 and stands for a
 * character that can be seen. Every other byte as \xHH: control bytes, those of
 * characters that steer a terminal or turn the direction of writing, and what
 * is not UTF-8. A backslash stands for itself. */
void visible_print(FILE *out, struct slice text);

/* The length of the visible character that s, which is not empty, begins with;
 * 0 if it is to be written as \xHH. */
size_t visible_len(struct slice s);

/* at, or a little before or behind it, where it is inside a character. */
size_t visible_back(struct slice text, size_t at);
size_t visible_ahead(struct slice text, size_t at);

#endif
