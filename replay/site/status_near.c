/* The recorded requests that come near to one that missed. */
#include "status_near.h"

#include "nearest.h"

#define LOOK_MAX 1000 /* exchanges, and hosts */

/* How near one is: what is equal counts more than any likeness of targets. */
#define SAME_HOST (1U << 24)
#define SAME_PATH (1U << 23)
#define SAME_METHOD (1U << 22)
#define ALIKE_MAX (1U << 20)

struct list {
	const struct table *table;
	const struct request *request;
	uint32_t host; /* TABLE_NONE: nothing was recorded of it */
	uint32_t found[NEAR_LIST];
	size_t score[NEAR_LIST];
	size_t count;
};

/* Bytes with which both begin and end. */
static size_t alike(struct slice a, struct slice b)
{
	size_t least = a.len < b.len ? a.len : b.len, n = 0, end = 0;
	while (n < least && a.data[n] == b.data[n])
		n++;
	while (end < least - n &&
	       a.data[a.len - 1 - end] == b.data[b.len - 1 - end])
		end++;
	return n + end < ALIKE_MAX ? n + end : ALIKE_MAX;
}

static size_t score_of(const struct list *l, uint32_t i)
{
	struct slice asked = request_target(l->request);
	struct slice target = table_target(l->table, i);
	size_t score = alike(asked, target);
	if (table_entry(l->table, i)->host == l->host)
		score += SAME_HOST;
	if (slice_equal(url_path(asked), url_path(target)))
		score += SAME_PATH;
	if (slice_equal(exchange_method(table_exchange(l->table, i)),
			l->request->method))
		score += SAME_METHOD;
	return score;
}

static bool same_request(const struct table *t, uint32_t i, uint32_t j)
{
	return table_entry(t, i)->host == table_entry(t, j)->host &&
	       slice_equal(table_target(t, i), table_target(t, j)) &&
	       slice_equal(exchange_method(table_exchange(t, i)),
			   exchange_method(table_exchange(t, j)));
}

static bool is_listed(const struct list *l, uint32_t i)
{
	for (size_t k = 0; k < l->count; k++)
		if (same_request(l->table, l->found[k], i))
			return true;
	return false;
}

/* Before those that are less near; the last falls out. */
static void offer_as(struct list *l, uint32_t i, size_t score)
{
	size_t at = l->count;
	while (at && l->score[at - 1] < score)
		at--;
	if (at == NEAR_LIST || is_listed(l, i))
		return;
	l->count += l->count < NEAR_LIST;
	for (size_t k = l->count - 1; k > at; k--) {
		l->found[k] = l->found[k - 1];
		l->score[k] = l->score[k - 1];
	}
	l->found[at] = i;
	l->score[at] = score;
}

/* Of others than the first only what looks like it. */
static bool is_like(const struct list *l, uint32_t i)
{
	struct slice asked = request_target(l->request);
	struct slice target = table_target(l->table, i);
	size_t longer = asked.len > target.len ? asked.len : target.len;
	return slice_equal(url_path(asked), url_path(target)) ||
	       2 * alike(asked, target) > longer;
}

static void offer(struct list *l, uint32_t i)
{
	if (is_like(l, i))
		offer_as(l, i, score_of(l, i));
}

/* Those of the host; of a large one those of the same path, and the first. */
static void look_at_host(struct list *l)
{
	struct slice path = url_path(request_target(l->request));
	size_t looked = 0;
	uint32_t i = table_near(l->table, l->request->method, l->host, path);
	for (; i != TABLE_NONE && looked < LOOK_MAX;
	     i = table_entry(l->table, i)->near_next, looked++)
		offer(l, i);
	looked = 0;
	for (i = table_host_first(l->table, l->host);
	     i < table_count(l->table) && looked < LOOK_MAX; i++, looked++)
		if (table_entry(l->table, i)->host == l->host)
			offer(l, i);
}

static void look_elsewhere(struct list *l)
{
	struct slice path = url_path(request_target(l->request));
	size_t hosts = table_hosts(l->table);
	for (uint32_t h = 0; h < hosts && h < LOOK_MAX; h++) {
		uint32_t i = table_near(l->table, l->request->method, h, path);
		/* "/" is everywhere */
		if (i != TABLE_NONE && path.len > 1)
			offer(l, i);
	}
}

size_t near_list(const struct table *t, const struct request *r,
		 uint32_t out[NEAR_LIST])
{
	struct list l = {.table = t, .request = r};
	uint32_t first = nearest_find(t, r);
	uint32_t at = request_meant(t, r);
	l.host = table_host(t, r->url.host);
	if (l.host == TABLE_NONE && at != TABLE_NONE)
		l.host = table_host_at(t, at);
	if (first != TABLE_NONE)
		offer_as(&l, first, SIZE_MAX);
	if (l.host != TABLE_NONE)
		look_at_host(&l);
	look_elsewhere(&l);
	for (size_t i = 0; i < l.count; i++)
		out[i] = l.found[i];
	return l.count;
}
