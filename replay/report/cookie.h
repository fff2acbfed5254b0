/* The parts of Cookie and Set-Cookie fields (RFC 6265 4.2.1, 5.2). All borrow.
 */
#ifndef REPORT_COOKIE_H
#define REPORT_COOKIE_H

#include "capture/bytes.h"

/* Cuts the next part off a list of them, as far as a ";". */
struct slice cookie_next(struct slice *rest);

/* Of a part: what stands before its first "=", and behind it. */
struct slice cookie_name(struct slice part);
struct slice cookie_value(struct slice part);

#endif
