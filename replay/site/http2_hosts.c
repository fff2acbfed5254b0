/* Servers to which HTTP/2 was recorded. */
#include "http2_hosts.h"

#include <stdlib.h>

static void add(struct hosts *h, const struct recording *r)
{
	for (size_t i = 0; r && i < r->count; i++) {
		const struct exchange *e = &r->exchanges[i];
		if (e->version != EXCHANGE_HTTP2)
			continue;
		struct slice host = exchange_url(e).host;
		if (host.len)
			hosts_add(h, host, false);
		hosts_add_address(h, &exchange_server(e)->address);
	}
}

struct hosts *http2_hosts_new(const struct recording *r,
			      const struct recording *supplement)
{
	struct hosts *h = xcalloc(1, sizeof *h);
	hosts_init(h, hosts_seed());
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
