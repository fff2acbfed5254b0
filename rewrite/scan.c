/* The text of a rule, read from left to right. */
#include "scan.h"

#include <stdarg.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_letter(uint8_t c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

void scan_space(struct scan *s)
{
	while (s->at < s->line.len && is_space(s->line.data[s->at]))
		s->at++;
}

bool scan_done(const struct scan *s)
{
	return s->at == s->line.len || s->line.data[s->at] == '#';
}

struct slice scan_word(struct scan *s)
{
	size_t begin = s->at;
	while (s->at < s->line.len && !is_space(s->line.data[s->at]))
		s->at++;
	return slice_to(slice_from(s->line, begin), s->at - begin);
}

struct slice scan_rest(const struct scan *s)
{
	return slice_from(s->line, s->at);
}

bool scan_fault(struct scan *s, size_t at, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	buf_clear(&s->fault->text);
	buf_add_string(&s->fault->text, text);
	s->fault->at = at;
	return false;
}

bool scan_delimiter(uint8_t c)
{
	return c > ' ' && c <= '~' && c != '\\' && !is_letter(c) &&
	       !is_digit(c);
}

static uint8_t closing_of(uint8_t open)
{
	static const char pairs[] = "{}()[]<>";
	for (size_t i = 0; pairs[i]; i += 2)
		if (open == (uint8_t)pairs[i])
			return (uint8_t)pairs[i + 1];
	return open;
}

/* From s->at to the closing delimiter. place: of the opening one. */
static bool scan_text(struct scan *s, const char *what, size_t place,
		      struct delimited *d)
{
	size_t depth = 1;
	d->begin = s->at;
	for (; s->at < s->line.len; s->at++) {
		uint8_t c = s->line.data[s->at];
		if (c == '\\')
			s->at++;
		else if (c == d->close)
			depth--;
		else if (c == d->open)
			depth++;
		if (depth)
			continue;
		d->text =
		    slice_to(slice_from(s->line, d->begin), s->at++ - d->begin);
		return true;
	}
	return scan_fault(s, place,
			  "the %s that begins here has no \"%c\" at "
			  "its end",
			  what, d->close);
}

bool scan_delimited(struct scan *s, const char *what, struct delimited *d)
{
	size_t place = s->at;
	d->open = s->line.data[s->at++];
	d->close = closing_of(d->open);
	return scan_text(s, what, place, d);
}

bool scan_second(struct scan *s, const char *what, uint8_t delimiter,
		 struct delimited *d)
{
	d->open = d->close = delimiter;
	return scan_text(s, what, s->at - 1, d);
}

/* Whether the byte behind a backslash loses it. */
static bool loses(const struct delimited *d, const char *meaningful, uint8_t c)
{
	return (c == d->open || c == d->close) && !strchr(meaningful, c);
}

/* Appends plain text until out has len bytes. Returns where it stands in
 * d->text then. */
static size_t add_plain(const struct delimited *d, const char *meaningful,
			size_t len, struct buf *out)
{
	struct slice t = d->text;
	size_t i = 0;
	while (i < t.len && out->len < len) {
		bool pair = t.data[i] == '\\' && i + 1 < t.len;
		if (pair && loses(d, meaningful, t.data[i + 1]))
			i++;
		else if (pair)
			buf_add_byte(out, t.data[i++]);
		if (!pair || out->len < len)
			buf_add_byte(out, t.data[i++]);
	}
	return i;
}

void delimited_plain(const struct delimited *d, const char *meaningful,
		     struct buf *out)
{
	add_plain(d, meaningful, SIZE_MAX, out);
}

size_t delimited_place(const struct delimited *d, const char *meaningful,
		       size_t at)
{
	struct buf plain = {0};
	size_t place = d->begin + add_plain(d, meaningful, at, &plain);
	buf_release(&plain);
	return place;
}

struct pattern *scan_pattern(struct scan *s, const struct delimited *d,
			     unsigned flags)
{
	struct buf plain = {0};
	delimited_plain(d, SCAN_MEANING_REGEX, &plain);
	struct pattern *p = pattern_new(buf_slice(&plain), flags, s->fault);
	buf_release(&plain);
	if (!p)
		s->fault->at =
		    delimited_place(d, SCAN_MEANING_REGEX, s->fault->at);
	return p;
}

static bool find_flag(uint8_t letter, unsigned *flag)
{
	static const struct {
		uint8_t letter;
		enum pattern_flag flag;
	} known[] = {
	    {'i', PATTERN_NOCASE}, {'m', PATTERN_MULTILINE},
	    {'s', PATTERN_DOTALL}, {'x', PATTERN_EXTENDED},
	    {'u', PATTERN_UTF},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i].letter != letter)
			continue;
		*flag = known[i].flag;
		return true;
	}
	return false;
}

bool scan_flags(struct scan *s, uint8_t close, unsigned *flags, bool *all)
{
	unsigned flag;
	for (; s->at < s->line.len; s->at++) {
		uint8_t c = s->line.data[s->at];
		if (!is_letter(c) && !is_digit(c))
			return true;
		if (all && c == 'g')
			*all = true;
		else if (find_flag(c, &flag))
			*flags |= flag;
		else
			return scan_fault(s, s->at,
					  "unknown flag \"%c\": there are %si "
					  "m s x u (\"%c\" inside is written "
					  "\"\\%c\")",
					  c, all ? "g " : "", close, close);
	}
	return true;
}
