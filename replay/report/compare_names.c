/* What DNS answered in a replay, held against what it answered then. */
#include "compare_names.h"

#include <stdlib.h>
#include <string.h>

static const char *const result_names[] = {
    [NAMES_SAME] = "same",
    [NAMES_OTHER] = "other-address",
    [NAMES_NOT_ASKED] = "not-asked",
    [NAMES_NOT_RECORDED] = "not-recorded",
};

const char *names_result_name(enum names_result result)
{
	return result_names[result];
}

static int compare_texts(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	for (size_t i = 0; i < len; i++) {
		int x = byte_lower(a.data[i]), y = byte_lower(b.data[i]);
		if (x != y)
			return x - y;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int compare_addresses(const struct address *a, const struct address *b)
{
	if (a->version != b->version)
		return a->version - b->version;
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int by_name(const void *a, const void *b)
{
	const struct name *x = *(const struct name *const *)a;
	const struct name *y = *(const struct name *const *)b;
	int order = compare_texts(x->text, y->text);
	return order ? order : compare_addresses(&x->address, &y->address);
}

/* What DNS answered, sorted; new memory. */
static const struct name **answers_of(const struct recording *r, size_t *count)
{
	size_t all = names_count(r->names);
	const struct name **list = xmalloc((all + 1) * sizeof(struct name *));
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		const struct name *n = names_get(r->names, i);
		if (n->kind == NAME_ADDRESS || n->kind == NAME_MISSING)
			list[(*count)++] = n;
	}
	qsort(list, *count, sizeof(struct name *), by_name);
	return list;
}

/* How many answers at the start of a list are of that name. */
static size_t run(const struct name *const *list, size_t count,
		  struct slice name)
{
	size_t n = 0;
	while (n < count && !compare_texts(list[n]->text, name))
		n++;
	return n;
}

static enum names_result judge(const struct names_row *r)
{
	if (!r->counts[1])
		return NAMES_NOT_ASKED;
	if (!r->counts[0])
		return NAMES_NOT_RECORDED;
	if (r->counts[0] != r->counts[1])
		return NAMES_OTHER;
	for (size_t i = 0; i < r->counts[0]; i++)
		if (!address_equal(&r->answers[0][i]->address,
				   &r->answers[1][i]->address))
			return NAMES_OTHER;
	return NAMES_SAME;
}

static void add_row(struct names_compared *c, struct names_row row)
{
	row.result = judge(&row);
	row.own = own_name(row.name);
	if (row.own)
		c->own++;
	else
		c->results[row.result]++;
	c->rows[c->count++] = row;
}

/* The name that comes next in either list. */
static struct slice least(const struct name *const *const lists[2],
			  const size_t left[2])
{
	if (!left[1])
		return lists[0][0]->text;
	if (!left[0])
		return lists[1][0]->text;
	return compare_texts(lists[0][0]->text, lists[1][0]->text) <= 0
		   ? lists[0][0]->text
		   : lists[1][0]->text;
}

void names_compare(struct names_compared *c, const struct recording *recorded,
		   const struct recording *replayed)
{
	size_t left[2];
	*c = (struct names_compared){0};
	c->lists[0] = answers_of(recorded, &left[0]);
	c->lists[1] = answers_of(replayed, &left[1]);
	c->rows = xcalloc(left[0] + left[1] + 1, sizeof *c->rows);
	const struct name *const *at[2] = {c->lists[0], c->lists[1]};
	while (left[0] || left[1]) {
		struct names_row row = {.name = least(at, left)};
		for (int side = 0; side < 2; side++) {
			size_t n = run(at[side], left[side], row.name);
			row.answers[side] = at[side];
			row.counts[side] = n;
			at[side] += n;
			left[side] -= n;
		}
		add_row(c, row);
	}
}

void names_compared_release(struct names_compared *c)
{
	free((void *)c->lists[0]);
	free((void *)c->lists[1]);
	free(c->rows);
	*c = (struct names_compared){0};
}

void names_print(const struct names_row *r, int side, struct buf *out)
{
	for (size_t i = 0; i < r->counts[side]; i++) {
		const struct name *n = r->answers[side][i];
		if (i)
			buf_add_string(out, ", ");
		if (n->kind == NAME_MISSING)
			buf_add_string(out, "does not exist");
		else
			address_print(out, &n->address);
	}
}
