/* Bytes of a capture as text of an HTML page. */
#include "html_text.h"

#include "capture/visible.h"

#define HEX_LINE 16
#define HEX_LINE_ROOM 160 /* bytes of the page, if each is a reference */

/* NULL: it may stand there as it is. */
static const char *reference(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

/* Appends the visible character at the start of s, of len bytes. */
static void add_visible(struct buf *out, struct slice s, size_t len)
{
	const char *instead = reference(s.data[0]);
	if (instead)
		buf_add_string(out, instead);
	else
		buf_add(out, slice_to(s, len));
}

static void add_byte(struct buf *out, uint8_t c)
{
	static const char digits[] = "0123456789ABCDEF";
	buf_add_string(out, "\\x");
	buf_add_byte(out, (uint8_t)digits[c >> 4]);
	buf_add_byte(out, (uint8_t)digits[c & 15]);
}

static bool ends_line(struct slice s)
{
	return s.data[0] == '\n' || slice_starts(s, SLICE("\r\n"));
}

/* Appends all bytes at the start of s that are not to be seen, up to an end of
 * a line, or to room bytes of the page; returns how many. */
static size_t add_unseen(struct buf *out, struct slice s, bool lines,
			 size_t room)
{
	size_t n = 0, end = out->len + room;
	buf_add_string(out, "<b>");
	while (n < s.len && out->len < end) {
		struct slice rest = slice_from(s, n);
		if (visible_len(rest) || (lines && ends_line(rest)))
			break;
		add_byte(out, rest.data[0]);
		n++;
	}
	buf_add_string(out, "</b>");
	return n;
}

void html_add(struct buf *out, struct slice text)
{
	while (text.len) {
		size_t len = visible_len(text);
		if (len)
			add_visible(out, text, len);
		else
			len = add_unseen(out, text, false, SIZE_MAX / 2);
		text = slice_from(text, len);
	}
}

void html_add_value(struct buf *out, struct slice text)
{
	while (text.len) {
		size_t len = visible_len(text);
		if (len)
			add_visible(out, text, len);
		else
			add_byte(out, text.data[0]);
		text = slice_from(text, len ? len : 1);
	}
}

static struct slice start_of(struct slice text, size_t max)
{
	return text.len > max ? slice_to(text, visible_back(text, max)) : text;
}

static void add_rest(struct buf *out, struct slice text, struct slice start)
{
	if (start.len < text.len)
		buf_printf(out, "\xe2\x80\xa6 (%zu bytes)", text.len);
}

void html_add_clipped(struct buf *out, struct slice text, size_t max)
{
	struct slice start = start_of(text, max);
	html_add(out, start);
	add_rest(out, text, start);
}

void html_add_value_clipped(struct buf *out, struct slice text, size_t max)
{
	struct slice start = start_of(text, max);
	html_add_value(out, start);
	add_rest(out, text, start);
}

size_t html_add_lines(struct buf *out, struct slice text, size_t room)
{
	size_t at = 0, end = out->len + room;
	while (at < text.len && out->len < end) {
		struct slice rest = slice_from(text, at);
		size_t len = visible_len(rest);
		bool crlf = slice_starts(rest, SLICE("\r\n"));
		if (crlf || rest.data[0] == '\n') {
			buf_add_byte(out, '\n');
			len = crlf ? 2 : 1;
		} else if (len) {
			add_visible(out, rest, len);
		} else {
			len = add_unseen(out, rest, true, end - out->len);
		}
		at += len;
	}
	return at;
}

static void add_hex_line(struct buf *out, struct slice line, size_t at)
{
	buf_printf(out, "%06zx ", at);
	for (size_t i = 0; i < HEX_LINE; i++) {
		buf_add_string(out, i == HEX_LINE / 2 ? "  " : " ");
		if (i < line.len)
			buf_printf(out, "%02x", line.data[i]);
		else
			buf_add_string(out, "  ");
	}
	buf_add_string(out, "  ");
	for (size_t i = 0; i < line.len; i++) {
		uint8_t c = line.data[i];
		const char *instead = reference(c);
		if (instead)
			buf_add_string(out, instead);
		else
			buf_add_byte(out, c < 0x20 || c > 0x7e ? '.' : c);
	}
	buf_add_byte(out, '\n');
}

size_t html_add_hex(struct buf *out, struct slice bytes, size_t room)
{
	size_t at = 0, end = out->len + room;
	while (at < bytes.len && out->len + HEX_LINE_ROOM < end) {
		struct slice line = slice_to(slice_from(bytes, at), HEX_LINE);
		add_hex_line(out, line, at);
		at += line.len;
	}
	return at;
}
