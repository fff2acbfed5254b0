/* Servers to which TLS or QUIC was recorded. */
#include "sealed.h"

#include "hosts.h"

#include "capture/names.h"

#include <stdlib.h>

enum { IN_TLS, IN_QUIC, WAYS };

struct sealed {
	struct hosts hosts[WAYS];
};

static void add(struct hosts *h, const struct name *name)
{
	hosts_add(h, name->text, false);
	hosts_add_address(h, &name->address);
}

static struct sealed *make(void)
{
	struct sealed *s = xcalloc(1, sizeof *s);
	uint64_t seed = hosts_seed();
	for (int way = 0; way < WAYS; way++)
		hosts_init(&s->hosts[way], seed);
	return s;
}

struct sealed *sealed_new(const struct recording *r)
{
	struct sealed *s = NULL;
	size_t count = r->names ? names_count(r->names) : 0;
	for (size_t i = 0; i < count; i++) {
		const struct name *name = names_get(r->names, i);
		if (name->kind != NAME_TLS && name->kind != NAME_QUIC)
			continue;
		if (!s)
			s = make();
		add(&s->hosts[name->kind == NAME_TLS ? IN_TLS : IN_QUIC], name);
	}
	return s;
}

void sealed_free(struct sealed *s)
{
	if (!s)
		return;
	for (int way = 0; way < WAYS; way++)
		hosts_release(&s->hosts[way]);
	free(s);
}

static bool has(const struct sealed *s, int way, struct slice host)
{
	return hosts_find(&s->hosts[way], host) != HOSTS_NONE;
}

const char *sealed_why(const struct sealed *s, struct slice host)
{
	if (!s || !host.len)
		return NULL;
	bool quic = has(s, IN_QUIC, host);
	if (has(s, IN_TLS, host))
		return quic ? "recorded in TLS and QUIC only, no keys"
			    : "recorded in TLS only, no keys";
	return quic ? "recorded in QUIC only, which is not read" : NULL;
}
