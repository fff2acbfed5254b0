/* DNS questions and answers over UDP (RFC 1035). */
#include "dns.h"

#include <string.h>

#define RESOLVER "192.0.2.53"
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define CLASS_IN 1
#define QUESTION_FLAGS 0x0100 /* recursion desired */
#define ANSWER_FLAGS 0x8180   /* response, recursion available */
#define NAME_ERROR 3
#define POINTER_TO_QUESTION 0xc00c

static void add_name(struct str *out, const char *name)
{
	size_t len;

	for (; *name; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		str_byte(out, (uint8_t)len);
		str_add(out, name, len);
	}
	str_byte(out, 0);
}

static void add_header(struct str *out, uint16_t id, uint16_t flags,
		       uint16_t answers)
{
	str_u16(out, id);
	str_u16(out, flags);
	str_u16(out, 1);
	str_u16(out, answers);
	str_u32(out, 0);
}

static void add_question(struct str *out, const char *name, uint16_t type)
{
	add_name(out, name);
	str_u16(out, type);
	str_u16(out, CLASS_IN);
}

/* Type, class, time to live; the record's data follows its length. */
static void add_record(struct str *out, uint16_t type, size_t len)
{
	str_u16(out, type);
	str_u16(out, CLASS_IN);
	str_u32(out, 60);
	str_u16(out, (uint16_t)len);
}

static void add_answers(struct str *out, const char *alias,
			const struct end *address)
{
	str_u16(out, POINTER_TO_QUESTION);
	if (alias) {
		add_record(out, TYPE_CNAME, strlen(alias) + 2);
		add_name(out, alias);
		add_name(out, alias);
	}
	if (address->version == 6)
		add_record(out, TYPE_AAAA, 16);
	else
		add_record(out, TYPE_A, 4);
	str_add(out, address->ip, address->version == 6 ? 16 : 4);
}

void dns_lookup(struct net *n, const char *client, const char *name,
		const char *alias, const char *address)
{
	struct end from = end_of(client, 49152 + net_random(n) % 16384);
	const struct end to = end_of(RESOLVER, 53);
	uint16_t id = (uint16_t)net_random(n);
	struct end found = {0};
	struct str m = {0};
	uint16_t type;

	if (address)
		found = end_of(address, 0);
	type = found.version == 6 ? TYPE_AAAA : TYPE_A;
	add_header(&m, id, QUESTION_FLAGS, 0);
	add_question(&m, name, type);
	net_udp(n, &from, &to, m.data, m.len);

	m.len = 0;
	n->now += 12 * 1000000;
	add_header(&m, id, ANSWER_FLAGS | (address ? 0 : NAME_ERROR),
		   address ? (alias ? 2 : 1) : 0);
	add_question(&m, name, type);
	if (address)
		add_answers(&m, alias, &found);
	net_udp(n, &to, &from, m.data, m.len);
	str_free(&m);
}
