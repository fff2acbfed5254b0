/* The names of a recording: what DNS answered, what TLS and QUIC clients asked
 * for. */
#include "names.h"

#include "dns.h"
#include "hello.h"
#include "log.h"
#include "nameset.h"

#include <stdlib.h>

struct names {
	struct nameset *set;
	bool full;                         /* said */
	uint8_t tls[(UINT16_MAX + 1) / 8]; /* a bit a port */
};

struct names *names_new(void)
{
	struct names *n = xcalloc(1, sizeof *n);
	n->set = nameset_new();
	return n;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	nameset_free(n->set);
	free(n);
}

static void add(struct names *n, enum name_kind kind, struct slice text,
		const struct address *address)
{
	struct name name = {kind, text, *address};
	if (!text.len || text.len > NAMESET_TEXT_MAX ||
	    nameset_add(n->set, &name) || n->full)
		return;
	n->full = true;
	log_warn("more than %zu names in DNS, TLS and QUIC: the rest is left "
		 "out",
		 nameset_count(n->set));
}

void names_add_dns(struct names *n, struct slice message)
{
	static const struct address none;
	struct dns_reply reply;
	if (!dns_parse(message, &reply))
		return;
	if (reply.missing)
		add(n, NAME_MISSING, dns_text(&reply.chain[0]), &none);
	for (size_t i = 0; i < reply.count; i++)
		for (size_t j = 0; j <= reply.found[i].owner; j++)
			add(n, NAME_ADDRESS, dns_text(&reply.chain[j]),
			    &reply.found[i].address);
}

/* By its first bytes: a handshake record and its first message's type (RFC 8446
 * 5.1, 4). */
static bool is_client_hello(struct slice hello)
{
	return hello.len > 5 && hello.data[0] == 22 && hello.data[1] == 3 &&
	       hello.data[5] == 1;
}

static void note_port(struct names *n, uint16_t port)
{
	n->tls[port / 8] |= (uint8_t)(1 << port % 8);
}

/* A server name is not written with its dot at the end. */
static void add_server(struct names *n, enum name_kind kind, struct slice name,
		       const struct endpoint *server)
{
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	add(n, kind, name, &server->address);
}

void names_add_tls(struct names *n, struct slice hello,
		   const struct endpoint *server)
{
	struct buf name = {0};
	if (is_client_hello(hello))
		note_port(n, server->port);
	if (hello_server_name(hello, &name))
		add_server(n, NAME_TLS, buf_slice(&name), server);
	buf_release(&name);
}

void names_add_quic(struct names *n, struct slice hello,
		    const struct endpoint *server)
{
	struct hello h;
	if (!hello_parse(&h, hello))
		return;
	note_port(n, server->port);
	add_server(n, NAME_QUIC, hello_name(&h), server);
}

bool names_tls_port(const struct names *n, uint16_t port)
{
	return n->tls[port / 8] >> port % 8 & 1;
}

size_t names_count(const struct names *n)
{
	return nameset_count(n->set);
}

const struct name *names_get(const struct names *n, size_t i)
{
	return nameset_get(n->set, i);
}
