/* Who speaks on a connection: HTTP/1 or HTTP/2, in clear or in TLS. */
#include "client.h"

#include "client_http1.h"
#include "client_http2.h"

#include <event2/buffer.h>
#include <event2/event.h>

/* What an HTTP/2 client says first (RFC 9113 3.4). No method of HTTP/1 is
 * spelt so. */
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* HTTP/1 unless all of the preface is there. False: more of it must come. */
static bool speak_clear(struct client *c, struct slice first)
{
	struct slice whole = SLICE(PREFACE);
	bool like = !c->all->site.options->no_h2 && slice_starts(whole, first);
	if (like && first.len < whole.len && !c->ended && !c->all->stopping)
		return false;
	if (like && first.len == whole.len)
		http2_begin(c);
	else
		http1_begin(c);
	return true;
}

static bool read_first(struct client *c)
{
	static const struct tls_told old = {
	    .failure = "the client is too old: an SSL 2.0 hello"};
	uint8_t bytes[sizeof PREFACE - 1];
	ev_ssize_t len = evbuffer_copyout(c->in, bytes, sizeof bytes);
	struct slice first = {bytes, len > 0 ? (size_t)len : 0};
	switch (tls_first(first)) {
	case TLS_FIRST_MORE:
		if (c->ended || c->all->stopping)
			client_close(c, "the client closed");
		return false;
	case TLS_FIRST_HELLO:
		return client_begin_tls(c);
	case TLS_FIRST_SSL2:
		return client_tls_failed(c, &old);
	case TLS_FIRST_CLEAR:
		break;
	}
	return speak_clear(c, first);
}

/* Hands are shaken. */
static bool read_opened(struct client *c)
{
	if (tls_told(c->tls)->h2)
		http2_begin(c);
	else
		http1_begin(c);
	return true;
}

void client_new(struct clients *all, int fd, const struct arrival *arrival)
{
	struct client *c = client_open(all, fd, arrival);
	if (!c)
		return;
	c->first = c->work = read_first;
	c->opened = read_opened;
}

void clients_stop(struct clients *all)
{
	all->stopping = true;
	struct client *next;
	for (struct client *c = all->first; c; c = next) {
		next = c->next;
		if (c->speaker)
			c->speaker->stop(c);
		else if (!client_ends(c))
			client_close(c, "stopping");
	}
}

void clients_free(struct clients *all)
{
	all->stopping = false;
	struct client *next;
	for (struct client *c = all->first; c; c = next) {
		next = c->next;
		client_close(c, "stopping");
	}
	if (all->look)
		event_free(all->look);
	all->look = NULL;
}
