/* The last column of --compare, in words. What is appended holds hostile
 * bytes. */
#ifndef REPORT_COMPARE_DETAIL_H
#define REPORT_COMPARE_DETAIL_H

#include "compare.h"

/* Of a recorded exchange, by its row. */
void compare_detail(const struct comparison *c, uint32_t row, struct buf *out);
/* Of a request that stands for no recorded exchange. */
void compare_miss_detail(const struct comparison *c, uint32_t asking,
			 struct buf *out);

/* "#3 GET http://host/path" */
void compare_name(const struct recording *r, uint32_t i, struct buf *out);

/* The first asking of a row that makes it what it is. */
const struct asking *row_asking(const struct comparison *c,
				const struct row *r);

#endif
