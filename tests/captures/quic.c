/* What a QUIC client says first. */
#include "quic.h"

#include "dns.h"
#include "quic_seal.h"

#define PORT 443
#define DATAGRAM 1200 /* RFC 9000 14.1 */
#define TAG 16
#define FRAME_PING 1
#define FRAME_CRYPTO 6
#define FRAMES 7 /* of a scrambled datagram */

/* ---- the hello (RFC 8446 4.1.2, RFC 9001 8) ---- */

static void extension(struct str *out, uint16_t type, const struct str *body)
{
	str_u16(out, type);
	str_u16(out, (uint16_t)body->len);
	str_add(out, body->data, body->len);
}

static void literal(struct str *out, uint16_t type, const char *body,
		    size_t len)
{
	extension(out, type, &(struct str){(char *)body, len, 0});
}

static void server_name(struct str *out, const char *name)
{
	struct str body = {0};

	str_u16(&body, (uint16_t)(strlen(name) + 3));
	str_byte(&body, 0);
	str_u16(&body, (uint16_t)strlen(name));
	str_text(&body, name);
	extension(out, 0, &body);
	str_free(&body);
}

/* As large as they are since browsers agree on keys in ways that shall outlive
 * quantum computers. */
static void key_share(struct scene *s, struct str *out)
{
	struct str body = {0};
	int i;

	str_u16(&body, 1220);
	str_u16(&body, 0x11ec); /* X25519MLKEM768 */
	str_u16(&body, 1216);
	for (i = 0; i < 1216; i++)
		str_byte(&body, (uint8_t)net_random(&s->net));
	extension(out, 51, &body);
	str_free(&body);
}

static void extensions(struct scene *s, struct str *out, const char *name)
{
	server_name(out, name);
	literal(out, 16, "\0\3\2h3", 5);
	literal(out, 43, "\2\3\4", 3);
	literal(out, 10, "\0\4\x11\xec\0\x1d", 6);
	literal(out, 13, "\0\6\4\3\10\4\4\1", 8);
	literal(out, 45, "\1\1", 2);
	literal(out, 57, "\1\4\x80\0\x75\x30\3\2\x45\xc0", 10);
	key_share(s, out);
}

static void client_hello(struct scene *s, struct str *out, const char *name)
{
	struct str all = {0};
	int i;

	extensions(s, &all, name);
	str_u16(out, 0x0100); /* type, and a length of 24 bits */
	str_u16(out, (uint16_t)(2 + 32 + 1 + 8 + 2 + 2 + all.len));
	str_u16(out, 0x0303);
	for (i = 0; i < 32; i++)
		str_byte(out, (uint8_t)net_random(&s->net));
	str_byte(out, 0); /* session */
	str_add(out, "\0\6\x13\1\x13\2\x13\3", 8);
	str_add(out, "\1\0", 2);
	str_u16(out, (uint16_t)all.len);
	str_add(out, all.data, all.len);
	str_free(&all);
}

/* ---- packets ---- */

static void crypto(struct str *out, const struct str *hello, size_t from,
		   size_t to)
{
	str_byte(out, FRAME_CRYPTO);
	str_u16(out, (uint16_t)(0x4000 | from));
	str_u16(out, (uint16_t)(0x4000 | (to - from)));
	str_add(out, hello->data + from, to - from);
}

/* A part of the hello in frames whose order is turned round, padding and a
 * PING between. */
static void scramble(struct str *out, const struct str *hello, size_t from,
		     size_t to)
{
	size_t step = (to - from) / FRAMES, i;

	for (i = FRAMES; i-- > 0;) {
		size_t end = i == FRAMES - 1 ? to : from + (i + 1) * step;

		crypto(out, hello, from + i * step, end);
		str_byte(out, i % 2 ? FRAME_PING : 0);
		str_byte(out, 0);
	}
}

static void random_id(struct scene *s, struct quic_seal *seal)
{
	for (seal->id_len = 0; seal->id_len < 8; seal->id_len++)
		seal->id[seal->id_len] = (uint8_t)net_random(&s->net);
}

/* A datagram of the client's, filled up by padding. */
static void send(struct scene *s, const struct end ends[2],
		 struct quic_seal *seal, struct str *frames, int spoil)
{
	static uint8_t packet[QUIC_SEAL_MAX];
	size_t head = 1 + 4 + 1 + seal->id_len + 1 + 1 + 2 + seal->number_len;
	size_t len;

	while (frames->len + head + TAG < DATAGRAM)
		str_byte(frames, 0);
	len =
	    quic_seal(packet, seal, (const uint8_t *)frames->data, frames->len);
	if (spoil)
		packet[len - 1] ^= 1;
	net_udp(&s->net, &ends[CLIENT], &ends[SERVER], packet, len);
	seal->number++;
	frames->len = 0;
}

/* A handshake packet, of which nothing can be read. */
static void answer(struct scene *s, const struct end ends[2])
{
	struct str packet = {0};

	str_byte(&packet, 0xe0);
	str_u32(&packet, 1);
	str_u16(&packet, 0); /* no connection IDs */
	str_u16(&packet, 0x4000 | (DATAGRAM - 9));
	while (packet.len < DATAGRAM)
		str_byte(&packet, (uint8_t)net_random(&s->net));
	scene_wait(s, 20 * MS);
	net_udp(&s->net, &ends[SERVER], &ends[CLIENT], packet.data, packet.len);
	str_free(&packet);
}

static void say(struct scene *s, const struct end ends[2],
		struct quic_seal *seal, const struct str *hello,
		enum quic_shape shape)
{
	struct str frames = {0};
	size_t half = hello->len / 2;

	if (shape == QUIC_SCRAMBLED) {
		scramble(&frames, hello, half, hello->len);
		send(s, ends, seal, &frames, 0);
		scramble(&frames, hello, 0, half);
		send(s, ends, seal, &frames, 0);
	} else {
		crypto(&frames, hello, 0, hello->len);
		send(s, ends, seal, &frames, shape == QUIC_FOREIGN);
	}
	str_free(&frames);
}

void quic_meet(struct scene *s, const char *name, const char *address,
	       uint32_t version, enum quic_shape shape)
{
	const struct end ends[2] = {scene_client(s, VICTIM),
				    end_of(address, PORT)};
	struct quic_seal seal = {.version = version, .number_len = 1};
	struct str hello = {0};

	dns_lookup(&s->net, VICTIM, name, NULL, address);
	client_hello(s, &hello, name);
	random_id(s, &seal);
	say(s, ends, &seal, &hello, shape);
	if (shape == QUIC_RETRIED) {
		random_id(s, &seal); /* the server's, RFC 9000 17.2.5.2 */
		say(s, ends, &seal, &hello, shape);
	}
	answer(s, ends);
	str_free(&hello);
}
