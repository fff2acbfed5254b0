/* The character set of a body (WHATWG HTML 13.2.3, XML 1.0 F, CSS Syntax 3.2),
 * and UTF-16 as UTF-8. */
#include "charset.h"

#include "markup.h"

#define PRESCAN_LEN 1024 /* WHATWG HTML 13.2.3.2 */

#define BEYOND_BMP 0x10000U
#define CODE_MAX 0x10ffffU

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice skip_space(struct slice s)
{
	while (s.len && is_space(s.data[0]))
		s = slice_from(s, 1);
	return s;
}

/* The charset of a name (WHATWG Encoding 4.2). */
static enum charset by_label(struct slice label)
{
	static const struct {
		const char *label;
		enum charset charset;
	} known[] = {
	    {"utf-8", CHARSET_UTF8},
	    {"utf8", CHARSET_UTF8},
	    {"unicode-1-1-utf-8", CHARSET_UTF8},
	    {"unicode11utf8", CHARSET_UTF8},
	    {"unicode20utf8", CHARSET_UTF8},
	    {"x-unicode20utf8", CHARSET_UTF8},
	    {"utf-16", CHARSET_UTF16_LE},
	    {"utf-16le", CHARSET_UTF16_LE},
	    {"csunicode", CHARSET_UTF16_LE},
	    {"iso-10646-ucs-2", CHARSET_UTF16_LE},
	    {"ucs-2", CHARSET_UTF16_LE},
	    {"unicode", CHARSET_UTF16_LE},
	    {"unicodefeff", CHARSET_UTF16_LE},
	    {"utf-16be", CHARSET_UTF16_BE},
	    {"unicodefffe", CHARSET_UTF16_BE},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_equal_nocase(label, slice_of(known[i].label)))
			return known[i].charset;
	return CHARSET_BYTES;
}

/* The same, named by text in which ASCII is ASCII: that is not UTF-16, and
 * means UTF-8 where it says so. */
static enum charset by_own_label(struct slice label)
{
	return by_label(label) == CHARSET_BYTES ? CHARSET_BYTES : CHARSET_UTF8;
}

/* A name in quotes, or up to white space or ';'. */
static struct slice take_label(struct slice s)
{
	size_t len = 0;
	s = skip_space(s);
	if (s.len && (s.data[0] == '"' || s.data[0] == '\'')) {
		len = slice_find(slice_from(s, 1), s.data[0]);
		s = slice_to(slice_from(s, 1), len);
	} else {
		while (len < s.len && s.data[len] != ';' &&
		       s.data[len] != ',' && !is_space(s.data[len]))
			len++;
		s = slice_to(s, len);
	}
	s = skip_space(s);
	while (s.len && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* What follows the first name with '=' behind it; empty if there is none. */
static struct slice find_named(struct slice s, struct slice name)
{
	for (; s.len >= name.len; s = slice_from(s, 1)) {
		if (!slice_starts_nocase(s, name))
			continue;
		struct slice value = skip_space(slice_from(s, name.len));
		if (slice_starts(value, SLICE("=")))
			return take_label(slice_from(value, 1));
	}
	return (struct slice){0};
}

/* The charset parameter of Content-Type. */
static struct slice by_parameter(struct slice content_type)
{
	static const struct slice name = SLICE("charset");
	struct slice s = content_type;
	while (s.len) {
		s = slice_from(s, slice_find(s, ';') + 1);
		s = skip_space(s);
		struct slice value = skip_space(slice_from(s, name.len));
		if (slice_starts_nocase(s, name) &&
		    slice_starts(value, SLICE("=")))
			return take_label(slice_from(value, 1));
	}
	return (struct slice){0};
}

/* Its label, if a meta element has one: charset=, or charset= in the content=
 * of http-equiv=content-type. */
static struct slice by_meta(struct slice attributes)
{
	struct slice name, value, own = {0}, content = {0};
	bool pragma = false;
	while (tag_attribute(&attributes, &name, &value)) {
		if (slice_equal_nocase(name, SLICE("charset")) && !own.len)
			own = take_label(value);
		if (slice_equal_nocase(name, SLICE("content")) && !content.len)
			content = find_named(value, SLICE("charset"));
		if (slice_equal_nocase(name, SLICE("http-equiv")))
			pragma =
			    slice_equal_nocase(value, SLICE("content-type"));
	}
	if (own.len || !pragma)
		return own;
	return content;
}

static struct slice by_html(struct slice start)
{
	struct tag t;
	while (tag_next(&start, &t)) {
		if (t.closing || !slice_equal_nocase(t.name, SLICE("meta")))
			continue;
		struct slice label = by_meta(t.attributes);
		if (label.len)
			return label;
	}
	return (struct slice){0};
}

static struct slice by_declaration(struct slice start)
{
	if (!slice_starts(start, SLICE("<?xml")))
		return (struct slice){0};
	return find_named(slice_to(start, slice_find(start, '>')),
			  SLICE("encoding"));
}

static struct slice by_rule(struct slice start)
{
	static const struct slice rule = SLICE("@charset \"");
	if (!slice_starts(start, rule))
		return (struct slice){0};
	start = slice_from(start, rule.len);
	return slice_to(start, slice_find(start, '"'));
}

static bool ends_with(struct slice s, struct slice end)
{
	return s.len >= end.len &&
	       slice_equal(slice_from(s, s.len - end.len), end);
}

static enum charset by_start(struct slice type, struct slice start)
{
	bool xml =
	    ends_with(type, SLICE("/xml")) || ends_with(type, SLICE("+xml"));
	bool json =
	    ends_with(type, SLICE("/json")) || ends_with(type, SLICE("+json"));
	struct slice label = {0};
	if (slice_equal(type, SLICE("text/html")))
		label = by_html(start);
	if (slice_equal(type, SLICE("text/css")))
		label = by_rule(start);
	if (!label.len)
		label = by_declaration(start);
	/* Both are UTF-8 unless they say otherwise (XML 1.0 4.3.3, RFC 8259
	 * 8.1). */
	if (!label.len && (xml || json))
		return CHARSET_UTF8;
	return by_own_label(label);
}

enum charset charset_of(struct slice content_type, struct slice type,
			struct slice body)
{
	if (slice_starts(body, SLICE("\xef\xbb\xbf")))
		return CHARSET_UTF8;
	if (slice_starts(body, SLICE("\xff\xfe")))
		return CHARSET_UTF16_LE;
	if (slice_starts(body, SLICE("\xfe\xff")))
		return CHARSET_UTF16_BE;
	struct slice label = by_parameter(content_type);
	if (label.len)
		return by_label(label);
	if (slice_starts(body, SLICE("<\0?\0x\0")))
		return CHARSET_UTF16_LE;
	if (slice_starts(body, SLICE("\0<\0?\0x")))
		return CHARSET_UTF16_BE;
	return by_start(type, slice_to(body, PRESCAN_LEN));
}

/* ---- UTF-16 ---- */

static bool is_high(uint32_t code)
{
	return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(uint32_t code)
{
	return code >= 0xdc00 && code <= 0xdfff;
}

static uint8_t *put_utf8(uint8_t *to, uint32_t code)
{
	static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = 1U + (code > 0x7f) + (code > 0x7ff) + (code > 0xffff);
	for (size_t i = len; i-- > 1; code >>= 6)
		to[i] = 0x80 | (code & 0x3f);
	to[0] = (uint8_t)(leads[len] | code);
	return to + len;
}

static uint32_t unit(struct slice body, size_t at, size_t high)
{
	return (uint32_t)body.data[at + high] << 8 | body.data[at + 1 - high];
}

bool charset_is_utf16(enum charset c)
{
	return c == CHARSET_UTF16_LE || c == CHARSET_UTF16_BE;
}

bool charset_decode(enum charset from, struct slice body, struct buf *out)
{
	if (from == CHARSET_BYTES || from == CHARSET_UTF8 || !body.len) {
		buf_add(out, body);
		return true;
	}
	if (body.len % 2)
		return false;
	size_t high = from == CHARSET_UTF16_LE;
	uint8_t *start = buf_reserve(out, body.len / 2 * 3), *to = start;
	for (size_t at = 0; at < body.len; at += 2) {
		uint32_t code = unit(body, at, high);
		if (is_high(code) && at + 2 < body.len) {
			uint32_t low = unit(body, at + 2, high);
			if (is_low(low)) {
				code = BEYOND_BMP + ((code & 0x3ff) << 10) +
				       (low & 0x3ff);
				at += 2;
			}
		}
		to = put_utf8(to, code);
	}
	out->len += (size_t)(to - start);
	return true;
}

/* The next character; its length, 0 if it is none. Surrogates pass. */
static size_t take_utf8(struct slice s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, BEYOND_BMP};
	uint8_t first = s.data[0];
	if (first < 0x80) {
		*code = first;
		return 1;
	}
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc0 || first > 0xf7 || s.len < len)
		return 0;
	*code = first & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s.data[i] & 0x3f);
	}
	return *code >= least[len] && *code <= CODE_MAX ? len : 0;
}

static uint8_t *put_unit(uint8_t *to, uint32_t code, size_t high)
{
	to[high] = (uint8_t)(code >> 8);
	to[1 - high] = (uint8_t)code;
	return to + 2;
}

bool charset_encode(enum charset to, struct slice text, struct buf *out)
{
	if (to == CHARSET_BYTES || to == CHARSET_UTF8 || !text.len) {
		buf_add(out, text);
		return true;
	}
	size_t high = to == CHARSET_UTF16_LE;
	uint8_t *start = buf_reserve(out, 2 * text.len), *at = start;
	uint32_t last = 0, code;
	while (text.len) {
		size_t len = take_utf8(text, &code);
		/* Two halves of a character would come back as one. */
		if (!len || (is_high(last) && is_low(code)))
			return false;
		text = slice_from(text, len);
		last = code;
		if (code >= BEYOND_BMP) {
			code -= BEYOND_BMP;
			at = put_unit(at, 0xd800 | code >> 10, high);
			code = 0xdc00 | (code & 0x3ff);
		}
		at = put_unit(at, code, high);
	}
	out->len += (size_t)(at - start);
	return true;
}
