/* The terminal that a descriptor leads to, if it does, and how wide text stands
 * on one. */
#ifndef CAPTURE_TERMINAL_H
#define CAPTURE_TERMINAL_H

#include "bytes.h"

/* Whether it is a terminal on which a line can be drawn over and coloured:
 * TERM=dumb says that it is none. */
bool terminal_is(int fd);

/* Whether the terminal is ours to draw on: no job in the background. */
bool terminal_is_ours(int fd);

/* Its width in columns: $COLUMNS, else what the terminal says, else 80. */
size_t terminal_width(int fd);

/* Takes characters as UTF-8, whatever the user's locale: the kit writes no
 * other ones. Opens files, hence before the process is confined. Without it
 * each byte of a character counts as a column, so that lines come out shorter
 * than they might be. */
void terminal_begin(void);

/* Columns of text that is safe for a terminal, without control bytes: East
 * Asian characters take two, combining ones none. */
size_t terminal_columns(struct slice text);

/* The most of text, from its start, that takes at most max columns. */
struct slice terminal_start(struct slice text, size_t max);
/* The same from its end. */
struct slice terminal_end(struct slice text, size_t max);

/* Appends text in at most max columns. Of one that is wider an ellipsis stands
 * for the rest: at its end, or in its middle. Returns whether it was. */
bool terminal_cut(struct buf *out, struct slice text, size_t max, bool middle);

#endif
