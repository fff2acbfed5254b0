/* Numbers, times and names as people read them, in a page. */
#include "html_words.h"

#include "survey.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

void html_count(struct buf *out, uint64_t n, const char *what)
{
	buf_printf(out, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

void html_size(struct buf *out, uint64_t n)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double value = (double)n / 1e3;
	size_t unit = 0;
	if (n < 10000) {
		html_count(out, n, "byte");
		return;
	}
	for (; value >= 1e3 && unit < 3; unit++)
		value /= 1e3;
	buf_printf(out, "%.1f %s", value, units[unit]);
}

void html_share(struct buf *out, uint64_t part, uint64_t whole)
{
	unsigned share = survey_share(part, whole);
	buf_printf(out, "%u.%u\xc2\xa0%%", share / 10, share % 10);
}

void html_seconds(struct buf *out, int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;
	char machine[32], people[32];
	if (!gmtime_r(&time, &tm) ||
	    !strftime(machine, sizeof machine, "%Y-%m-%dT%H:%M:%SZ", &tm) ||
	    !strftime(people, sizeof people, "%Y-%m-%d %H:%M:%S UTC", &tm))
		return;
	buf_printf(out, "<time datetime=\"%s\">%s</time>", machine, people);
}

void html_time(struct buf *out, int64_t time)
{
	html_seconds(out, time / SECOND);
}

void html_duration(struct buf *out, int64_t time)
{
	double seconds = (double)time / 1e9;
	if (seconds < 10)
		buf_printf(out, "%.3f s", seconds);
	else if (seconds < 120)
		buf_printf(out, "%.1f s", seconds);
	else if (seconds < 7200)
		buf_printf(out, "%.1f minutes", seconds / 60);
	else if (seconds < 172800)
		buf_printf(out, "%.1f hours", seconds / 3600);
	else
		buf_printf(out, "%.0f days", seconds / 86400);
}

void html_address(struct buf *out, const struct address *a)
{
	buf_add_string(out, "<code>");
	address_print(out, a);
	buf_add_string(out, "</code>");
}

void html_endpoint(struct buf *out, const struct endpoint *e)
{
	if (!e->port) {
		html_address(out, &e->address);
		return;
	}
	buf_add_string(out, "<code>");
	endpoint_print(out, e);
	buf_add_string(out, "</code>");
}

void html_digest(struct buf *out, const uint8_t *digest, size_t len)
{
	buf_add_string(out, "<code class=\"d\">");
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%02x", digest[i]);
	buf_add_string(out, "</code>");
}

void exchange_text(struct buf *out, const struct exchange *e)
{
	struct url url = exchange_url(e);
	if (slice_equal(e->method, SLICE("CONNECT")))
		buf_add(out, e->target); /* no URL: RFC 9110 9.3.6 */
	else
		url_print(out, &url);
}
