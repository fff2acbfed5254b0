/* Numbers and names as people read them, in text and in pages alike. */
#include "words.h"

#include <inttypes.h>

void words_count(struct buf *out, uint64_t n, const char *what)
{
	buf_printf(out, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

void words_bytes(struct buf *out, uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)n / 1e3;
	size_t unit = 0;
	if (n < 10000) {
		words_count(out, n, "byte");
		return;
	}
	for (; value >= 1e3 && unit < 3; unit++)
		value /= 1e3;
	buf_printf(out, "%.1f %s", value, units[unit]);
}

void words_url(struct buf *out, const struct exchange *e)
{
	struct url url = exchange_url(e);
	if (slice_equal(exchange_method(e), SLICE("CONNECT")))
		buf_add(out, exchange_target(e)); /* no URL: RFC 9110 9.3.6 */
	else
		url_print(out, &url);
}
