/* HTML markup: tags, attributes, and text in which tags do not count. */
#include "markup.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool ends_name(uint8_t c)
{
	return is_space(c) || c == '/' || c == '>';
}

/* From "<!--" on; it ends with "-->" or "--!>", and may do so at once. */
static struct slice skip_comment(struct slice s)
{
	s = slice_from(s, 4);
	if (slice_starts(s, SLICE(">")))
		return slice_from(s, 1);
	if (slice_starts(s, SLICE("->")))
		return slice_from(s, 2);
	while (s.len) {
		s = slice_from(s, slice_find(s, '-'));
		if (slice_starts(s, SLICE("-->")))
			return slice_from(s, 3);
		if (slice_starts(s, SLICE("--!>")))
			return slice_from(s, 4);
		s = slice_from(s, 1);
	}
	return s;
}

static struct slice take_name(struct slice *s)
{
	size_t len = 0;
	while (len < s->len && !ends_name(s->data[len]))
		len++;
	struct slice name = slice_to(*s, len);
	*s = slice_from(*s, len);
	return name;
}

static void skip_space(struct slice *s)
{
	while (s->len && is_space(s->data[0]))
		*s = slice_from(*s, 1);
}

/* After '='. */
static struct slice take_value(struct slice *s)
{
	skip_space(s);
	size_t len = 0, quotes = 0;
	if (s->len && (s->data[0] == '"' || s->data[0] == '\'')) {
		quotes = 1;
		len = slice_find(slice_from(*s, 1), s->data[0]);
	} else {
		while (len < s->len && !is_space(s->data[len]) &&
		       s->data[len] != '>')
			len++;
	}
	struct slice value = slice_to(slice_from(*s, quotes), len);
	*s = slice_from(*s, len + 2 * quotes);
	return value;
}

bool tag_attribute(struct slice *attributes, struct slice *name,
		   struct slice *value)
{
	struct slice s = *attributes;
	while (s.len && (is_space(s.data[0]) || s.data[0] == '/'))
		s = slice_from(s, 1);
	*attributes = s;
	if (!s.len || s.data[0] == '>')
		return false;
	size_t len = 1; /* a '=' may begin a name */
	while (len < s.len && !ends_name(s.data[len]) && s.data[len] != '=')
		len++;
	*name = slice_to(s, len);
	*value = (struct slice){0};
	s = slice_from(s, len);
	struct slice next = s;
	skip_space(&next);
	if (next.len && next.data[0] == '=') {
		s = slice_from(next, 1);
		*value = take_value(&s);
	}
	*attributes = s;
	return true;
}

/* From the name on. False if the tag does not end. */
static bool take_tag(struct slice *s, struct tag *t)
{
	struct slice name, value;
	t->name = take_name(s);
	struct slice start = *s;
	while (tag_attribute(s, &name, &value))
		;
	t->attributes = slice_to(start, start.len - s->len);
	bool whole = s->len > 0;
	*s = slice_from(*s, 1);
	return whole;
}

bool tag_next(struct slice *rest, struct tag *t)
{
	struct slice s = *rest;
	while (s.len) {
		s = slice_from(s, slice_find(s, '<'));
		struct slice name = slice_from(s, 1);
		t->closing = slice_starts(name, SLICE("/"));
		if (t->closing)
			name = slice_from(name, 1);
		if (name.len && is_letter(name.data[0])) {
			bool whole = take_tag(&name, t);
			*rest = name;
			return whole;
		}
		if (slice_starts(s, SLICE("<!--")))
			s = skip_comment(s);
		else if (t->closing || slice_starts(name, SLICE("!")) ||
			 slice_starts(name, SLICE("?")))
			s = slice_from(s, slice_find(s, '>') + 1);
		else
			s = name;
	}
	*rest = s;
	return false;
}

struct slice tag_raw_text(struct slice *rest, struct slice name, bool *closed)
{
	struct slice s = *rest;
	*closed = false;
	while (s.len && !*closed) {
		s = slice_from(s, slice_find(s, '<'));
		struct slice end = slice_from(s, 2);
		*closed = slice_starts(s, SLICE("</")) &&
			  slice_starts_nocase(end, name) &&
			  end.len > name.len && ends_name(end.data[name.len]);
		if (!*closed)
			s = slice_from(s, 1);
	}
	struct slice text = slice_to(*rest, rest->len - s.len);
	*rest = s;
	return text;
}
