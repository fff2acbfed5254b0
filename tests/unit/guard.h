/* Memory that ends at the end of the world: a page that may not be touched
 * follows it at once, so that reading one byte too many ends the test. */
#ifndef TESTS_UNIT_GUARD_H
#define TESTS_UNIT_GUARD_H

#include "capture/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
	uint8_t *map;
	size_t len; /* with the forbidden page */
	struct slice bytes;
};

static inline struct guard guard_copy(struct slice bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = (bytes.len / page + 1) * page;
	struct guard g = {.len = body + page};
	g.map = mmap(NULL, g.len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED || mprotect(g.map + body, page, PROT_NONE))
		abort();
	uint8_t *at = g.map + body - bytes.len;
	if (bytes.len)
		memcpy(at, bytes.data, bytes.len);
	g.bytes = (struct slice){at, bytes.len};
	return g;
}

static inline void guard_free(struct guard *g)
{
	munmap(g->map, g->len);
}

#endif
