/* TCP connections and UDP datagrams as packets on a wire. */
#include "wire.h"

#include <string.h>

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define IPV6_HOP_BY_HOP 0
#define IPV6_FRAGMENT 44
#define IPV6_DESTINATION 60
#define ETHERNET_MIN 60
#define WINDOW 64240

/* splitmix64 */
uint64_t net_random(struct net *n)
{
	uint64_t z = n->seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void pad_ethernet(struct frame *f)
{
	size_t len = f->end - f->start;

	if (len >= ETHERNET_MIN)
		return;
	/* not zeros: whoever takes them for data will show it */
	memset(f->bytes + f->end, 'P', ETHERNET_MIN - len);
	f->end += ETHERNET_MIN - len;
}

static void send_frame(struct net *n, struct frame *f, const struct end *from,
		       const struct end *to)
{
	uint16_t link = envelope_link(n->envelope);
	bool twice = n->faults.twice && net_random(n) % 1000 < n->faults.twice;

	envelope_wrap(n->envelope, f, from, to);
	if (n->faults.padding && link == LINK_ETHERNET)
		pad_ethernet(f);
	writer_frame(n->writer, link, n->now, f->bytes + f->start,
		     f->end - f->start);
	if (twice)
		writer_frame(n->writer, link, n->now + 1000,
			     f->bytes + f->start, f->end - f->start);
	n->now += n->step;
}

/* fragment: offset in 8-byte units, times 8, or 1 if more follow */
static void wrap_ipv4(struct net *n, struct frame *f, const struct end *from,
		      const struct end *to, uint8_t protocol, uint16_t fragment)
{
	uint8_t header[24];
	size_t payload = f->end - f->start;
	size_t len = n->faults.ip_options ? 24 : 20;
	uint16_t offset = fragment >> 3 | (fragment & 1 ? 0x2000 : 0);
	uint16_t sum;

	ipv4_header(header, from, to, protocol, n->ip_id, payload + len - 20);
	header[0] = 0x40 | (uint8_t)(len / 4);
	memcpy(header + 20, "\x01\x01\x01\x00", 4); /* no operation, end */
	header[6] = offset >> 8;
	header[7] = offset & 0xff;
	if (n->faults.length_zero && payload > 1480)
		header[2] = header[3] = 0;
	header[10] = header[11] = 0;
	sum = checksum_end(checksum_add(0, header, len));
	memcpy(header + 10, &sum, 2);
	frame_prepend(f, header, len);
}

static uint8_t wrap_ipv6_options(struct frame *f, uint8_t next)
{
	uint8_t options[8] = {next, 0, 1, 4}; /* PadN */

	frame_prepend(f, options, sizeof(options));
	options[0] = IPV6_DESTINATION;
	frame_prepend(f, options, sizeof(options));
	return IPV6_HOP_BY_HOP;
}

static void wrap_ipv6(struct net *n, struct frame *f, const struct end *from,
		      const struct end *to, uint8_t next)
{
	uint8_t header[40] = {0x60, [7] = 64};
	size_t len;

	if (n->faults.ip_options)
		next = wrap_ipv6_options(f, next);
	len = f->end - f->start;
	if (n->faults.length_zero && len > 1460)
		len = 0;
	header[4] = (uint8_t)(len >> 8);
	header[5] = (uint8_t)len;
	header[6] = next;
	memcpy(header + 8, from->ip, 16);
	memcpy(header + 24, to->ip, 16);
	frame_prepend(f, header, sizeof(header));
}

static void wrap_fragment6(struct net *n, struct frame *f, uint8_t next,
			   uint16_t fragment)
{
	uint8_t header[8] = {next, 0, fragment >> 8, fragment & 0xff};

	header[6] = n->ip_id >> 8;
	header[7] = n->ip_id & 0xff;
	frame_prepend(f, header, sizeof(header));
}

static void send_fragment(struct net *n, const struct frame *whole,
			  const struct end *from, const struct end *to,
			  uint8_t protocol, size_t offset)
{
	static struct frame f;
	size_t len = whole->end - whole->start, part = n->mtu / 8 * 8;
	bool more = offset + part < len;

	if (!more)
		part = len - offset;
	f.start = FRAME_ROOM;
	f.end = FRAME_ROOM + part;
	memcpy(f.bytes + f.start, whole->bytes + whole->start + offset, part);
	if (from->version == 6) {
		wrap_fragment6(n, &f, protocol, (uint16_t)(offset | more));
		wrap_ipv6(n, &f, from, to, IPV6_FRAGMENT);
	} else {
		wrap_ipv4(n, &f, from, to, protocol, (uint16_t)(offset | more));
	}
	send_frame(n, &f, from, to);
}

static void send_fragments(struct net *n, const struct frame *f,
			   const struct end *from, const struct end *to,
			   uint8_t protocol)
{
	size_t part = n->mtu / 8 * 8;
	size_t count = (f->end - f->start + part - 1) / part;
	size_t i;

	for (i = 0; i < count; i++)
		send_fragment(n, f, from, to, protocol,
			      part * (n->faults.shuffle ? count - 1 - i : i));
}

static void send_ip(struct net *n, struct frame *f, const struct end *from,
		    const struct end *to, uint8_t protocol)
{
	n->ip_id++;
	if (n->mtu && f->end - f->start > n->mtu) {
		send_fragments(n, f, from, to, protocol);
		return;
	}
	if (from->version == 6)
		wrap_ipv6(n, f, from, to, protocol);
	else
		wrap_ipv4(n, f, from, to, protocol, 0);
	send_frame(n, f, from, to);
}

/* RFC 9293 3.1, RFC 8200 8.1: over a pseudo header, and the rest. */
static uint16_t transport_checksum(const struct net *n, const struct frame *f,
				   const struct end *from, const struct end *to,
				   uint8_t protocol)
{
	size_t size = from->version == 6 ? 16 : 4;
	uint32_t len = (uint32_t)(f->end - f->start);
	uint8_t pseudo[8] = {len >> 24, (len >> 16) & 0xff, (len >> 8) & 0xff,
			     len & 0xff, [7] = protocol};
	uint64_t sum = checksum_add(0, pseudo, sizeof(pseudo));

	sum = checksum_add(sum, from->ip, size);
	sum = checksum_add(sum, to->ip, size);
	sum = checksum_add(sum, f->bytes + f->start, len);
	return checksum_end(sum) ^ (n->faults.bad_checksums ? 0x5a5a : 0);
}

static void frame_payload(struct frame *f, const void *data, size_t len)
{
	f->start = FRAME_ROOM;
	f->end = FRAME_ROOM + len;
	if (len)
		memcpy(f->bytes + f->start, data, len);
}

void net_udp(struct net *n, const struct end *from, const struct end *to,
	     const void *data, size_t len)
{
	static struct frame f;
	size_t all = len + 8;
	uint8_t header[8] = {from->port >> 8,     from->port & 0xff,
			     to->port >> 8,       to->port & 0xff,
			     (uint8_t)(all >> 8), (uint8_t)all};
	uint16_t sum;

	frame_payload(&f, data, len);
	frame_prepend(&f, header, sizeof(header));
	sum = transport_checksum(n, &f, from, to, PROTOCOL_UDP);
	memcpy(f.bytes + f.start + 6, &sum, 2);
	send_ip(n, &f, from, to, PROTOCOL_UDP);
}

static void put32(uint8_t *at, uint32_t v)
{
	at[0] = v >> 24;
	at[1] = (v >> 16) & 0xff;
	at[2] = (v >> 8) & 0xff;
	at[3] = v & 0xff;
}

static void wrap_tcp(struct frame *f, const struct end *from,
		     const struct end *to, uint32_t seq, uint32_t ack,
		     uint8_t flags)
{
	uint8_t header[24] = {from->port >> 8, from->port & 0xff, to->port >> 8,
			      to->port & 0xff};
	size_t len = flags & SYN ? 24 : 20;

	put32(header + 4, seq);
	put32(header + 8, flags & ACK ? ack : 0);
	header[12] = (uint8_t)(len / 4 << 4);
	header[13] = flags;
	header[14] = WINDOW >> 8;
	header[15] = WINDOW & 0xff;
	memcpy(header + 20, "\x02\x04\x05\xb4", 4); /* MSS 1460 */
	frame_prepend(f, header, len);
}

void net_tcp(struct net *n, const struct end ends[2], enum side from,
	     uint32_t seq, uint32_t ack, uint8_t flags, const void *data,
	     size_t len)
{
	static struct frame f;
	const struct end *a = &ends[from], *b = &ends[!from];
	uint16_t sum;

	frame_payload(&f, data, len);
	wrap_tcp(&f, a, b, seq, ack, flags);
	sum = transport_checksum(n, &f, a, b, PROTOCOL_TCP);
	memcpy(f.bytes + f.start + 16, &sum, 2);
	send_ip(n, &f, a, b, PROTOCOL_TCP);
}
