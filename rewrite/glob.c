/* Shell patterns. */
#include "glob.h"

#define NO_STAR SIZE_MAX

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c;
}

/* A byte of a class as it is written, *at behind it. */
static bool class_byte(struct slice p, size_t *at, uint8_t *c)
{
	if (*at < p.len && p.data[*at] == '\\')
		(*at)++;
	if (*at >= p.len)
		return false;
	*c = p.data[(*at)++];
	return true;
}

/* One byte, or a range of them. False at the end of the class (with *at behind
 * it) and of the pattern (with *at there). first: a ']' here is a byte. */
static bool class_next(struct slice p, size_t *at, bool first, uint8_t *from,
		       uint8_t *to)
{
	if (*at < p.len && p.data[*at] == ']' && !first) {
		(*at)++;
		return false;
	}
	if (!class_byte(p, at, from))
		return false;
	*to = *from;
	if (*at + 1 >= p.len || p.data[*at] != '-' || p.data[*at + 1] == ']')
		return true;
	(*at)++;
	return class_byte(p, at, to);
}

static bool class_begin(struct slice p, size_t *at)
{
	(*at)++;
	if (*at >= p.len || (p.data[*at] != '!' && p.data[*at] != '^'))
		return false;
	(*at)++;
	return true;
}

/* The class at *at, which moves behind it. */
static bool class_has(struct slice p, size_t *at, uint8_t c, unsigned options)
{
	bool negated = class_begin(p, at), found = false;
	uint8_t from, to;
	uint8_t other = byte_lower(c);
	if (other == c)
		other = upper(c);
	if (!(options & GLOB_NOCASE))
		other = c;
	for (bool first = true; class_next(p, at, first, &from, &to);
	     first = false)
		found |=
		    (c >= from && c <= to) || (other >= from && other <= to);
	return found != negated;
}

/* Whether what stands at *at, which is no star, fits c; moves *at behind it. */
static bool fits_byte(struct slice p, size_t *at, uint8_t c, unsigned options)
{
	uint8_t own = p.data[*at];
	if (own == '[')
		return class_has(p, at, c, options);
	(*at)++;
	if (own == '?')
		return true;
	if ((own | 0x20) == 'x' && options & GLOB_DIGITS)
		return c >= '0' && c <= '9';
	if (own == '\\' && *at < p.len)
		own = p.data[(*at)++];
	return own == c ||
	       (options & GLOB_NOCASE && byte_lower(own) == byte_lower(c));
}

/* A star that fits too little takes one byte more; the stars before it need
 * never be looked at again. */
bool glob_match(struct slice pattern, struct slice text, unsigned options)
{
	size_t p = 0, t = 0, behind_star = NO_STAR, star_end = 0;
	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			behind_star = ++p;
			star_end = t;
			if (p == pattern.len)
				return true;
			continue;
		}
		if (p < pattern.len &&
		    fits_byte(pattern, &p, text.data[t], options)) {
			t++;
			continue;
		}
		if (behind_star == NO_STAR)
			return false;
		p = behind_star;
		t = ++star_end;
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

/* The same with the class at *at, which moves behind it. */
static const char *class_fault(struct slice p, size_t *at)
{
	size_t open = *at, here;
	uint8_t from, to;
	class_begin(p, at);
	for (bool first = true;; first = false) {
		here = *at;
		if (slice_starts(slice_from(p, here), SLICE("[:"))) {
			*at = here;
			return "classes by name are not known here: write "
			       "[0-9], [a-z]";
		}
		if (!class_next(p, at, first, &from, &to))
			break;
		if (from <= to)
			continue;
		*at = here;
		return "a range that runs backwards";
	}
	if (*at == here + 1 && p.data[here] == ']')
		return NULL;
	*at = open;
	return "a class without its \"]\"; the byte itself is written \"\\[\"";
}

const char *glob_fault(struct slice pattern, size_t *at)
{
	for (*at = 0; *at < pattern.len;) {
		if (pattern.data[*at] == '[') {
			const char *fault = class_fault(pattern, at);
			if (fault)
				return fault;
			continue;
		}
		if (pattern.data[*at] == '\\' && *at + 1 == pattern.len)
			return "nothing behind the backslash";
		*at += pattern.data[*at] == '\\' ? 2 : 1;
	}
	return NULL;
}

/* Steps over whatever stands for one byte, or for many. */
static void step_over(struct slice p, size_t *at)
{
	if (p.data[*at] == '[')
		class_has(p, at, 0, 0);
	else
		*at += p.data[*at] == '\\' && *at + 1 < p.len ? 2 : 1;
}

bool glob_next(struct slice *list, struct slice *pattern)
{
	size_t at = 0;
	if (!list->data)
		return false;
	while (at < list->len && list->data[at] != ',')
		step_over(*list, &at);
	*pattern = slice_to(*list, at);
	if (at < list->len)
		*list = slice_from(*list, at + 1);
	else
		*list = (struct slice){0};
	return true;
}

bool glob_wild(struct slice pattern)
{
	for (size_t at = 0; at < pattern.len; step_over(pattern, &at))
		if (memchr("*?[", pattern.data[at], 3))
			return true;
	return false;
}
