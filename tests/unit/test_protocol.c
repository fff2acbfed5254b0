/* Which protocol the first bytes of a conversation are (P45). */
#include "guard.h"
#include "unit.h"

#include "report/protocol.h"

#include <stdlib.h>

#define T false
#define U true

struct sample {
	const char *name; /* NULL: unknown */
	bool udp;
	uint16_t port;
	struct slice client, server;
};

/* On ports that say nothing: the bytes alone tell. */
static const struct sample samples[] = {
    {"TLS", T, 4444, SLICE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), SLICE("")},
    {"TLS", T, 4444, SLICE(""), SLICE("\x16\x03\x03\x00\x50\x02\x00")},
    {"TLS", T, 4444, SLICE("\x17\x03\x03\x01\x00\xaa\xbb"), SLICE("")},
    {"TLS", T, 4444,
     SLICE("\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10\x00\x00\x2f"),
     SLICE("")},
    {NULL, T, 4444, SLICE("\x16\x03\x09\x02\x00\x01\x00"), SLICE("")},
    {NULL, T, 4444, SLICE("\x80\x1f\x01\x03\x01\x00\x07\x00\x00\x00\x10"),
     SLICE("")},
    {"HTTP/2", T, 4444, SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12"),
     SLICE("")},
    {"HTTP", T, 4444, SLICE(""), SLICE("HTTP/1.1 200 OK\r\n")},
    {"HTTP", T, 4444, SLICE("GET /\r\n"), SLICE("<html>")},
    {"SSH", T, 4444, SLICE(""), SLICE("SSH-2.0-OpenSSH_9.2\r\n")},
    {"SMTP", T, 4444, SLICE("EHLO pc\r\n"), SLICE("220 mx ready\r\n")},
    {"SMTP", T, 4444, SLICE(""), SLICE("220 mx ESMTP Postfix\r\n")},
    {"FTP", T, 4444, SLICE("USER anonymous\r\n"), SLICE("220 hello\r\n")},
    {"FTP", T, 4444, SLICE(""), SLICE("220 ProFTPD Server\r\n")},
    {"FTP", T, 21, SLICE("NOOP\r\n"), SLICE("220 hello\r\n")},
    {"SMTP", T, 25, SLICE("NOOP\r\n"), SLICE("220 hello\r\n")},
    {"POP3", T, 4444, SLICE("CAPA\r\n"), SLICE("+OK ready\r\n")},
    {"IMAP", T, 4444, SLICE("a1 LOGIN x y\r\n"), SLICE("* OK ready\r\n")},
    {"IRC", T, 4444, SLICE("NICK bot-17\r\nUSER a b c :d\r\n"), SLICE("")},
    {"IRC", T, 4444, SLICE("PASS x\r\nNICK bot\r\n"), SLICE("")},
    {"IRC", T, 4444, SLICE("USER a b c :d\r\n"),
     SLICE(":irc.example 001 bot :hello\r\n")},
    {"RDP", T, 4444,
     SLICE("\x03\x00\x00\x2c\x27\xe0\x00\x00\x00\x00\x00"
	   "Cookie: mstshash=a\r\n"),
     SLICE("")},
    {"RDP", T, 4444,
     SLICE("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00"
	   "\x01\x00\x08\x00\x03\x00\x00\x00"),
     SLICE("")},
    {"ISO transport", T, 102,
     SLICE("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc1\x02\x01\x00"),
     SLICE("")},
    {"SMB", T, 4444,
     SLICE("\x00\x00\x00\x2f\xff"
	   "SMB\x72"),
     SLICE("")},
    {"SMB", T, 4444,
     SLICE("\x00\x00\x00\x90\xfe"
	   "SMB\x40"),
     SLICE("")},
    {"DCE/RPC", T, 4444,
     SLICE("\x05\x00\x0b\x03\x10\x00\x00\x00\x74\x00\x00\x00"), SLICE("")},
    {"LDAP", T, 4444, SLICE("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00"),
     SLICE("")},
    {"LDAP", U, 4444,
     SLICE("\x30\x84\x00\x00\x00\x2d\x02\x01\x07\x63\x84\x00\x00\x00\x24"),
     SLICE("")},
    {"Kerberos", T, 4444,
     SLICE("\x00\x00\x00\xd0\x6a\x81\xcd\x30\x81\xca\xa1\x03\x02\x01\x05"),
     SLICE("")},
    {"Kerberos", U, 4444,
     SLICE("\x6a\x81\xcd\x30\x81\xca\xa1\x03\x02\x01\x05\xa2"), SLICE("")},
    {"BitTorrent", T, 4444,
     SLICE("\x13"
	   "BitTorrent protocol\x00\x00"),
     SLICE("")},
    {"BitTorrent", U, 4444, SLICE("d1:ad2:id20:abcdefghij0123456789e1:q4:ping"),
     SLICE("")},
    {"MySQL", T, 4444, SLICE(""),
     SLICE("\x4a\x00\x00\x00\x0a"
	   "5.5.5-10.1\0")},
    {"PostgreSQL", T, 4444, SLICE("\x00\x00\x00\x08\x04\xd2\x16\x2f"),
     SLICE("N")},
    {"TDS", T, 4444, SLICE("\x12\x01\x00\x2f\x00\x00\x00\x00\x00\x00\x1a\x00"),
     SLICE("")},
    {"VNC", T, 4444, SLICE(""), SLICE("RFB 003.008\n")},
    {"MQTT", T, 4444, SLICE("\x10\x1a\x00\x04MQTT\x04"), SLICE("")},
    {"SOCKS", T, 4444, SLICE("\x05\x01\x00"), SLICE("\x05\x00")},
    {"SOCKS", T, 4444, SLICE("\x04\x01\x00\x50\x01\x02\x03\x04\x00"),
     SLICE("\x00\x5a\x00\x00\x00\x00\x00\x00")},
    {NULL, T, 4444, SLICE("\x05\x01\x00"), SLICE("\x01\x00")},
    {"Telnet", T, 4444, SLICE(""), SLICE("\xff\xfd\x18\xff\xfd\x20")},
    {"RTSP", T, 4444, SLICE("OPTIONS rtsp://a/ RTSP/1.0\r\n"), SLICE("")},
    {"SIP", T, 4444, SLICE("INVITE sip:a@b SIP/2.0\r\n"), SLICE("")},
    {"SIP", U, 4444, SLICE("REGISTER sip:b SIP/2.0\r\n"), SLICE("")},
    {"XMPP", T, 4444, SLICE("<?xml version='1.0'?><stream:stream to='a'>"),
     SLICE("")},
    {"Flash policy", T, 843, SLICE("<policy-file-request/>\0"), SLICE("")},
    {"STUN", U, 4444,
     SLICE("\x00\x01\x00\x00\x21\x12\xa4\x42"
	   "abcdefghijkl"),
     SLICE("")},
    {"QUIC", U, 4444,
     SLICE("\xc3\x00\x00\x00\x01\x08"
	   "abcdefgh"),
     SLICE("")},
    {"QUIC", U, 4444,
     SLICE("\xd3\x6b\x33\x43\xcf\x08"
	   "abcdefgh"),
     SLICE("")},
    {"QUIC", U, 4444,
     SLICE("\xc3\xff\x00\x00\x1d\x08"
	   "abcdefgh"),
     SLICE("")},
    {"QUIC", U, 4444,
     SLICE("\x0d"
	   "abcdefghQ043\x01"),
     SLICE("")},
    /* A printer's search, not a version of QUIC. */
    {NULL, U, 62976, SLICE("\xff\xff\x00\x00\xa0\x00\x5c\xd9\x98\xdd\xf5"),
     SLICE("")},
    {"DTLS", U, 4444,
     SLICE("\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	   "\x50\x01"),
     SLICE("")},
    {"SNMP", U, 4444, SLICE("\x30\x29\x02\x01\x01\x04\x06public"), SLICE("")},
    {"SSDP", U, 1900, SLICE("M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250"),
     SLICE("")},
    {"DNS", U, 53,
     SLICE("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
	   "a\x00"),
     SLICE("")},
    {"mDNS", U, 5353,
     SLICE("\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
	   "a\x00"),
     SLICE("")},
    {"LLMNR", U, 5355,
     SLICE("\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
	   "a\x00"),
     SLICE("")},
    {"DNS over TCP", T, 53,
     SLICE("\x00\x0f\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
	   "a\x00"),
     SLICE("")},
    {"Modbus", T, 502,
     SLICE("\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x0a"), SLICE("")},
    {"syslog", U, 514, SLICE("<34>Oct 11 22:14:15 host"), SLICE("")},
    {NULL, T, 4444, SLICE("\x01\x02\x03\x04"), SLICE("\x05")},
    {NULL, U, 4444, SLICE("hello"), SLICE("")},
};

static struct guess guess(const struct sample *s)
{
	struct evidence e = {
	    .client = s->client,
	    .server = s->server,
	    .client_port = 50000,
	    .port = s->port,
	    .udp = s->udp,
	    .from_start = true,
	};
	return protocol_guess(&e);
}

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct guess g = guess(&samples[i]);
		const char *name = samples[i].name;
		assert_string_equal(g.name, name ? name : "unknown");
		assert_int_equal(g.by_bytes, name != NULL);
	}
}

static void test_long_bytes(void **state)
{
	(void)state;
	uint8_t bytes[300] = {1, 1, 6};
	struct sample dhcp = {"DHCP", U, 67, {bytes, sizeof bytes}, SLICE("")};
	memcpy(bytes + 236, "\x63\x82\x53\x63", 4);
	assert_string_equal(guess(&dhcp).name, "DHCP");
	assert_true(guess(&dhcp).by_bytes);
	uint8_t ntp[48] = {0x1b};
	struct sample time = {"NTP", U, 123, {ntp, sizeof ntp}, SLICE("")};
	assert_true(guess(&time).by_bytes);
	time.client.len = 47;
	assert_string_equal(guess(&time).name, "unknown");
}

/* Every beginning of every sample, on every kind of port, at the edge of what
 * may be read. */
static void test_cut(void **state)
{
	(void)state;
	static const uint16_t some[] = {4444, 53, 88, 137, 443, 500, 1812, 502};
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct sample s = samples[i];
		struct slice whole = s.client.len ? s.client : s.server;
		for (size_t len = 0; len <= whole.len; len++) {
			struct guard g = guard_copy(slice_to(whole, len));
			for (size_t p = 0; p < 2 * COUNT(some); p++) {
				s.port = some[p / 2];
				s.udp = p & 1;
				s.client = s.server = g.bytes;
				assert_non_null(guess(&s).name);
			}
			guard_free(&g);
		}
	}
}

static void test_random_bytes(void **state)
{
	(void)state;
	uint32_t seed = 7;
	for (int run = 0; run < 3000; run++) {
		uint8_t bytes[64];
		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		struct guard g =
		    guard_copy((struct slice){bytes, seed % sizeof bytes});
		struct sample s = {NULL, run & 1, (uint16_t)(seed >> 8),
				   g.bytes, g.bytes};
		assert_non_null(guess(&s).name);
		guard_free(&g);
	}
}

/* The port counts where the bytes would not have told, or could not. */
static void test_ports(void **state)
{
	(void)state;
	struct evidence e = {
	    .client = SLICE("\x01\x02\x03"), .port = 443, .from_start = true};
	assert_string_equal(protocol_guess(&e).name, "unknown");
	e.from_start = false;
	assert_string_equal(protocol_guess(&e).name, "TLS");
	assert_false(protocol_guess(&e).by_bytes);
	e.from_start = true;
	e.client.len = 0; /* nobody said anything */
	assert_string_equal(protocol_guess(&e).name, "TLS");
	e.port = 853;
	assert_string_equal(protocol_guess(&e).name, "DNS over TLS");
	e.client = SLICE("\x16\x03\x01\x02\x00\x01\x00");
	assert_string_equal(protocol_guess(&e).name, "DNS over TLS");
	assert_true(protocol_guess(&e).by_bytes);
	assert_int_equal(protocol_guess(&e).class, PROTOCOL_TLS);
	e.port = 25; /* no protocol over TLS is at home there */
	assert_string_equal(protocol_guess(&e).name, "TLS");
	e.udp = true;
	e.port = 69;
	assert_string_equal(protocol_guess(&e).name, "TFTP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes), cmocka_unit_test(test_long_bytes),
	    cmocka_unit_test(test_cut),   cmocka_unit_test(test_random_bytes),
	    cmocka_unit_test(test_ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
