/* Times of the capture's clock, written. */
#include "stamp.h"

#define SECOND INT64_C(1000000000)

void stamp_print(struct buf *out, int64_t time)
{
	bool negative = time < 0;
	uint64_t t = negative ? -(uint64_t)time : (uint64_t)time;
	unsigned long long seconds = t / SECOND;
	unsigned fraction = (unsigned)(t % SECOND);
	buf_printf(out, "%s%llu.", negative ? "-" : "", seconds);
	if (fraction % 1000)
		buf_printf(out, "%09u", fraction);
	else
		buf_printf(out, "%06u", fraction / 1000);
}
