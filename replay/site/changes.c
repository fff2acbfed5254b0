/* Scripts, styles and the like that the rules change, by the digests with
 * which pages vouch for them. */
#include "changes.h"

#include "traits.h"

#include "rewrite/apply.h"

#include "capture/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS_MAX 20 /* of processor time; a page waits for it */

struct changes {
	const struct table *table;
	const struct rules *rules;
	const struct workers *workers;
	pthread_mutex_t lock; /* of map until it is made */
	struct digest_map *map;
};

static bool change_bodies(const struct rules *rules)
{
	for (size_t i = 0; rules && i < rules->count; i++)
		if (rules->list[i].part == PART_BODY)
			return true;
	return false;
}

struct changes *changes_new(const struct table *table,
			    const struct rules *rules,
			    const struct workers *workers)
{
	if (!change_bodies(rules))
		return NULL;
	struct changes *c = xcalloc(1, sizeof *c);
	c->table = table;
	c->rules = rules;
	c->workers = workers;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void changes_free(struct changes *c)
{
	if (!c)
		return;
	digest_map_free(c->map);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Whether pages vouch for what has that type: scripts, styles, and what
 * scripts fetch or import. */
static bool is_vouched_for(const struct exchange *e)
{
	static const struct slice words[] = {SLICE("script"), SLICE("/css"),
					     SLICE("json"), SLICE("text/plain"),
					     SLICE("wasm")};
	struct slice rest = head_fields(e->response_head);
	struct field f;
	if (e->state != EXCHANGE_COMPLETE || e->status != 200 || !e->body_bytes)
		return false;
	if (!head_field_next(&rest, SLICE("content-type"), &f))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (struct slice s = f.value; s.len; s = slice_from(s, 1))
			if (slice_starts_nocase(s, words[i]))
				return true;
	return false;
}

static void add(struct changes *c, const struct exchange *e, struct matcher *m)
{
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct rewritten w = {.keep_plain = true};
	if (apply(c->rules, m, &o, false, NULL, &w) && w.body_changed)
		digest_map_add(c->map, buf_slice(&w.plain), buf_slice(&w.body));
	rewritten_release(&w);
}

static double cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(struct changes *c)
{
	struct matcher *m = matcher_new();
	double end = cpu_seconds() + SECONDS_MAX;
	size_t count = table_count(c->table);
	c->map = digest_map_new();
	for (size_t i = 0; i < count; i++) {
		const struct exchange *e =
		    table_exchange(c->table, (uint32_t)i);
		if (!is_vouched_for(e))
			continue;
		if (c->workers && workers_ending(c->workers))
			break;
		if (cpu_seconds() > end) {
			log_warn("digests of scripts: of those after exchange "
				 "%zu there was no time to make any true",
				 i);
			break;
		}
		add(c, e, m);
	}
	matcher_free(m);
}

const struct digest_map *changes_map(void *context)
{
	struct changes *c = context;
	pthread_mutex_lock(&c->lock);
	if (!c->map)
		fill(c);
	pthread_mutex_unlock(&c->lock);
	return c->map;
}
