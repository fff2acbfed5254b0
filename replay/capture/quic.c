/* The ClientHello of QUIC connections: Initial packets are opened, the pieces
 * of the hello in them put together. */
#include "quic.h"

#include "quic_keys.h"

#include <stdlib.h>

#define DATAGRAM_MIN 1200 /* RFC 9000 14.1 */
#define ID_MIN 8          /* of what a client begins with: 7.2 */
#define ID_MAX 20         /* 17.2 */
#define LONG_HEADER 0x80
#define NUMBER_MAX 4 /* bytes of a packet's number */
#define MESSAGE_HEAD 4
#define CLIENT_HELLO 1

/* Long header packets (RFC 9000 17.2; numbered otherwise on the wire by
 * version 2, RFC 9369 3.2). */
enum packet_type { INITIAL, ZERO_RTT, HANDSHAKE, RETRY };

/* Frames that an Initial packet may hold (RFC 9000 12.4), but for
 * CONNECTION_CLOSE: nothing of interest comes behind that. */
enum frame_type {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
};

/* A packet of a datagram that is to be opened. */
struct initial {
	uint32_t version;
	struct slice id;    /* Destination Connection ID */
	struct slice bytes; /* the packet, no more */
	size_t number_at;   /* where its number begins */
};

/* What is there of a hello. */
struct hello_parts {
	size_t known; /* bytes from its start on without a gap */
	uint8_t bytes[QUIC_HELLO_MAX];
	uint8_t have[QUIC_HELLO_MAX / 8]; /* a bit a byte */
};

struct connection {
	uint32_t number;
	bool used, keyed;
	uint8_t failures;
	int side; /* the client's; if keyed */
	uint32_t version;
	uint8_t id[ID_MAX]; /* of which the keys are made */
	size_t id_len;
	struct quic_keys keys;
	struct hello_parts *parts; /* NULL: nothing, or done */
};

struct quic {
	/* By number, which is counted up: what is long ago makes room. */
	struct connection connections[QUIC_CONNECTIONS_MAX];
	struct buf plain; /* frames of the packet in hand */
	struct buf hello; /* as told */
};

struct quic *quic_new(void)
{
	return xcalloc(1, sizeof(struct quic));
}

void quic_free(struct quic *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < QUIC_CONNECTIONS_MAX; i++)
		free(q->connections[i].parts);
	buf_release(&q->plain);
	buf_release(&q->hello);
	free(q);
}

/* ---- packets ---- */

/* RFC 9000 16. */
static uint64_t reader_varint(struct reader *r)
{
	uint64_t value = reader_u8(r);
	int more = (1 << (value >> 6)) - 1;
	value &= 0x3f;
	while (more--)
		value = value << 8 | reader_u8(r);
	return value;
}

static struct slice reader_take_varint(struct reader *r)
{
	uint64_t len = reader_varint(r);
	if (len > reader_left(r)) {
		r->short_read = true;
		return (struct slice){0};
	}
	return reader_take(r, (size_t)len);
}

static enum packet_type type_of(uint8_t first, uint32_t version)
{
	static const enum packet_type v2[] = {RETRY, INITIAL, ZERO_RTT,
					      HANDSHAKE};
	unsigned bits = first >> 4 & 3;
	return version == QUIC_V2 ? v2[bits] : (enum packet_type)bits;
}

/* The next packet of rest, which shrinks. False where there is none, or none
 * whose end is known. */
static bool next_packet(struct slice *rest, enum packet_type *type,
			struct initial *p)
{
	struct reader r = reader_of(*rest);
	uint8_t first = reader_u8(&r);
	p->version = reader_u32(&r);
	size_t id_len = reader_u8(&r);
	if (!(first & LONG_HEADER) || !quic_version_known(p->version) ||
	    id_len > ID_MAX)
		return false;
	p->id = reader_take(&r, id_len);
	reader_skip(&r, reader_u8(&r)); /* Source Connection ID */
	*type = type_of(first, p->version);
	if (*type == RETRY)
		return false;
	if (*type == INITIAL)
		reader_take_varint(&r); /* token */
	uint64_t len = reader_varint(&r);
	if (r.short_read || len > reader_left(&r))
		return false;
	p->number_at = rest->len - reader_left(&r);
	p->bytes = slice_to(*rest, p->number_at + (size_t)len);
	*rest = slice_from(*rest, p->bytes.len);
	return true;
}

bool quic_is_initial(struct slice datagram)
{
	struct initial p;
	enum packet_type type;
	if (datagram.len < DATAGRAM_MIN || !(datagram.data[0] & LONG_HEADER))
		return false;
	for (int i = 0; i < QUIC_PACKETS_MAX; i++) {
		if (!next_packet(&datagram, &type, &p))
			return false;
		if (type == INITIAL)
			return true;
	}
	return false;
}

/* Takes the header's protection off (RFC 9001 5.4), then the packet's. */
static bool open_with(const struct quic_keys *keys, const struct initial *p,
		      struct buf *plain)
{
	uint8_t mask[1 + NUMBER_MAX];
	size_t sample_at = p->number_at + NUMBER_MAX;
	if (p->bytes.len < sample_at + QUIC_SAMPLE_LEN ||
	    !quic_mask(keys, p->bytes.data + sample_at, mask))
		return false;
	size_t number_len = ((p->bytes.data[0] ^ mask[0]) & 3) + 1;
	struct buf head = {0};
	uint64_t number = 0;
	buf_add(&head, slice_to(p->bytes, p->number_at + number_len));
	head.data[0] ^= mask[0] & 0x0f;
	for (size_t i = 0; i < number_len; i++) {
		head.data[p->number_at + i] ^= mask[1 + i];
		/* Clients count from 0 and begin with few: the rest of it is
		 * 0 (RFC 9000 12.3, 17.1). */
		number = number << 8 | head.data[p->number_at + i];
	}
	struct slice sealed = slice_from(p->bytes, head.len);
	buf_clear(plain);
	buf_reserve(plain, sealed.len);
	bool good =
	    quic_open(keys, number, buf_slice(&head), sealed, plain->data);
	plain->len = good ? sealed.len - QUIC_TAG_LEN : 0;
	buf_release(&head);
	return good;
}

/* ---- connections ---- */

/* The one of that number, whose place another one may have had. */
static struct connection *find(struct quic *q, uint32_t number)
{
	struct connection *c = &q->connections[number % QUIC_CONNECTIONS_MAX];
	if (c->used && c->number == number)
		return c;
	free(c->parts);
	*c = (struct connection){.number = number, .used = true};
	return c;
}

static void begin(struct connection *c, int side, const struct initial *p,
		  const struct quic_keys *keys)
{
	c->keyed = true;
	c->side = side;
	c->version = p->version;
	c->keys = *keys;
	c->id_len = p->id.len;
	memcpy(c->id, p->id.data, p->id.len);
	free(c->parts);
	c->parts = xcalloc(1, sizeof *c->parts);
}

static bool has_id(const struct connection *c, const struct initial *p)
{
	return c->keyed && c->version == p->version &&
	       slice_equal((struct slice){c->id, c->id_len}, p->id);
}

/* With the connection's keys; or with the packet's own, which then begins a
 * connection or goes on after a Retry. Once a server has answered, clients
 * write the ID that it chose, and keep the keys (RFC 9000 7.2). */
static bool open_packet(struct quic *q, struct connection *c, int side,
			const struct initial *p)
{
	struct quic_keys keys;
	if (c->keyed && open_with(&c->keys, p, &q->plain))
		return true;
	if (has_id(c, p) || p->id.len < ID_MIN ||
	    !quic_client_keys(p->version, p->id, &keys) ||
	    !open_with(&keys, p, &q->plain))
		return false;
	begin(c, side, p, &keys);
	return true;
}

/* ---- frames ---- */

static bool has_byte(const struct hello_parts *h, size_t i)
{
	return i < QUIC_HELLO_MAX && h->have[i / 8] >> i % 8 & 1;
}

static void add_bytes(struct hello_parts *h, uint64_t at, struct slice bytes)
{
	if (at >= QUIC_HELLO_MAX)
		return;
	bytes = slice_to(bytes, QUIC_HELLO_MAX - (size_t)at);
	for (size_t i = 0; i < bytes.len; i++) {
		size_t to = (size_t)at + i;
		if (has_byte(h, to))
			continue;
		h->bytes[to] = bytes.data[i];
		h->have[to / 8] |= (uint8_t)(1 << to % 8);
	}
	while (has_byte(h, h->known))
		h->known++;
}

/* RFC 9000 19.3. */
static void skip_ack(struct reader *r, bool ecn)
{
	reader_varint(r); /* largest */
	reader_varint(r); /* delay */
	uint64_t numbers = reader_varint(r);
	reader_varint(r); /* first range */
	for (; numbers && !r->short_read; numbers--) {
		reader_varint(r);
		reader_varint(r);
	}
	for (int i = 0; ecn && i < 3; i++)
		reader_varint(r);
}

static void read_frames(struct hello_parts *h, struct slice plain)
{
	struct reader r = reader_of(plain);
	while (reader_left(&r) && !r.short_read) {
		uint64_t type = reader_varint(&r), at;
		struct slice bytes;
		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			skip_ack(&r, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			at = reader_varint(&r);
			bytes = reader_take_varint(&r);
			if (!r.short_read)
				add_bytes(h, at, bytes);
			break;
		default:
			return;
		}
	}
}

/* ---- all ---- */

/* How long the hello says that it is; 0 if that is not known or too long, or if
 * it is something else. */
static size_t hello_len(const struct hello_parts *h)
{
	struct reader r = reader_of((struct slice){h->bytes, h->known});
	uint8_t type = reader_u8(&r);
	size_t len = (size_t)reader_u8(&r) << 16;
	len |= reader_u16(&r);
	if (r.short_read || type != CLIENT_HELLO ||
	    len > QUIC_HELLO_MAX - MESSAGE_HEAD)
		return 0;
	return MESSAGE_HEAD + len;
}

static struct slice hello_of(const struct hello_parts *h)
{
	return slice_to((struct slice){h->bytes, h->known}, hello_len(h));
}

/* A packet that was opened. Whether more of the hello is known by it. */
static bool take_plain(struct quic *q, struct connection *c)
{
	if (!c->parts)
		return false;
	size_t before = hello_of(c->parts).len;
	read_frames(c->parts, buf_slice(&q->plain));
	struct slice hello = hello_of(c->parts);
	if (hello.len == before)
		return false;
	buf_clear(&q->hello);
	buf_add(&q->hello, hello);
	if (hello.len == hello_len(c->parts)) {
		free(c->parts);
		c->parts = NULL;
	}
	return true;
}

bool quic_add(struct quic *q, uint32_t connection, int side,
	      struct slice datagram, struct slice *hello)
{
	struct connection *c = find(q, connection);
	struct initial p;
	enum packet_type type;
	bool more = false;
	for (int i = 0; i < QUIC_PACKETS_MAX; i++) {
		if (c->failures >= QUIC_FAILURES_MAX ||
		    !next_packet(&datagram, &type, &p))
			break;
		if (type != INITIAL || (c->keyed && c->side != side))
			continue;
		if (open_packet(q, c, side, &p))
			more |= take_plain(q, c);
		else
			c->failures++;
	}
	*hello = buf_slice(&q->hello);
	return more;
}
