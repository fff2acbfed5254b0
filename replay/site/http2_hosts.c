/* Servers to which HTTP/2 was recorded. */
#include "http2_hosts.h"

#include "capture/log.h"

#include <stdlib.h>
#include <sys/random.h>

static void add(struct hosts *h, const struct recording *r)
{
	struct buf address = {0};
	for (size_t i = 0; r && i < r->count; i++) {
		const struct exchange *e = &r->exchanges[i];
		if (e->version != EXCHANGE_HTTP2)
			continue;
		struct slice host = exchange_url(e).host;
		if (host.len)
			hosts_add(h, host, false);
		buf_clear(&address);
		address_print(&address, &exchange_server(e)->address);
		hosts_add(h, buf_slice(&address), true);
	}
	buf_release(&address);
}

struct hosts *http2_hosts_new(const struct recording *r,
			      const struct recording *supplement)
{
	struct hosts *h = xcalloc(1, sizeof *h);
	uint64_t seed;
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
		log_fatal("no random bytes");
	hosts_init(h, seed);
	add(h, r);
	add(h, supplement);
	return h;
}

void http2_hosts_free(struct hosts *h)
{
	if (!h)
		return;
	hosts_release(h);
	free(h);
}
