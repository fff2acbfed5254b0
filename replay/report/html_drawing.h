/* The chain of a report drawn, with what its rows say in words. For
 * html_picture.c alone. */
#ifndef REPORT_HTML_DRAWING_H
#define REPORT_HTML_DRAWING_H

#include "html_layout.h"
#include "html_page.h"

struct picture {
	struct page *p;
	struct layout layout;
	const struct layout_item *items; /* one for each exchange */
};

/* Appends it as SVG, each row a link to the details of its exchange. */
void picture_draw(const struct picture *d);

/* "#2 to #20, 9 of www.site.example: image" */
void picture_group(const struct picture *d, const struct layout_row *r);
/* ", linked in #1; does not come back: ..." */
void picture_cause(const struct picture *d, uint32_t i);
enum html_kind picture_kind(const struct picture *d,
			    const struct layout_row *r);

#endif
