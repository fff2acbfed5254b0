/* Tables and what else is written to standard output. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "capture/bytes.h"

/* Writes the bytes and clears out. Returns 0, or -1 if they cannot be written:
 * said, unless nobody reads any more. */
int output_flush(struct buf *out);

/* Appends what stands in a column of a table: escaped, "-" for nothing. */
void output_text(struct buf *out, struct slice text);
/* The same, and the tab behind it. */
void output_cell(struct buf *out, struct slice text);

#endif
