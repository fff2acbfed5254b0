/* Scripts, styles and the like that the rules change, by the digests with
 * which pages vouch for them. */
#include "changes.h"

#include "rewrite/vouched.h"

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
		if (!vouched_is(e))
			continue;
		if (c->workers && workers_ending(c->workers))
			break;
		if (cpu_seconds() > end) {
			log_warn("digests of scripts: of those after exchange "
				 "%zu there was no time to make any true",
				 i);
			break;
		}
		vouched_add(c->map, e, c->rules, m);
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
