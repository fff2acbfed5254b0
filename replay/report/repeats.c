/* Requests that were recorded several times with answers that differ. */
#include "repeats.h"

#include "site/match.h"

#include <stdlib.h>

struct asked {
	uint64_t hash;
	uint32_t exchange;
};

static uint64_t request_hash(const struct exchange *e, struct buf *scratch)
{
	struct url url = exchange_url(e);
	uint64_t hash = slice_hash(exchange_method(e), 0);
	buf_clear(scratch);
	url_print(scratch, &url);
	hash = slice_hash(buf_slice(scratch), hash);
	buf_clear(scratch);
	if (e->request_body.len)
		request_body_read(e, scratch);
	return slice_hash(buf_slice(scratch), hash);
}

/* Pieces of a whole and a 304 are not another answer. */
static bool counts(const struct exchange *e)
{
	return e->state == EXCHANGE_COMPLETE && !e->ranged &&
	       e->status != 304 &&
	       !slice_equal(exchange_method(e), SLICE("CONNECT"));
}

static int compare(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->exchange > y->exchange) - (x->exchange < y->exchange);
}

static struct asked *list_asked(const struct recording *r, size_t *count)
{
	struct asked *list = xreallocarray(NULL, r->count, sizeof *list);
	struct buf scratch = {0};
	*count = 0;
	for (size_t i = 0; i < r->count; i++)
		if (counts(&r->exchanges[i]))
			list[(*count)++] = (struct asked){
			    request_hash(&r->exchanges[i], &scratch),
			    (uint32_t)i};
	buf_release(&scratch);
	if (*count)
		qsort(list, *count, sizeof *list, compare);
	return list;
}

static struct slice location(const struct exchange *e)
{
	struct slice rest = head_fields(e->response_head);
	struct field f;
	return head_field_next(&rest, SLICE("location"), &f)
		   ? f.value
		   : (struct slice){0};
}

/* Steps over what both have in their next pieces. */
static bool bodies_equal(const struct exchange *a, const struct exchange *b)
{
	struct body_reader ra = exchange_response_body(a);
	struct body_reader rb = exchange_response_body(b);
	struct slice x = {0}, y = {0};
	for (;;) {
		bool more_x = x.len || body_next(&ra, &x);
		bool more_y = y.len || body_next(&rb, &y);
		if (!more_x || !more_y)
			return more_x == more_y;
		size_t len = x.len < y.len ? x.len : y.len;
		if (!x.data || !y.data || memcmp(x.data, y.data, len) != 0)
			return false;
		x = slice_from(x, len);
		y = slice_from(y, len);
	}
}

static bool answers_equal(const struct exchange *a, const struct exchange *b)
{
	return a->status == b->status && a->body_bytes == b->body_bytes &&
	       slice_same(location(a), location(b)) && bodies_equal(a, b);
}

/* count of them are the same request. */
static void compare_answers(const struct recording *r, const struct asked *same,
			    size_t count, bool *differs)
{
	const struct exchange *first = &r->exchanges[same->exchange];
	bool differ = false;
	for (size_t i = 1; i < count && !differ; i++)
		differ = !answers_equal(first, &r->exchanges[same[i].exchange]);
	for (size_t i = 0; i < count && differ; i++)
		differs[same[i].exchange] = true;
}

void repeats_find(const struct recording *r, bool *differs)
{
	size_t count;
	struct asked *list = list_asked(r, &count);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count; end++)
			if (list[end].hash != list[i].hash)
				break;
		compare_answers(r, list + i, end - i, differs);
	}
	free(list);
}
