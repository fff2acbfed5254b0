/* Bytes of any kind as a JSON string. */
#include "json.h"

#include "capture/visible.h"

/* The length of the UTF-8 sequence at s (RFC 3629 4), 0 if there is none. */
static size_t sequence_len(struct slice s)
{
	uint8_t c = s.data[0];
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len == 1)
		return 1;
	if (c < 0xc2 || c > 0xf4 || s.len < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
	uint8_t next = s.data[1]; /* overlong forms, surrogates, beyond */
	if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
	    (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
		return 0;
	return len;
}

static bool is_utf8(struct slice s)
{
	while (s.len) {
		size_t len = sequence_len(s);
		if (!len)
			return false;
		s = slice_from(s, len);
	}
	return true;
}

static void add_escape(struct buf *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t text[] = {
	    '\\', 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15]};
	buf_add(out, (struct slice){text, sizeof text});
}

void json_add(struct buf *out, struct slice s)
{
	if (!s.data) {
		buf_add_string(out, "null");
		return;
	}
	bool known = false, utf8 = false;
	size_t plain = 0; /* where the bytes begin that stay as they are */
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
			continue;
		if (c >= 0x80 && !known) {
			utf8 = is_utf8(s);
			known = true;
		}
		if (c >= 0x80 && utf8)
			continue;
		buf_add(out, slice_from(slice_to(s, i), plain));
		plain = i + 1;
		if (c == '"' || c == '\\') {
			buf_add_byte(out, '\\');
			buf_add_byte(out, c);
		} else {
			add_escape(out, c);
		}
	}
	buf_add(out, slice_from(s, plain));
	buf_add_byte(out, '"');
}

void json_add_start(struct buf *out, struct slice s, size_t max)
{
	if (s.len <= max) {
		json_add(out, s);
		return;
	}
	json_add(out, slice_to(s, visible_back(s, max)));
	out->len--; /* its quote */
	buf_add_string(out, "\xe2\x80\xa6\"");
}
