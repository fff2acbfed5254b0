/* Bytes of a capture as text of an HTML page: whatever they are, they are read
 * and never run. Pure; all of it appends to out. */
#ifndef REPORT_HTML_TEXT_H
#define REPORT_HTML_TEXT_H

#include "capture/bytes.h"

/* As text between tags and as the value of an attribute in double quotes. What
 * is no visible character (see visible.h) stands there as \xHH, in text within
 * <b>. */
void html_add(struct buf *out, struct slice text);
void html_add_value(struct buf *out, struct slice text);

/* The same of at most max bytes of it; how many there are is told behind. */
void html_add_clipped(struct buf *out, struct slice text, size_t max);
void html_add_value_clipped(struct buf *out, struct slice text, size_t max);

/* Appends lines of text for <pre>, where LF and CR LF end a line, until room
 * bytes of the page are used up. Returns how many bytes of text that were. */
size_t html_add_lines(struct buf *out, struct slice text, size_t room);

/* The same as a hex dump, 16 bytes a line. */
size_t html_add_hex(struct buf *out, struct slice bytes, size_t room);

#endif
