/* Undoes what hides text in a page, one character at a time. */
#include "written.h"

#include "steer.h"

#include <ctype.h>

/* Longer hosts are none: a name has 253 bytes, each at most hidden in four. */
#define HOST_MAX 1024
/* The longest form that is looked for backwards: "&#x0000003a;" and more. */
#define HIDDEN_MAX 16
#define DIGITS_MAX 12
#define REPLACEMENT 0xfffd
#define DROPPED UINT32_MAX

static bool is_hex(uint32_t c)
{
	return c < 0x80 && isxdigit((int)c);
}

static unsigned hex_value(uint32_t c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static struct written byte_at(struct slice text, size_t at)
{
	if (at >= text.len)
		return (struct written){0};
	return (struct written){text.data[at], true, 1};
}

/* HTML 13.5, those that are ASCII or that hosts ignore. The first need no
 * semicolon. */
static bool find_name(struct slice s, struct written *c)
{
	static const struct {
		const char *name;
		uint32_t value;
	} names[] = {
	    {"amp", '&'},       {"quot", '"'},
	    {"lt", '<'},        {"gt", '>'},
	    {"AMP", '&'},       {"QUOT", '"'},
	    {"LT", '<'},        {"GT", '>'},
	    {"shy", 0xad},      {"apos;", '\''},
	    {"colon;", ':'},    {"sol;", '/'},
	    {"bsol;", '\\'},    {"period;", '.'},
	    {"commat;", '@'},   {"percnt;", '%'},
	    {"num;", '#'},      {"lsqb;", '['},
	    {"lbrack;", '['},   {"rsqb;", ']'},
	    {"rbrack;", ']'},   {"lpar;", '('},
	    {"rpar;", ')'},     {"equals;", '='},
	    {"comma;", ','},    {"semi;", ';'},
	    {"plus;", '+'},     {"quest;", '?'},
	    {"excl;", '!'},     {"lowbar;", '_'},
	    {"grave;", '`'},    {"Tab;", '\t'},
	    {"NewLine;", '\n'}, {"lcub;", '{'},
	    {"lbrace;", '{'},   {"rcub;", '}'},
	    {"rbrace;", '}'},   {"dollar;", '$'},
	    {"ast;", '*'},      {"midast;", '*'},
	    {"vert;", '|'},     {"verbar;", '|'},
	    {"UnderBar;", '_'}, {"DiacriticalGrave;", '`'},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct slice name = slice_of(names[i].name);
		if (!slice_starts(s, name))
			continue;
		bool semicolon = s.data[name.len - 1] != ';' &&
				 name.len < s.len && s.data[name.len] == ';';
		*c = (struct written){names[i].value, false,
				      1 + name.len + semicolon};
		return true;
	}
	return false;
}

/* What follows "&#". */
static bool read_numeric(struct slice s, struct written *c)
{
	size_t x = s.len && (s.data[0] | 0x20) == 'x';
	unsigned base = x ? 16 : 10;
	uint64_t value = 0;
	size_t len = x;
	for (; len < s.len && is_hex(s.data[len]); len++) {
		unsigned digit = hex_value(s.data[len]);
		if (digit >= base)
			break;
		if (len == DIGITS_MAX)
			return false;
		value = value * base + digit;
	}
	if (len == x)
		return false;
	if (!value || value > 0x10ffff)
		value = REPLACEMENT;
	len += len < s.len && s.data[len] == ';';
	*c = (struct written){(uint32_t)value, false, 2 + len};
	return true;
}

/* The first layer: character references. */
struct written written_reference(struct slice text, size_t at)
{
	struct written c = byte_at(text, at);
	if (!c.len || c.value != '&')
		return c;
	struct slice rest = slice_from(text, at + 1);
	if (rest.len && rest.data[0] == '#')
		read_numeric(slice_from(rest, 1), &c);
	else
		find_name(rest, &c);
	return c;
}

/* Up to max hexadecimal digits; returns how many. */
static size_t read_hex(struct slice text, size_t *at, size_t max,
		       uint32_t *value)
{
	size_t count = 0;
	*value = 0;
	for (; count < max; count++) {
		struct written c = written_reference(text, *at);
		if (!c.len || !is_hex(c.value))
			break;
		*value = *value << 4 | hex_value(c.value);
		*at += c.len;
	}
	return count;
}

/* "\x2e", "\u002e", "\u{2e}": at is behind the letter. */
static bool read_x_or_u(struct slice text, size_t *at, uint32_t letter,
			uint32_t *value)
{
	size_t want = letter == 'x' ? 2 : 4;
	if (letter == 'u' && byte_at(text, *at).value == '{') {
		*at += 1;
		if (!read_hex(text, at, DIGITS_MAX / 2, value) ||
		    byte_at(text, *at).value != '}')
			return false;
		*at += 1;
		return true;
	}
	return read_hex(text, at, want, value) == want;
}

/* "\056" of scripts; at is behind the backslash. Only what is printable: in
 * style sheets the same digits are hexadecimal, but then nothing of ASCII
 * that is of use here begins with an octal digit below 4 and two more. */
static bool read_octal(struct slice text, size_t *at, uint32_t *value)
{
	*value = 0;
	for (size_t i = 0; i < 3; i++) {
		struct written c = written_reference(text, *at);
		if (!c.len || c.value < '0' || c.value > '7' ||
		    *value * 8 + c.value - '0' > 0xff)
			break;
		*value = *value * 8 + c.value - '0';
		*at += c.len;
	}
	return *value >= ' ';
}

/* "\2e " of style sheets (CSS Syntax 4.3.7); at is behind the backslash. */
static bool read_css(struct slice text, size_t *at, uint32_t *value)
{
	if (!read_hex(text, at, 6, value))
		return false;
	struct written c = byte_at(text, *at);
	if (c.len && c.value < 0x80 && isspace((int)c.value))
		*at += 1;
	if (!*value || *value > 0x10ffff)
		*value = REPLACEMENT;
	return true;
}

/* What a backslash and one character stand for; 0: nothing special. */
static uint32_t single_escape(uint32_t c)
{
	static const char from[] = "nrtbfv", to[] = "\n\r\t\b\f\v";
	const char *found = c && c < 0x80 ? strchr(from, (int)c) : NULL;
	if (found)
		return (uint32_t)to[found - from];
	return c < 0x80 && ispunct((int)c) ? c : 0;
}

/* The second layer: what begins with a backslash. One that hides nothing is a
 * backslash: browsers take it for a slash in a URL. */
struct written written_escape(struct slice text, size_t at)
{
	struct written slash = written_reference(text, at);
	if (!slash.len || slash.value != '\\')
		return slash;
	struct written c = written_reference(text, at + slash.len);
	size_t end = at + slash.len + c.len, digits = at + slash.len;
	uint32_t value = single_escape(c.value);
	if (!c.len || c.value >= 0x80)
		return slash;
	if (value)
		return (struct written){value, false, end - at};
	if (c.value == 'x' || c.value == 'u') {
		if (read_x_or_u(text, &end, c.value, &value))
			return (struct written){value, false, end - at};
	} else if (isdigit((int)c.value)) {
		end = digits;
		if (!read_octal(text, &end, &value)) {
			end = digits;
			read_css(text, &end, &value);
		}
		return (struct written){value, false, end - at};
	}
	return slash;
}

/* The third: "%2e", and "%u002e" of unescape(). */
static struct written next_percent(struct slice text, size_t at)
{
	struct written c = written_escape(text, at);
	if (!c.len || c.value != '%')
		return c;
	size_t end = at + c.len;
	uint32_t value = 0;
	bool wide = byte_at(text, end).value == 'u';
	end += wide;
	for (size_t i = 0; i < (wide ? 4U : 2U); i++) {
		struct written digit = written_escape(text, end);
		if (!digit.len || !is_hex(digit.value))
			return c;
		value = value << 4 | hex_value(digit.value);
		end += digit.len;
	}
	return (struct written){value, !wide, end - at};
}

/* Whether a byte may begin what hides a character. */
static bool is_special(uint32_t c)
{
	return c == '&' || c == '\\' || c == '%';
}

struct written written_next(struct slice text, size_t at)
{
	struct written c = byte_at(text, at);
	return is_special(c.value) ? next_percent(text, at) : c;
}

/* Whether a byte may end more than two that hide a character: "&#46;", "%2e",
 * "\u{2e}", "\2e ", "&quot". */
static bool may_end_hidden(uint8_t c)
{
	return c == ';' || c == '}' || (c | 0x20) == 't' || c == 'p' ||
	       is_hex(c) || (c < 0x80 && isspace(c));
}

struct written written_before(struct slice text, size_t at)
{
	if (!at)
		return (struct written){0};
	size_t max = may_end_hidden(text.data[at - 1]) ? HIDDEN_MAX : 2;
	for (size_t len = 2; len <= max && len <= at; len++) {
		if (!is_special(text.data[at - len]))
			continue;
		struct written c = next_percent(text, at - len);
		if (c.len == len)
			return c;
	}
	return byte_at(text, at - 1);
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	} else {
		buf_add_byte(out, (uint8_t)(0xf0 | (c >> 18 & 7)));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

void written_add(struct buf *out, struct written c)
{
	if (c.byte)
		buf_add_byte(out, (uint8_t)c.value);
	else
		add_utf8(out, c.value);
}

void written_read(struct slice written, struct buf *out)
{
	struct written c;
	for (size_t at = 0; (c = written_next(written, at)).len; at += c.len)
		written_add(out, c);
}

static bool is_break(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r';
}

static bool is_host(struct written c)
{
	if (c.value >= 0x80) /* all but a no-break space */
		return c.byte || c.value != 0xa0;
	return isalnum((int)c.value) || c.value == '.' || c.value == '-' ||
	       c.value == '_';
}

static bool goes_on(struct slice text, size_t at)
{
	struct written c = written_next(text, at);
	return c.len && is_host(c);
}

/* "[2001:db8::1]"; the longest has 45 characters between the brackets. */
static size_t bracketed(struct slice text, size_t at)
{
	size_t end = at + written_next(text, at).len;
	for (size_t i = 0; i <= 45; i++) {
		struct written c = written_next(text, end);
		if (!c.len)
			break;
		end += c.len;
		if (c.value == ']')
			return goes_on(text, end) ? 0 : end - at;
		if (!is_hex(c.value) && c.value != ':' && c.value != '.')
			break;
	}
	return 0;
}

size_t written_host(struct slice text, size_t at, bool breaks)
{
	size_t end = at, next = at;
	if (written_next(text, at).value == '[')
		return bracketed(text, at);
	while (next - at <= HOST_MAX) {
		struct written c = written_next(text, next);
		bool dropped = breaks && c.len > 1 && is_break(c.value) &&
			       text.data[next] == '&';
		if (!dropped && (!c.len || !is_host(c)))
			return end - at;
		next += c.len;
		if (!dropped)
			end = next;
	}
	return 0;
}

/* A character of UTF-8; one byte that is none counts for itself. */
static uint32_t next_utf8(struct slice s, size_t *at)
{
	uint32_t c = s.data[(*at)++];
	size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0;
	if (c < 0x80 || !more || more > s.len - *at)
		return c;
	uint32_t value = c & (0x3fU >> more);
	for (size_t i = 0; i < more; i++) {
		uint8_t next = s.data[*at + i];
		if ((next & 0xc0) != 0x80)
			return c;
		value = value << 6 | (next & 0x3f);
	}
	*at += more;
	return value;
}

/* What browsers make of a character of a host (UTS 46), if it is one that
 * addresses are written with, or DROPPED. */
static uint32_t fold(uint32_t c)
{
	static const struct {
		uint32_t first, count, ascii, period;
	} folds[] = {
	    {0xff10, 10, '0', 10}, /* full width */
	    {0xff21, 26, 'a', 26},   {0xff41, 26, 'a', 26},
	    {0xff0e, 1, '.', 1},     {0xff0d, 1, '-', 1},
	    {0x3002, 1, '.', 1},     {0xff61, 1, '.', 1},
	    {0xb2, 2, '2', 2},       {0xb9, 1, '1', 1}, /* raised and lowered */
	    {0x2070, 1, '0', 1},     {0x2074, 6, '4', 6},
	    {0x2080, 10, '0', 10},   {0x2460, 9, '1', 9}, /* circled */
	    {0x24ea, 1, '0', 1},     {0x24b6, 26, 'a', 26},
	    {0x24d0, 26, 'a', 26},   {0x1d7ce, 50, '0', 10}, /* mathematical */
	    {0xad, 1, DROPPED, 1}, /* soft hyphen and its like */
	    {0x200b, 1, DROPPED, 1}, {0x2060, 1, DROPPED, 1},
	    {0xfeff, 1, DROPPED, 1}, {0xfe00, 16, DROPPED, 1},
	};
	for (size_t i = 0; c >= 0x80 && i < sizeof folds / sizeof *folds; i++)
		if (c - folds[i].first < folds[i].count)
			return folds[i].ascii +
			       (c - folds[i].first) % folds[i].period;
	return c;
}

bool written_address(struct slice written, struct address *a)
{
	struct buf plain = {0}, host = {0};
	bool found = false;
	if (written.len <= HOST_MAX) {
		written_read(written, &plain);
		struct slice s = buf_slice(&plain);
		for (size_t at = 0; at < s.len;) {
			uint32_t c = fold(next_utf8(s, &at));
			if (c != DROPPED && !is_break(c))
				buf_add_byte(&host,
					     c < 0x80 ? (uint8_t)c : '?');
		}
		found = steer_literal(buf_slice(&host), a);
	}
	buf_release(&plain);
	buf_release(&host);
	return found;
}

/* Whether offset at is amid "&#49;", "%31", "\u{31}" or "\061". */
static bool is_inside(struct slice text, size_t at)
{
	uint8_t before = text.data[at - 1];
	uint8_t earlier = at > 1 ? text.data[at - 2] : 0;
	switch (before) {
	case '#':
		return earlier == '&';
	case '{':
		return earlier == 'u' && at > 2 && text.data[at - 3] == '\\';
	case '%':
		return written_next(text, at - 1).len > 1;
	case '\\':
		return earlier != '\\' && earlier != '/' && earlier != ':' &&
		       written_next(text, at - 1).len > 1;
	}
	return false;
}

bool written_boundary(struct slice text, size_t at)
{
	if (!at)
		return true;
	return !is_inside(text, at) && !is_host(written_before(text, at));
}
