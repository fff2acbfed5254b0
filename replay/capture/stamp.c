/* Times of the capture's clock, written. */
#include "stamp.h"

#define SECOND INT64_C(1000000000)

/* With zeros before it. */
static void add_digits(struct buf *out, unsigned value, int count)
{
	char digits[9];
	for (int i = count; i-- > 0; value /= 10)
		digits[i] = (char)('0' + value % 10);
	buf_add(out, (struct slice){(const uint8_t *)digits, (size_t)count});
}

void stamp_print(struct buf *out, int64_t time)
{
	uint64_t t = time < 0 ? -(uint64_t)time : (uint64_t)time;
	unsigned fraction = (unsigned)(t % SECOND);
	if (time < 0)
		buf_add_byte(out, '-');
	buf_add_number(out, t / SECOND);
	buf_add_byte(out, '.');
	if (fraction % 1000)
		add_digits(out, fraction, 9);
	else
		add_digits(out, fraction / 1000, 6);
}
