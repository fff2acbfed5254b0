/* Where what stands in the picture of a chain: a row for each exchange, or for
 * several that are alike and led to nothing; a lane for each host. Pure. */
#ifndef REPORT_HTML_LAYOUT_H
#define REPORT_HTML_LAYOUT_H

#include "capture/bytes.h"

#define LAYOUT_NONE UINT32_MAX
#define LAYOUT_LANES_MAX 16U
/* Up to so many exchanges each has a row of its own. */
#define LAYOUT_SINGLE_MAX 60U
#define LAYOUT_ROWS_MAX 400U

/* An exchange. */
struct layout_item {
	uint32_t host;  /* any number */
	uint32_t cause; /* an earlier item, or LAYOUT_NONE */
	uint8_t kind;   /* only items of the same may share a row, */
	uint8_t by;     /* and of the same of these */
	bool alone;     /* it has a row of its own in any case */
};

struct layout_row {
	uint32_t first; /* item */
	uint32_t last;  /* the last of those that share the row */
	uint32_t count; /* how many do */
	uint32_t cause; /* row, the nearest that is there; or LAYOUT_NONE */
	uint32_t lane;
};

struct layout {
	struct layout_row *rows; /* in the order of their first items */
	uint32_t row_count;
	uint32_t left_out;                /* items without a row */
	uint32_t lanes[LAYOUT_LANES_MAX]; /* hosts; in the order of their first
					     rows */
	uint32_t lane_count;
	uint32_t rest;    /* hosts that share the last lane, which then has the
			     first of them; 0: none */
	uint32_t *row_of; /* of each item, or LAYOUT_NONE */
};

void layout_make(struct layout *l, const struct layout_item *items,
		 uint32_t count);
void layout_release(struct layout *l);

#endif
