/* Times of the capture's clock, written. */
#ifndef CAPTURE_STAMP_H
#define CAPTURE_STAMP_H

#include "bytes.h"

/* Seconds since the epoch with six decimals, or nine if the capture's clock
 * told more than microseconds here. time is in nanoseconds. */
void stamp_print(struct buf *out, int64_t time);

#endif
