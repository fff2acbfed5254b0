/* The hosts of a recording, with their addresses. */
#include "html_hosts.h"

#include "capture/names.h"

#include <stdlib.h>

#define NAMES_MAX 20000U /* of DNS and TLS that are looked at */

/* A request that names none is one to the server's address. */
static void host_name(const struct exchange *e, struct buf *out)
{
	struct url url = exchange_url(e);
	buf_clear(out);
	if (url.host.len)
		buf_add_lower(out, url.host);
	else
		address_print(out, &exchange_server(e)->address);
}

static struct html_host *host_at(struct html_hosts *h, uint32_t number)
{
	if (number < h->count)
		return &h->list[number];
	if (!(h->count & (h->count - 1))) /* full: a power of two */
		h->list = xreallocarray(h->list, h->count ? h->count * 2 : 1,
					sizeof *h->list);
	h->list[h->count] = (struct html_host){0};
	return &h->list[h->count++];
}

static void add_address(struct html_host *host, const struct address *a)
{
	if (!a->version)
		return;
	for (size_t i = 0; i < host->address_count; i++)
		if (address_equal(&host->addresses[i], a))
			return;
	if (host->address_count < HTML_HOST_ADDRESSES)
		host->addresses[host->address_count++] = *a;
	else
		host->more_addresses++;
}

static void add_exchange(struct html_hosts *h, const struct findings *f,
			 uint32_t i, struct buf *name)
{
	const struct exchange *e = &f->recording->exchanges[i];
	host_name(e, name);
	h->of[i] = intern_add(&h->names, buf_slice(name));
	struct html_host *host = host_at(h, h->of[i]);
	if (!host->exchanges++)
		host->first = i;
	host->lost += !findings_reproducible(f, i);
	host->bytes += findings_bytes(e);
	host->https |= e->https;
	if (!e->tunnel.data)
		add_address(host, &exchange_server(e)->address);
}

static void add_names(struct html_hosts *h, const struct names *names,
		      struct buf *name)
{
	size_t count = names_count(names);
	for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
		const struct name *n = names_get(names, i);
		buf_clear(name);
		buf_add_lower(name, n->text);
		struct html_host *host =
		    host_at(h, intern_add(&h->names, buf_slice(name)));
		add_address(host, &n->address);
		host->missing |= n->kind == NAME_MISSING;
	}
}

void html_hosts_collect(struct html_hosts *h, const struct findings *f)
{
	const struct recording *r = f->recording;
	struct buf name = {0};
	*h = (struct html_hosts){.of = xcalloc(r->count + 1, sizeof *h->of)};
	for (uint32_t i = 0; i < r->count; i++)
		add_exchange(h, f, i, &name);
	if (r->names)
		add_names(h, r->names, &name);
	for (uint32_t i = 0; i < h->count; i++) {
		const struct intern_text *t = &h->names.list[i];
		h->list[i].name = slice_to(
		    slice_from(buf_slice(&h->names.text), t->at), t->len);
	}
	buf_release(&name);
}

void html_hosts_release(struct html_hosts *h)
{
	intern_release(&h->names);
	free(h->list);
	free(h->of);
	*h = (struct html_hosts){0};
}
