/* The body of a message in a report: text, or the start of a hex dump. */
#ifndef REPORT_HTML_BODY_H
#define REPORT_HTML_BODY_H

#include "html_page.h"
#include "object.h"

/* Of the page, for one body. */
#define HTML_BODY_MAX ((size_t)64 << 10)
#define HTML_HEX_MAX ((size_t)6 << 10)

/* Whether bytes are to be shown as text: hardly any of their start would have
 * to be written as \xHH. */
bool html_is_text(struct slice bytes);

/* Takes its share of page.bodies. */
void html_body(struct page *p, uint32_t i, enum object_side side);

#endif
