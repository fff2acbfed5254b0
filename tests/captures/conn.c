/* A TCP connection that leaves as segments, as a scenario orders it. */
#include "wire.h"

#include <string.h>

struct conn conn_begin(struct net *n, struct end client, struct end server)
{
	struct conn c = {.net = n, .ends = {client, server}};

	c.first[CLIENT] = (uint32_t)net_random(n);
	c.first[SERVER] = (uint32_t)net_random(n);
	return c;
}

/* The number of the next new byte, or behind the FIN. */
static uint32_t next_seq(const struct conn *c, enum side side)
{
	return c->first[side] + (uint32_t)c->sent[side] + c->fin[side];
}

static void send_at(struct conn *c, enum side side, uint32_t seq, uint8_t flags,
		    const void *data, size_t len)
{
	net_tcp(c->net, c->ends, side, seq, next_seq(c, !side), flags, data,
		len);
}

void conn_handshake(struct conn *c)
{
	send_at(c, CLIENT, c->first[CLIENT] - 1, SYN, NULL, 0);
	send_at(c, SERVER, c->first[SERVER] - 1, SYN | ACK, NULL, 0);
	send_at(c, CLIENT, c->first[CLIENT], ACK, NULL, 0);
}

struct conn conn_open(struct net *n, struct end client, struct end server)
{
	struct conn c = conn_begin(n, client, server);

	conn_handshake(&c);
	return c;
}

void conn_say(struct conn *c, enum side side, const void *data, size_t len)
{
	str_add(&c->said[side], data, len);
}

void conn_segment(struct conn *c, enum side side, size_t offset, size_t len)
{
	if (offset + len > c->said[side].len)
		fail("a segment of bytes that nobody said");
	conn_forge(c, side, offset, c->said[side].data + offset, len);
	if (offset + len > c->sent[side])
		c->sent[side] = offset + len;
}

void conn_forge(struct conn *c, enum side side, size_t offset, const void *data,
		size_t len)
{
	send_at(c, side, c->first[side] + (uint32_t)offset, ACK | PSH, data,
		len);
}

void conn_lose(struct conn *c, enum side side, size_t len)
{
	c->sent[side] += len;
}

void conn_flags(struct conn *c, enum side side, uint8_t flags)
{
	send_at(c, side, next_seq(c, side), flags, NULL, 0);
}

bool conn_push(struct conn *c, enum side side, unsigned segments)
{
	size_t left, i;

	for (i = 1; i <= segments; i++) {
		left = c->said[side].len - c->sent[side];
		if (!left)
			return false;
		if (left > c->net->mss)
			left = c->net->mss;
		conn_segment(c, side, c->sent[side], left);
		if (i % 2 == 0 || c->sent[side] == c->said[side].len)
			conn_flags(c, !side, ACK);
	}
	return c->sent[side] < c->said[side].len;
}

void conn_flush(struct conn *c, enum side side)
{
	conn_push(c, side, UINT32_MAX);
}

void conn_forget(struct conn *c)
{
	int i;

	for (i = 0; i < 2; i++) {
		c->first[i] += (uint32_t)c->sent[i];
		c->said[i].len = c->sent[i] = 0;
	}
}

void conn_fin(struct conn *c, enum side side)
{
	conn_flags(c, side, FIN | ACK);
	c->fin[side] = true;
}

void conn_close(struct conn *c, enum side side)
{
	conn_fin(c, side);
	conn_fin(c, !side);
	conn_flags(c, side, ACK);
	conn_abandon(c);
}

void conn_reset(struct conn *c, enum side side)
{
	conn_flags(c, side, RST | ACK);
	conn_abandon(c);
}

void conn_abandon(struct conn *c)
{
	str_free(&c->said[CLIENT]);
	str_free(&c->said[SERVER]);
}
