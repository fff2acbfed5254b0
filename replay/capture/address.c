/* IP addresses and ports: their types, their written forms. */
#include "address.h"

#include <arpa/inet.h>
#include <string.h>

uint64_t endpoint_hash(const struct endpoint *e, uint64_t seed)
{
	/* Once or twice a packet: two words, not a loop over bytes. */
	uint64_t words[2];
	memcpy(words, e->address.bytes, sizeof words);
	uint64_t h = (words[0] ^ seed) + e->port * 0x9e3779b97f4a7c15U;
	h = (h ^ h >> 32) * 0x9fb21c651e98df25U;
	h = (h ^ h >> 28 ^ words[1]) * 0xd6e8feb86659fd93U;
	return h ^ h >> 32;
}

/* inet_ntop does it by printf, and there are many in a list. */
static void print_dotted(struct buf *out, const uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			buf_add_byte(out, '.');
		buf_add_number(out, bytes[i]);
	}
}

void address_print(struct buf *out, const struct address *a)
{
	char text[INET6_ADDRSTRLEN] = "-";
	if (a->version == 4) {
		print_dotted(out, a->bytes);
		return;
	}
	if (a->version)
		inet_ntop(AF_INET6, a->bytes, text, sizeof text);
	buf_add_string(out, text);
}

void endpoint_print(struct buf *out, const struct endpoint *e)
{
	if (e->address.version == 6)
		buf_add_byte(out, '[');
	address_print(out, &e->address);
	if (e->address.version == 6)
		buf_add_byte(out, ']');
	buf_add_byte(out, ':');
	buf_add_number(out, e->port);
}

bool address_parse(struct slice text, struct address *a)
{
	char copy[INET6_ADDRSTRLEN];
	*a = (struct address){0};
	if (!text.len || text.len >= sizeof copy ||
	    memchr(text.data, 0, text.len))
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, a->bytes) == 1)
		a->version = 4;
	else if (inet_pton(AF_INET6, copy, a->bytes) == 1)
		a->version = 6;
	return a->version != 0;
}
