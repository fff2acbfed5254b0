/* Why a recorded exchange was most likely not asked for. */
#ifndef REPORT_COMPARE_WHY_H
#define REPORT_COMPARE_WHY_H

#include "compare.h"

/* Of row i, which was not asked for; all else of c is there. */
enum compare_why compare_why(const struct comparison *c, uint32_t i);

/* Appends it in words. */
void compare_why_tell(const struct comparison *c, uint32_t i, struct buf *out);

#endif
