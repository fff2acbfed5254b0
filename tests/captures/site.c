/* HTTP messages as servers and browsers of the time wrote them. */
#include "site.h"

#include <stdbool.h>
#include <string.h>

#define AGENT                                                                  \
	"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
#define DATE "Tue, 14 Mar 2017 10:12:06 GMT"
#define CHUNK 4096

void ask_write(struct str *wire, const struct ask *a)
{
	str_printf(wire, "%s %s HTTP/1.1\r\n", a->method ? a->method : "GET",
		   a->target);
	if (a->host)
		str_printf(wire, "Host: %s\r\n", a->host);
	str_printf(wire, "User-Agent: %s\r\n", a->agent ? a->agent : AGENT);
	str_text(wire, "Accept: text/html, application/xhtml+xml, */*\r\n"
		       "Accept-Language: en-US\r\n"
		       "Accept-Encoding: gzip, deflate\r\n");
	if (a->fields)
		str_text(wire, a->fields);
	if (a->body)
		str_printf(wire, "Content-Length: %zu\r\n", a->body_len);
	str_text(wire, "Connection: Keep-Alive\r\n\r\n");
	str_add(wire, a->body, a->body_len);
}

const char *status_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {101, "Switching Protocols"},
	    {200, "OK"},
	    {204, "No Content"},
	    {206, "Partial Content"},
	    {302, "Found"},
	    {304, "Not Modified"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {407, "Proxy Authentication Required"},
	    {413, "Payload Too Large"},
	    {500, "Internal Server Error"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	fail("no reason for status %d", status);
}

static const char *coding_name(enum coding coding)
{
	static const char *const names[] = {
	    [GZIP] = "gzip",
	    [DEFLATE] = "deflate",
	    [BROTLI] = "br",
	    [ZSTD] = "zstd",
	};

	return names[coding];
}

static void answer_head(struct str *wire, const struct answer *a, size_t len)
{
	int status = a->status ? a->status : 200;

	str_printf(wire, "HTTP/1.1 %d %s\r\n", status, status_reason(status));
	str_text(wire, "Date: " DATE "\r\nServer: nginx/1.10.2\r\n");
	if (a->type)
		str_printf(wire, "Content-Type: %s\r\n", a->type);
	if (coding_name(a->coding))
		str_printf(wire, "Content-Encoding: %s\r\n",
			   coding_name(a->coding));
	if (a->fields)
		str_text(wire, a->fields);
	if (a->framing == LENGTH)
		str_printf(wire, "Content-Length: %zu\r\n", len);
	if (a->framing == CHUNKED)
		str_text(wire, "Transfer-Encoding: chunked\r\n");
	str_printf(wire, "Connection: %s\r\n\r\n",
		   a->framing == UNTIL_CLOSE ? "close" : "keep-alive");
}

void chunks_write(struct str *wire, const void *data, size_t len, size_t chunk)
{
	const char *at = data;
	size_t part;

	for (; len; at += part, len -= part) {
		part = len < chunk ? len : chunk;
		str_printf(wire, "%zx\r\n", part);
		str_add(wire, at, part);
		str_text(wire, "\r\n");
	}
	str_text(wire, "0\r\n\r\n");
}

void answer_write(struct str *wire, struct str *payload, const struct answer *a)
{
	payload->len = 0;
	if (a->framing != NO_BODY)
		body_code(payload, a->coding, a->body, a->body_len);
	answer_head(wire, a, payload->len);
	if (a->framing == CHUNKED)
		chunks_write(wire, payload->data, payload->len,
			     a->chunk ? a->chunk : CHUNK);
	else
		str_add(wire, payload->data, payload->len);
}

void words_write(struct str *out, size_t len, uint64_t seed)
{
	static const char *const words[] = {
	    "winter", "garden",  "coupon",  "stream",  "player", "travel",
	    "update", "camera",  "recipe",  "weather", "market", "bicycle",
	    "museum", "theatre", "harbour", "orchard",
	};
	size_t end = out->len + len, column = 0, length;
	const char *word;

	while (out->len < end) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		word = words[seed >> 60];
		length = strlen(word);
		str_text(out, word);
		column += length + 1;
		str_byte(out, column > 68 ? '\n' : ' ');
		if (column > 68)
			column = 0;
	}
	out->len = end;
}

void page_write(struct str *out, const char *title, const char *inner,
		size_t len, uint64_t seed)
{
	size_t begin = out->len;

	str_printf(out,
		   "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
		   "<title>%s</title>\n</head>\n<body>\n<h1>%s</h1>\n%s<p>",
		   title, title, inner);
	if (out->len - begin < len)
		words_write(out, len - (out->len - begin), seed);
	str_text(out, "</p>\n</body></html>\n");
}
