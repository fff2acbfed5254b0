/* Shares, times and names as they stand in a page. */
#include "html_words.h"

#include "survey.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

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
	buf_add_hex(out, (struct slice){digest, len});
	buf_add_string(out, "</code>");
}
