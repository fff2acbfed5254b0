/* What lies beside HTTP: what a recording's conversations come to (P9, P41,
 * P44). */
#include "hellos.h"
#include "segments.h"
#include "unit.h"

#include "tests/captures/quic_seal.h"

#include "capture/hello.h"
#include "report/traffic.h"

#include <stdlib.h>

/* ---- recordings ---- */

/* What a test says, as packets; and what came of it. */
struct stage {
	struct recording r;
	struct traffics t;
};

static struct endpoint at(uint8_t host, uint16_t port)
{
	return (struct endpoint){{4, {192, 0, 2, host}}, port};
}

static void stage_begin(struct stage *s)
{
	*s = (struct stage){0};
	s->r.source = source_new(NULL);
	s->r.spool = spool_new();
	s->r.names = names_new();
	s->r.beside = conversations_new(s->r.names);
	flows = flows_new(0);
	now = 0;
}

static void stage_read(struct stage *s)
{
	s->r.pairing = pairing_run(flows, s->r.names, s->r.source, s->r.spool,
				   NULL, s->r.beside);
	s->r.exchanges = pairing_exchanges(s->r.pairing, &s->r.count);
	traffics_collect(&s->t, &s->r);
}

static void stage_end(struct stage *s)
{
	traffics_release(&s->t);
	pairing_free(s->r.pairing);
	flows_free(flows);
	conversations_free(s->r.beside);
	names_free(s->r.names);
	spool_free(s->r.spool);
	source_free(s->r.source);
}

static void udp(struct stage *s, struct endpoint from, struct endpoint to,
		struct slice payload)
{
	struct packet p = {.kind = PACKET_UDP,
			   .from = from,
			   .to = to,
			   .payload = payload,
			   .time = ++now};
	conversations_add_udp(s->r.beside, &p);
}

static void tcp(struct endpoint from, struct endpoint to, uint32_t seq,
		uint8_t flags, uint32_t ack, struct slice payload)
{
	struct packet p = {.kind = PACKET_TCP,
			   .from = from,
			   .to = to,
			   .payload = payload,
			   .time = ++now,
			   .seq = seq,
			   .ack = ack,
			   .flags = flags};
	flows_add(flows, &p);
}

/* A connection in which each side says one thing. */
static void talk(struct endpoint client, struct endpoint server,
		 struct slice asked, struct slice answered)
{
	tcp(client, server, 100, TCP_SYN, 0, SLICE(""));
	tcp(server, client, 500, TCP_SYN | TCP_ACK, 101, SLICE(""));
	tcp(client, server, 101, TCP_ACK, 501, asked);
	tcp(server, client, 501, TCP_ACK, 101 + (uint32_t)asked.len, answered);
}

static void expect(const struct traffic *t, enum traffic_kind kind,
		   const char *protocol, uint16_t server_port,
		   size_t connections)
{
	assert_int_equal(t->kind, kind);
	assert_string_equal(t->protocol, protocol);
	assert_int_equal(t->server.port, server_port);
	assert_int_equal(t->connections, connections);
}

static void test_kinds(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	talk(at(1, 50000), at(9, 22), SLICE("SSH-2.0-a\r\n"),
	     SLICE("SSH-2.0-b\r\n"));
	udp(&s, at(1, 40000), at(9, 443),
	    SLICE("\xc3\x00\x00\x00\x01\x08"
		  "abcdefgh"));
	talk(at(1, 50001), at(9, 80),
	     SLICE("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	     SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	talk(at(1, 50002), at(9, 8000),
	     SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), SLICE(""));
	talk(at(1, 50003), at(9, 4444), SLICE("\x01\x02\x03\x04"),
	     SLICE("\x05"));
	stage_read(&s);
	assert_int_equal(s.r.count, 1);
	assert_int_equal(s.t.count, 4);
	expect(&s.t.list[0], TRAFFIC_OTHER, "SSH", 22, 1);
	assert_int_equal(s.t.list[0].bytes, 22);
	assert_int_equal(s.t.list[0].client.port, 50000);
	expect(&s.t.list[1], TRAFFIC_QUIC, "QUIC", 443, 1);
	assert_true(s.t.list[1].udp);
	expect(&s.t.list[2], TRAFFIC_HTTP2_CLEAR, "HTTP/2", 8000, 1);
	expect(&s.t.list[3], TRAFFIC_UNKNOWN, "unknown", 4444, 1);
	assert_false(s.t.list[3].by_bytes);
	stage_end(&s);
}

static void test_silent(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	/* Refused, three times. */
	for (uint16_t port = 50000; port < 50003; port++) {
		tcp(at(1, port), at(9, 443), 100, TCP_SYN, 0, SLICE(""));
		tcp(at(9, 443), at(1, port), 0, TCP_RST | TCP_ACK, 101,
		    SLICE(""));
	}
	/* Greeted, and nothing said. */
	talk(at(1, 50004), at(9, 25), SLICE(""), SLICE("220 mx ESMTP\r\n"));
	/* Its end alone was recorded. */
	tcp(at(1, 50005), at(9, 80), 100, TCP_ACK, 7, SLICE(""));
	/* Only the server's direction was. */
	tcp(at(9, 80), at(1, 50006), 500, TCP_SYN | TCP_ACK, 101, SLICE(""));
	tcp(at(9, 80), at(1, 50006), 501, TCP_ACK, 300,
	    SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	stage_read(&s);
	assert_int_equal(s.t.count, 3);
	expect(&s.t.list[0], TRAFFIC_SILENT, "TLS", 443, 3);
	assert_int_equal(s.t.list[0].client.port, 0);
	assert_false(s.t.list[0].by_bytes);
	expect(&s.t.list[1], TRAFFIC_SILENT, "SMTP", 25, 1);
	expect(&s.t.list[2], TRAFFIC_UNKNOWN, "HTTP", 80, 1);
	assert_int_equal(s.t.list[2].client.port, 50006);
	stage_end(&s);
}

/* Of TLS 1.2, with that name. */
static void put_hello(struct buf *b, const char *name, uint8_t cipher)
{
	struct buf hello = {0};
	size_t len = strlen(name);
	buf_add(&hello, SLICE("\x01\x00"));
	put16(&hello, (unsigned)(2 + 32 + 1 + 4 + 2 + 2 + 9 + len));
	put16(&hello, 0x0303);
	for (int i = 0; i < 33; i++)
		buf_add_byte(&hello, 0);
	buf_add(&hello, SLICE("\x00\x02\x00"));
	buf_add_byte(&hello, cipher);
	buf_add(&hello, SLICE("\x01\x00"));
	put16(&hello, (unsigned)(9 + len));
	put16(&hello, 0);
	put16(&hello, (unsigned)(5 + len));
	put16(&hello, (unsigned)(3 + len));
	buf_add_byte(&hello, 0);
	put16(&hello, (unsigned)len);
	buf_add_string(&hello, name);
	buf_clear(b);
	put_records(b, buf_slice(&hello), 16384);
	buf_release(&hello);
}

/* What a server says whose certificate message is long, and which asks. */
static void put_asking(struct buf *b)
{
	struct buf flight = {0};
	buf_add(&flight, SLICE("\x02\x00\x00\x01\x03\x0b\x00\x12\x00"));
	for (int i = 0; i < 0x1200; i++)
		buf_add_byte(&flight, 'c');
	buf_add(&flight, SLICE("\x0d\x00\x00\x02\x01\x01\x0e\x00\x00\x00"));
	put_records(b, buf_slice(&flight), 1000);
	buf_release(&flight);
}

static void test_tls(void **state)
{
	(void)state;
	struct stage s;
	struct buf a = {0}, b = {0}, c = {0}, asking = {0};
	put_hello(&a, "a.example", 0x2f);
	put_hello(&b, "b.example", 0x2f);
	put_hello(&c, "a.example", 0x35);
	put_asking(&asking);
	stage_begin(&s);
	talk(at(1, 50000), at(9, 443), buf_slice(&a), SLICE(""));
	talk(at(1, 50001), at(9, 443), buf_slice(&b), buf_slice(&asking));
	talk(at(1, 50002), at(9, 443), buf_slice(&c), SLICE(""));
	talk(at(2, 50003), at(9, 443), buf_slice(&c), SLICE(""));
	stage_read(&s);
	assert_int_equal(names_count(s.r.names), 2);
	assert_int_equal(s.t.count, 4); /* each by itself */
	expect(&s.t.list[0], TRAFFIC_TLS, "TLS", 443, 1);
	assert_text(s.t.list[0].name, "a.example");
	assert_false(s.t.list[0].asks_certificate);
	assert_int_equal(s.t.list[0].client.port, 50000);
	assert_int_equal(s.t.list[0].stream, 0);
	assert_int_equal(s.t.list[0].sent, a.len);
	assert_int_equal(s.t.list[0].received, 0);
	assert_int_equal(s.t.list[0].begins, 1);
	assert_int_equal(s.t.list[0].ends, 3); /* its hello */
	assert_memory_equal(s.t.list[0].print.ja4, "t12d010100_", 11);
	assert_int_equal(s.t.list[2].client.port, 50002);
	assert_int_equal(s.t.list[2].stream, 2);
	assert_int_equal(s.t.list[2].ends, 11);
	expect(&s.t.list[1], TRAFFIC_TLS, "TLS", 443, 1);
	assert_text(s.t.list[1].name, "b.example");
	assert_true(s.t.list[1].asks_certificate);
	expect(&s.t.list[2], TRAFFIC_TLS, "TLS", 443, 1);
	/* Names are no part of a fingerprint. */
	assert_int_equal(s.t.client_count, 3);
	assert_int_equal(s.t.clients[0].connections, 2);
	assert_int_equal(s.t.clients[0].print.version, 0x0303);
	assert_string_equal(s.t.clients[1].print.ja4, s.t.clients[2].print.ja4);
	assert_int_equal(s.t.clients[2].client.bytes[3], 2);
	stage_end(&s);
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
	buf_release(&asking);
}

/* A hello and a certificate message, as far as it is of interest. */
static void put_showing(struct buf *b, const char *der)
{
	struct buf flight = {0};
	size_t len = strlen(der);
	buf_add(&flight, SLICE("\x02\x00\x00\x01\x03\x0b\x00"));
	put16(&flight, (unsigned)len + 6);
	buf_add_byte(&flight, 0);
	put16(&flight, (unsigned)len + 3);
	buf_add_byte(&flight, 0);
	put16(&flight, (unsigned)len);
	buf_add_string(&flight, der);
	put_records(b, buf_slice(&flight), 5);
	buf_release(&flight);
}

/* The same certificate is kept once, and found by name and by address; what a
 * proxy's address stands for is not known. */
static void test_certificates(void **state)
{
	(void)state;
	struct stage s;
	struct buf hello = {0}, none = {0}, one = {0}, other = {0};
	static const struct slice nobody;
	put_hello(&hello, "a.example", 0x2f);
	put_hello(&none, "", 0x2f);
	put_showing(&one, "the first");
	put_showing(&other, "another");
	stage_begin(&s);
	talk(at(1, 50000), at(9, 443), buf_slice(&hello), buf_slice(&one));
	talk(at(1, 50001), at(8, 443), buf_slice(&none), buf_slice(&other));
	talk(at(1, 50002), at(8, 443), buf_slice(&hello), buf_slice(&other));
	talk(at(1, 50003), at(7, 443), buf_slice(&hello), buf_slice(&one));
	talk(at(1, 50004), at(6, 3128), SLICE("CONNECT a:443 HTTP/1.1\r\n\r\n"),
	     SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	tcp(at(1, 50004), at(6, 3128), 127, TCP_ACK, 520, buf_slice(&none));
	tcp(at(6, 3128), at(1, 50004), 520, TCP_ACK, 127, buf_slice(&one));
	stage_read(&s);
	const struct certificates *c = pairing_certificates(s.r.pairing);
	assert_int_equal(s.t.count, 5);
	assert_text(s.t.list[0].certificate, "the first");
	assert_ptr_equal(s.t.list[3].certificate.data,
			 s.t.list[0].certificate.data);
	assert_text(s.t.list[1].certificate, "another");
	assert_text(s.t.list[4].certificate, "the first");
	assert_text(certificates_find(c, SLICE("a.example"),
				      &s.t.list[1].server.address),
		    "the first");
	assert_text(certificates_find(c, nobody, &s.t.list[1].server.address),
		    "another");
	for (size_t i = 0; i < 5; i += 4)
		assert_int_equal(
		    certificates_find(c, nobody, &s.t.list[i].server.address)
			.len,
		    0);
	stage_end(&s);
	buf_release(&hello);
	buf_release(&none);
	buf_release(&one);
	buf_release(&other);
}

/* Too many to be told by themselves. */
static void test_many_tls(void **state)
{
	(void)state;
	struct stage s;
	struct buf hello = {0};
	put_hello(&hello, "a.example", 0x2f);
	stage_begin(&s);
	for (uint32_t i = 0; i < TRAFFIC_SINGLE_MAX + 10; i++)
		talk(at(1, (uint16_t)(20000 + i)), at(9, 443),
		     buf_slice(&hello), SLICE(""));
	stage_read(&s);
	assert_int_equal(s.t.count, TRAFFIC_SINGLE_MAX + 1);
	assert_int_equal(s.t.list[TRAFFIC_SINGLE_MAX - 1].connections, 1);
	assert_int_equal(s.t.list[TRAFFIC_SINGLE_MAX].connections, 10);
	stage_end(&s);
	buf_release(&hello);
}

/* Byte for byte, the server's end first, without the handshake; and behind a
 * CONNECT. */
static void test_pieces(void **state)
{
	(void)state;
	struct stage s;
	struct buf hello = {0};
	put_hello(&hello, "slow.example", 0x2f);
	stage_begin(&s);
	struct endpoint client = at(1, 50000), server = at(9, 443);
	tcp(server, client, 500, TCP_ACK, 100,
	    SLICE("\x15\x03\x03\x00\x02\x01"));
	for (uint32_t i = 0; i < hello.len; i++)
		tcp(client, server, 100 + i, TCP_ACK, 506,
		    (struct slice){hello.data + i, 1});
	client.port = 50001;
	server.port = 3128;
	talk(client, server, SLICE("CONNECT a:443 HTTP/1.1\r\n\r\n"),
	     SLICE("HTTP/1.1 200 OK\r\n\r\n"));
	tcp(client, server, 127, TCP_ACK, 520, buf_slice(&hello));
	stage_read(&s);
	assert_int_equal(s.r.count, 1);
	assert_int_equal(s.t.count, 2);
	expect(&s.t.list[0], TRAFFIC_TLS, "TLS", 443, 1);
	assert_text(s.t.list[0].name, "slow.example");
	assert_int_equal(s.t.list[0].bytes, hello.len + 6);
	expect(&s.t.list[1], TRAFFIC_TLS, "TLS", 3128, 1);
	assert_text(s.t.list[1].name, "slow.example");
	assert_int_equal(s.t.client_count, 1);
	assert_int_equal(s.t.clients[0].connections, 2);
	stage_end(&s);
	buf_release(&hello);
}

/* ---- QUIC ---- */

/* The ClientHello alone, of TLS 1.3. */
static struct buf quic_hello(const char *name)
{
	struct buf stream = {0}, hello = {0};
	put_hello(&stream, name, 1);
	buf_add(&hello, slice_from(buf_slice(&stream), 5));
	buf_release(&stream);
	return hello;
}

/* A datagram of the client's that holds bytes [from, to) of its hello; id tells
 * the connection. */
static struct slice quic_datagram(struct stage *s, char id,
				  const struct buf *hello, size_t from,
				  size_t to)
{
	static uint8_t out[QUIC_SEAL_MAX];
	struct quic_seal seal = {.version = 1, .id_len = 8, .number_len = 1};
	struct buf frames = {0};
	memset(seal.id, id, 8);
	put16(&frames, 0x0640);
	buf_add_byte(&frames, (uint8_t)from);
	buf_add_byte(&frames, 0x40);
	buf_add_byte(&frames, (uint8_t)(to - from));
	buf_add(&frames, (struct slice){hello->data + from, to - from});
	while (frames.len < 1200)
		buf_add_byte(&frames, 0);
	size_t len = quic_seal(out, &seal, frames.data, frames.len);
	buf_release(&frames);
	/* lives as long as the recording */
	const uint8_t *kept =
	    spool_put(s->r.spool, (struct slice){out, len}, 0);
	assert_non_null(kept);
	return (struct slice){kept, len};
}

static void assert_named(struct stage *s, size_t i, const char *text)
{
	const struct name *n = names_get(s->r.names, i);
	assert_text(n->text, text);
	assert_int_equal(n->kind, NAME_QUIC);
	assert_int_equal(n->address.bytes[3], 9);
}

/* In two datagrams, the later one first, on a port that says nothing; what the
 * server said was recorded before them. */
static void test_quic(void **state)
{
	(void)state;
	struct stage s;
	struct endpoint client = at(1, 50000), server = at(9, 4444);
	struct buf hello = quic_hello("quic.example");
	stage_begin(&s);
	udp(&s, server, client, SLICE("\x40\x01\x02"));
	struct slice late = quic_datagram(&s, 'a', &hello, 40, hello.len);
	udp(&s, client, server, late);
	assert_int_equal(names_count(s.r.names), 0);
	struct slice early = quic_datagram(&s, 'a', &hello, 0, 40);
	udp(&s, client, server, early);
	udp(&s, server, client, SLICE("\x40\x01\x02\x03"));
	stage_read(&s);
	assert_int_equal(s.t.count, 1);
	const struct traffic *t = &s.t.list[0];
	expect(t, TRAFFIC_QUIC, "QUIC", 4444, 1);
	assert_true(t->by_bytes && t->udp);
	assert_text(t->name, "quic.example");
	assert_memory_equal(t->print.ja4, "q12d010100_", 11);
	assert_int_equal(t->client.port, 50000);
	assert_int_equal(t->sent, late.len + early.len);
	assert_int_equal(t->received, 7);
	assert_int_equal(t->bytes, t->sent + t->received);
	assert_int_equal(t->begins, 1);
	assert_int_equal(t->ends, 4);
	assert_int_equal(s.t.client_count, 0); /* no twin speaks it */
	assert_int_equal(names_count(s.r.names), 1);
	assert_named(&s, 0, "quic.example");
	assert_true(names_tls_port(s.r.names, 4444));
	stage_end(&s);
	buf_release(&hello);
}

/* One of which the end is missing still names its server; of two between the
 * same ends the first is shown, and both are named. */
static void test_quic_parts(void **state)
{
	(void)state;
	struct stage s;
	struct buf hello = quic_hello("cut.example");
	struct buf other = quic_hello("next.example");
	struct buf cut = quic_hello("cut.example");
	cut.data[3] += 5; /* more was to follow */
	stage_begin(&s);
	udp(&s, at(1, 50000), at(9, 443),
	    quic_datagram(&s, 'a', &cut, 0, cut.len));
	udp(&s, at(1, 50001), at(9, 443),
	    quic_datagram(&s, 'b', &other, 0, 20)); /* not so far */
	udp(&s, at(1, 50002), at(9, 443),
	    quic_datagram(&s, 'c', &hello, 0, hello.len));
	udp(&s, at(1, 50002), at(9, 443),
	    quic_datagram(&s, 'd', &other, 0, other.len));
	stage_read(&s);
	assert_int_equal(s.t.count, 2);
	assert_text(s.t.list[0].name, "cut.example");
	assert_int_equal(s.t.list[0].connections, 2);
	/* of the one that was whole */
	assert_memory_equal(s.t.list[0].print.ja4, "q12d010100_", 11);
	assert_int_equal(s.t.list[1].name.len, 0);
	assert_int_equal(names_count(s.r.names), 2);
	assert_named(&s, 0, "cut.example");
	assert_named(&s, 1, "next.example");
	stage_end(&s);
	buf_release(&cut);
	buf_release(&hello);
	buf_release(&other);
}

#define QUESTION                                                               \
	"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"                 \
	"a\x00"
#define ANSWER                                                                 \
	"\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01"                 \
	"a\x00"

static void test_dns(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	/* An answer whose question was not recorded comes first. */
	udp(&s, at(9, 53), at(1, 40000), SLICE(ANSWER));
	for (uint16_t port = 40001; port < 40011; port++) {
		udp(&s, at(1, port), at(9, 53), SLICE(QUESTION));
		udp(&s, at(9, 53), at(1, port), SLICE(ANSWER));
	}
	/* Between servers, port 53 on either side. */
	udp(&s, at(9, 53), at(8, 53), SLICE(QUESTION));
	udp(&s, at(8, 53), at(9, 53), SLICE(ANSWER));
	stage_read(&s);
	assert_int_equal(s.t.count, 2);
	expect(&s.t.list[0], TRAFFIC_OTHER, "DNS", 53, 10);
	assert_int_equal(s.t.list[0].client.address.bytes[3], 1);
	assert_int_equal(s.t.list[0].client.port, 0);
	expect(&s.t.list[1], TRAFFIC_OTHER, "DNS", 53, 1);
	assert_int_equal(s.t.list[1].server.address.bytes[3], 8);
	stage_end(&s);
}

/* The server's datagram was recorded first: its port says who it is. */
static void test_sides(void **state)
{
	(void)state;
	struct stage s;
	uint8_t ntp[48] = {0x24};
	stage_begin(&s);
	udp(&s, at(9, 123), at(1, 40000), (struct slice){ntp, sizeof ntp});
	udp(&s, at(1, 5555), at(9, 6666), SLICE("abc"));
	udp(&s, at(9, 6666), at(1, 5555), SLICE("defgh"));
	stage_read(&s);
	assert_int_equal(s.t.count, 2);
	expect(&s.t.list[0], TRAFFIC_OTHER, "NTP", 123, 1);
	expect(&s.t.list[1], TRAFFIC_UNKNOWN, "unknown", 6666, 1);
	assert_int_equal(s.t.list[1].bytes, 8);
	stage_end(&s);
}

/* A flood of conversations costs bounded memory, and is told. */
static void test_flood(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	for (uint32_t i = 0; i < CONVERSATIONS_MAX + 100; i++) {
		struct endpoint to = {
		    {4,
		     {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
		    4444};
		udp(&s, at(1, 40000), to, SLICE("x"));
	}
	stage_read(&s);
	assert_int_equal(s.t.count, TRAFFIC_MAX);
	assert_int_equal(s.t.more_connections,
			 CONVERSATIONS_MAX + 100 - TRAFFIC_MAX);
	assert_int_equal(s.t.more_bytes, s.t.more_connections);
	assert_int_equal(s.t.list[TRAFFIC_MAX - 1].server.address.bytes[3],
			 255);
	stage_end(&s);
}

/* Whichever thread came to a hello first. */
static void test_order_of_names(void **state)
{
	(void)state;
	enum { NAMES = 3000 };
	struct buf *hellos = xcalloc(NAMES, sizeof *hellos);
	char name[32];
	struct stage s;
	stage_begin(&s);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "h%u.example", i);
		put_hello(&hellos[i], name, 0x2f);
		talk(at(1, (uint16_t)(10000 + i)), at(9, 443),
		     buf_slice(&hellos[i]), SLICE(""));
	}
	stage_read(&s);
	assert_int_equal(names_count(s.r.names), NAMES);
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "h%u.example", i);
		assert_text(names_get(s.r.names, i)->text, name);
	}
	stage_end(&s);
	for (uint32_t i = 0; i < NAMES; i++)
		buf_release(&hellos[i]);
	free(hellos);
}

/* Many connections, many threads: each once, in their order. */
static void test_order(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	for (uint16_t i = 0; i < 5000; i++)
		talk(at(1, 50000), at((uint8_t)(i % 250), 10000 + i),
		     SLICE("\x01\x02"), SLICE(""));
	stage_read(&s);
	assert_int_equal(s.t.count, 5000);
	for (uint16_t i = 0; i < 5000; i++)
		assert_int_equal(s.t.list[i].server.port, 10000 + i);
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_tls),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_dns),
	    cmocka_unit_test(test_sides),
	    cmocka_unit_test(test_flood),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_order_of_names),
	    cmocka_unit_test(test_quic),
	    cmocka_unit_test(test_quic_parts),
	    cmocka_unit_test(test_certificates),
	    cmocka_unit_test(test_many_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
