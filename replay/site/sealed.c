/* Servers to which TLS was recorded. */
#include "sealed.h"

#include "capture/log.h"
#include "capture/names.h"

#include <stdlib.h>
#include <sys/random.h>

static void add(struct hosts *h, const struct name *name)
{
	struct buf address = {0};
	address_print(&address, &name->address);
	hosts_add(h, name->text, false);
	hosts_add(h, buf_slice(&address), true);
	buf_release(&address);
}

struct hosts *sealed_new(const struct recording *r)
{
	struct hosts *h = NULL;
	uint64_t seed;
	size_t count = r->names ? names_count(r->names) : 0;
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		log_fatal("no random bytes");
	for (size_t i = 0; i < count; i++) {
		const struct name *name = names_get(r->names, i);
		if (name->kind != NAME_TLS)
			continue;
		if (!h) {
			h = xcalloc(1, sizeof *h);
			hosts_init(h, seed);
		}
		add(h, name);
	}
	return h;
}

void sealed_free(struct hosts *h)
{
	if (!h)
		return;
	hosts_release(h);
	free(h);
}
