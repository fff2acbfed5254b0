/* Named values in a query, a form or a JSON object, compared by name and by
 * value. */
#include "params.h"

#include <stdlib.h>

static int by_name_and_value(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	int order = slice_compare(x->name, y->name);
	return order ? order : slice_compare(x->value, y->value);
}

static bool add(struct params *p, struct slice name, struct slice value)
{
	if (p->count == PARAMS_MAX)
		return false;
	p->list[p->count++] = (struct param){name, value};
	return true;
}

static void sort(struct params *p)
{
	qsort(p->list, p->count, sizeof *p->list, by_name_and_value);
}

bool params_of_query(struct slice query, struct params *p)
{
	p->count = 0;
	while (query.len) {
		size_t end = slice_find(query, '&');
		struct slice pair = slice_to(query, end);
		size_t equals = slice_find(pair, '=');
		query = slice_from(query, end + 1);
		if (pair.len && !add(p, slice_to(pair, equals),
				     slice_from(pair, equals + 1))) {
			p->count = 0;
			return false;
		}
	}
	sort(p);
	return true;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct slice *s)
{
	while (s->len && is_space(s->data[0]))
		*s = slice_from(*s, 1);
}

/* A JSON string's bytes between the quotes, escapes left as they are. */
static bool take_string(struct slice *s, struct slice *out)
{
	if (!s->len || s->data[0] != '"')
		return false;
	for (size_t i = 1; i < s->len; i++) {
		if (s->data[i] == '\\') {
			i++;
		} else if (s->data[i] == '"') {
			*out = slice_to(slice_from(*s, 1), i - 1);
			*s = slice_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* A JSON value's bytes, up to the comma or brace that ends it here. */
static bool take_value(struct slice *s, struct slice *out)
{
	const uint8_t *start = s->data;
	size_t depth = 0;
	while (s->len) {
		uint8_t c = s->data[0];
		struct slice text;
		if (c == '"') {
			if (!take_string(s, &text))
				return false;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}')) {
			*out = (struct slice){start, (size_t)(s->data - start)};
			while (out->len && is_space(out->data[out->len - 1]))
				out->len--;
			return true;
		}
		depth += c == '{' || c == '[';
		depth -= depth && (c == '}' || c == ']');
		*s = slice_from(*s, 1);
	}
	return false;
}

/* The members of an object; s begins behind its brace. */
static bool take_members(struct slice s, struct params *p)
{
	struct slice name, value;
	skip_space(&s);
	if (s.len && s.data[0] == '}')
		return true;
	for (;;) {
		skip_space(&s);
		if (!take_string(&s, &name))
			return false;
		skip_space(&s);
		if (!s.len || s.data[0] != ':')
			return false;
		s = slice_from(s, 1);
		skip_space(&s);
		if (!take_value(&s, &value) || !add(p, name, value))
			return false;
		bool more = s.data[0] == ',';
		s = slice_from(s, 1);
		if (!more)
			return true;
	}
}

/* What a form may hold: one line of printable characters with a name. */
static bool looks_like_form(struct slice body)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.data[i] <= ' ' || body.data[i] == 0x7f)
			return false;
	size_t equals = slice_find(body, '=');
	return equals > 0 && equals < body.len;
}

bool params_of_body(struct slice body, struct params *p)
{
	p->count = 0;
	skip_space(&body);
	if (body.len && body.data[0] == '{') {
		if (!take_members(slice_from(body, 1), p))
			p->count = 0;
		sort(p);
		return p->count > 0;
	}
	return looks_like_form(body) && params_of_query(body, p);
}

bool params_same_names(const struct params *a, const struct params *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!slice_equal(a->list[i].name, b->list[i].name))
			return false;
	return true;
}

size_t params_equal_values(const struct params *a, const struct params *b)
{
	size_t equal = 0;
	for (size_t i = 0; i < a->count && i < b->count; i++)
		equal += slice_equal(a->list[i].value, b->list[i].value);
	return equal;
}
