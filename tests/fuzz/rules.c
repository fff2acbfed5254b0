/* Fuzzes rule files: whatever they hold, they are read or told to be wrong, and
 * what was read can be applied. */
#include "rewrite/apply.h"
#include "rewrite/steer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *file_of(const uint8_t *data, size_t size, char path[32])
{
	static int fd = -1;
	if (fd < 0)
		fd = memfd_create("rules", 0);
	if (fd < 0 || ftruncate(fd, 0) ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, 32, "/dev/fd/%d", fd);
	return path;
}

static void use(const struct rules *rules, struct matcher *m)
{
	struct slice body = SLICE("<a href=\"http://192.0.2.7/\">aaa</a>");
	struct subject s = {
	    SLICE("GET"), SLICE("www.example"), SLICE("/a?_=1"), false,
	    200,          SLICE("text/html")};
	struct buf out = {0};
	apply_target(rules, m, &s, &out);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *r = &rules->list[i];
		size_t count = 0;
		buf_clear(&out);
		rule_fits(r, m, &s);
		if (r->action == ACTION_SUBSTITUTE)
			substitute(&r->substitution, m, body, rules->zone, &out,
				   &count);
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	const char *paths[] = {file_of(data, size, path)};
	struct rules *rules = rules_read(paths, 1, SLICE(STEER_ZONE));
	if (!rules)
		return 0;
	struct matcher *m = matcher_new();
	matcher_begin(m, 0.5);
	use(rules, m);
	matcher_free(m);
	rules_free(rules);
	return 0;
}
