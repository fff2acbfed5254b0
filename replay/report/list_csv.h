/* A row of the table as comma-separated values (RFC 4180). */
#ifndef REPORT_LIST_CSV_H
#define REPORT_LIST_CSV_H

#include "capture/bytes.h"

/* Appends a line of the tab-separated table, with or without its line break, in
 * which nothing but ASCII that can be seen is left; ends it with CRLF.
 *
 * What spreadsheets take for a formula gets an apostrophe before it: a cell
 * that begins with = + - or @, but for the lone "-" that means none; also one
 * that begins with an apostrophe, so that whoever takes the first one off gets
 * every cell as it was. */
void list_csv(struct buf *out, struct slice row);

#endif
