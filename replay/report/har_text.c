/* Dates and URLs in the forms that HAR wants. */
#include "har_part.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

bool har_date(struct buf *out, int64_t time)
{
	int64_t fraction = time % SECOND;
	fraction += fraction < 0 ? SECOND : 0;
	time_t seconds = (time_t)((time - fraction) / SECOND);
	struct tm tm;
	if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
		return false;
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction % 1000)
		buf_printf(out, "%09dZ", (int)fraction);
	else
		buf_printf(out, "%06dZ", (int)(fraction / 1000));
	return true;
}

static bool is_hex(uint8_t c)
{
	c = byte_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_unreserved(uint8_t c)
{
	uint8_t lower = byte_lower(c);
	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~!$&'()*+,;=", c));
}

/* also: further bytes that may stand there. */
static void put_encoded(struct buf *out, struct slice text, const char *also)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		bool escape = c == '%' && i + 2 < text.len &&
			      is_hex(text.data[i + 1]) &&
			      is_hex(text.data[i + 2]);
		if (escape || is_unreserved(c) || (c && strchr(also, c)))
			buf_add_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void put_host(struct buf *out, const struct exchange *e,
		     struct slice host)
{
	struct address a;
	struct buf server = {0};
	if (!host.len)
		address_print(&server, &exchange_server(e)->address);
	if (server.len)
		host = buf_slice(&server);
	if (address_parse(host, &a) && a.version == 6)
		buf_printf(out, "[%.*s]", (int)host.len,
			   (const char *)host.data);
	else
		put_encoded(out, host, "");
	buf_release(&server);
}

void har_url(struct buf *out, const struct exchange *e)
{
	struct url url = exchange_url(e);
	buf_add_string(out, url.https ? "https://" : "http://");
	put_host(out, e, url.host);
	if (url.port != (url.https ? 443 : 80))
		buf_printf(out, ":%u", url.port);
	/* "*" (RFC 9112 3.2.4) and what CONNECT asks for are no paths */
	if (url.target.len && url.target.data[0] == '/')
		put_encoded(out, url.target, "/?:@");
}
