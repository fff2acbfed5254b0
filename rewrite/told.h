/* What is told of an answer in the log: notes on one line. */
#ifndef REWRITE_TOLD_H
#define REWRITE_TOLD_H

#include "capture/bytes.h"

/* Appends a note, "; " before it if it is not the first; control bytes in it as
 * \xHH. What is longer than a line of the log may be is cut. */
void told_note(struct buf *told, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
