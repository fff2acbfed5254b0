/* What rules make of an exchange, as a diff in a report. */
#ifndef REPORT_HTML_REWRITER_H
#define REPORT_HTML_REWRITER_H

#include "html_page.h"

struct html_rewriter;

/* Borrows both. */
struct html_rewriter *html_rewriter_new(const struct recording *r,
					const struct rules *rules,
					bool shift_dates);
void html_rewriter_free(struct html_rewriter *w);

/* Appends what the rules change of exchange i: nothing if they leave it.
 * Takes its share of page.diffs. */
void html_rewritten(struct page *p, uint32_t i);

/* Appends a unified diff for <pre>, each line marked by what it is. */
void html_add_diff(struct buf *out, struct slice diff);

#endif
