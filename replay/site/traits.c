/* The fields of a request that tell answers apart, and that a malicious page
 * tests (P13, P16). */
#include "traits.h"

static const struct slice names[TRAITS] = {
    [TRAIT_COOKIE] = SLICE("Cookie"),
    [TRAIT_REFERER] = SLICE("Referer"),
    [TRAIT_AGENT] = SLICE("User-Agent"),
    [TRAIT_LANGUAGE] = SLICE("Accept-Language"),
    [TRAIT_RANGE] = SLICE("Range"),
    [TRAIT_IF_RANGE] = SLICE("If-Range"),
    [TRAIT_IF_NONE_MATCH] = SLICE("If-None-Match"),
    [TRAIT_IF_MODIFIED] = SLICE("If-Modified-Since"),
    [TRAIT_IF_MATCH] = SLICE("If-Match"),
    [TRAIT_IF_UNMODIFIED] = SLICE("If-Unmodified-Since"),
    [TRAIT_ENCODINGS] = SLICE("Accept-Encoding"),
};

struct slice trait_name(enum trait which)
{
	return names[which];
}

static void take(struct traits *t, const struct field *f)
{
	for (enum trait i = 0; i < TRAITS; i++) {
		/* the first letter and the length tell most names apart */
		if (f->name.len != names[i].len ||
		    (f->name.data[0] | 0x20) != (names[i].data[0] | 0x20))
			continue;
		if (!t->value[i].data && slice_equal_nocase(f->name, names[i]))
			t->value[i] = f->value;
	}
}

struct traits traits_read(struct slice fields)
{
	struct traits t = {0};
	struct field f;
	while (http_field_next(&fields, &f))
		if (f.name.len)
			take(&t, &f);
	return t;
}

struct slice head_fields(struct slice head)
{
	while (head.len && (head.data[0] == '\r' || head.data[0] == '\n'))
		head = slice_from(head, 1);
	return slice_from(head, slice_find(head, '\n') + 1);
}

struct traits traits_of_head(struct slice head)
{
	return traits_read(head_fields(head));
}

bool head_field_next(struct slice *rest, struct slice name, struct field *f)
{
	uint8_t first = name.data[0] | 0x20;
	/* few lines are it: look at the start of each only */
	while (rest->len) {
		struct slice line = *rest;
		*rest = slice_from(line, slice_find(line, '\n') + 1);
		if ((line.data[0] | 0x20) != first ||
		    !slice_starts_nocase(line, name))
			continue;
		if (http_field_next(&line, f) &&
		    slice_equal_nocase(f->name, name))
			return true;
	}
	return false;
}

struct slice head_range(struct slice head)
{
	struct slice rest = head_fields(head);
	struct field f;
	return head_field_next(&rest, SLICE("range"), &f) ? f.value
							  : (struct slice){0};
}

bool traits_conditional(const struct traits *t)
{
	return t->value[TRAIT_IF_NONE_MATCH].data ||
	       t->value[TRAIT_IF_MODIFIED].data;
}

bool trait_equal(const struct traits *a, const struct traits *b,
		 enum trait which)
{
	return slice_same(a->value[which], b->value[which]);
}
