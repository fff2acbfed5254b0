/* Protocols by their first bytes and their ports. */
#include "protocol.h"

#define TCP 1
#define UDP 2

/* Whose bytes a mark is looked for in. */
#define CLIENT 1
#define SERVER 2
#define EITHER 3

typedef bool tester(const struct evidence *e);

/* One way to know a protocol. The first row that fits counts: certain ones
 * stand before those that take less for enough. */
struct row {
	const char *name;
	enum protocol_class class;
	int transport;
	/* By bytes: mark, if any, at an offset, and test, if any. */
	int side;
	uint32_t at;
	struct slice mark;
	tester *test;
	/* Only on this port are the bytes enough; 0: on any. */
	uint16_t only_port;
};

/* By the port alone. */
struct port {
	uint16_t port;
	int transport;
	const char *name;
	enum protocol_class class;
	/* Its bytes would have told: a conversation whose beginning was
	 * recorded is something else. */
	bool bytes_tell;
};

/* ---- small readings ---- */

static uint8_t byte_at(struct slice s, size_t at)
{
	return at < s.len ? s.data[at] : 0;
}

static uint32_t number_at(struct slice s, size_t at, int bytes)
{
	uint32_t n = 0;
	for (int i = 0; i < bytes; i++)
		n = n << 8 | byte_at(s, at + (size_t)i);
	return n;
}

static bool has_at(struct slice s, size_t at, struct slice mark)
{
	return at <= s.len && slice_starts(slice_from(s, at), mark);
}

static bool holds(struct slice s, struct slice word)
{
	for (size_t i = 0; i + word.len <= s.len; i++)
		if (slice_starts_nocase(slice_from(s, i), word))
			return true;
	return false;
}

static struct slice first_line(struct slice s)
{
	return slice_to(s, slice_find(s, '\n'));
}

static bool says(struct slice s, struct slice word)
{
	return slice_starts_nocase(s, word);
}

/* Whether one of the words, separated by bars, begins s, without case. */
static bool says_one(struct slice s, struct slice words)
{
	while (words.len) {
		size_t bar = slice_find(words, '|');
		if (says(s, slice_to(words, bar)))
			return true;
		words = slice_from(words, bar + 1);
	}
	return false;
}

/* ---- TLS, QUIC, HTTP ---- */

/* A record's head: RFC 8446 5.1, with SSL 3.0 and the lengths of TLS 1.2. */
static bool is_record(struct slice s)
{
	return s.len >= 6 && s.data[0] >= 20 && s.data[0] <= 23 &&
	       s.data[1] == 3 && s.data[2] <= 4 && number_at(s, 3, 2) &&
	       number_at(s, 3, 2) <= (1U << 14) + 2048;
}

/* A hello that an SSL 2.0 server understands: RFC 5246 E.2. */
static bool is_old_hello(struct slice s)
{
	uint32_t version = number_at(s, 3, 2), ciphers = number_at(s, 5, 2);
	return s.len >= 11 && s.data[0] & 0x80 && s.data[2] == 1 &&
	       (version == 2 || (version >= 0x0300 && version <= 0x0303)) &&
	       ciphers && ciphers % 3 == 0 &&
	       (number_at(s, 0, 2) & 0x7fff) ==
		   9 + ciphers + number_at(s, 7, 2) + number_at(s, 9, 2);
}

static bool is_tls(const struct evidence *e)
{
	return is_record(e->client) || is_record(e->server) ||
	       is_old_hello(e->client);
}

/* A long header (RFC 9000 17.2) with a version that exists or ever was: v1,
 * v2 (RFC 9369), drafts, Google's and Facebook's own, those that are kept
 * free for exercise. */
static bool is_long_header(struct slice s)
{
	uint32_t v = number_at(s, 1, 4);
	return s.len >= 7 && s.data[0] & 0x80 && byte_at(s, 5) <= 20 &&
	       (v == 1 || v == 0x6b3343cf ||
		(v > 0xff000000 && v <= 0xff000040) || v >> 8 == 0xfaceb0 ||
		(v & 0x0f0f0f0f) == 0x0a0a0a0a ||
		((v >> 24 == 'Q' || v >> 24 == 'T') &&
		 (v >> 16 & 0xff) == '0'));
}

/* Google's before that: a flag for the version, one for eight bytes of
 * connection ID, both in the first packet. */
static bool is_old_quic(struct slice s)
{
	return s.len >= 13 && !(s.data[0] & 0x80) &&
	       (s.data[0] & 0x09) == 0x09 && has_at(s, 9, SLICE("Q0"));
}

static bool is_quic(const struct evidence *e)
{
	return is_long_header(e->client) || is_long_header(e->server) ||
	       is_old_quic(e->client);
}

/* Also HTTP/0.9, which had neither a version nor a head in answers. */
static bool is_http(const struct evidence *e)
{
	struct slice line = first_line(e->client);
	return says(e->server, SLICE("HTTP/1.")) ||
	       says(e->server, SLICE("ICY ")) ||
	       holds(line, SLICE(" HTTP/1.")) ||
	       (says(line, SLICE("GET /")) && !holds(line, SLICE(" HTTP/")));
}

/* Multicast HTTP: no answer that a page gets. */
static bool is_ssdp(const struct evidence *e)
{
	return says_one(e->client, SLICE("M-SEARCH * |NOTIFY * |HTTP/1.1 ")) &&
	       (e->port == 1900 || e->client_port == 1900 ||
		holds(e->client, SLICE("ssdp:")));
}

/* ---- text ---- */

static bool is_smtp(const struct evidence *e)
{
	struct slice line = first_line(e->server);
	if (line.len && !says(line, SLICE("220")))
		return false;
	return says_one(e->client, SLICE("EHLO|HELO ")) ||
	       (holds(line, SLICE("smtp")) && !holds(line, SLICE("ftp ")));
}

static bool is_ftp(const struct evidence *e)
{
	struct slice line = first_line(e->server);
	if (!says(line, SLICE("220")))
		return false;
	return says_one(e->client, SLICE("USER |AUTH |FEAT|OPTS |SYST")) ||
	       holds(line, SLICE("ftp"));
}

/* "220" says both: the port decides. */
static bool is_220(const struct evidence *e)
{
	return says(e->server, SLICE("220 ")) || says(e->server, SLICE("220-"));
}

static bool is_pop3(const struct evidence *e)
{
	return says(e->server, SLICE("+OK")) &&
	       (!e->client.len ||
		says_one(e->client,
			 SLICE("USER |CAPA|APOP |AUTH|STLS|QUIT|NOOP|UTF8")));
}

static bool is_imap(const struct evidence *e)
{
	return says_one(e->server, SLICE("* OK|* PREAUTH|* BYE|* CAPABILITY"));
}

static bool is_irc(const struct evidence *e)
{
	struct slice c = e->client;
	if (says_one(c, SLICE("NICK |CAP LS|CAP REQ")))
		return true;
	if (says_one(e->server, SLICE("NOTICE AUTH|NOTICE * ")))
		return true;
	if (says_one(c, SLICE("PASS |USER ")) && holds(c, SLICE("\nNICK ")))
		return true;
	return says(e->server, SLICE(":")) &&
	       says_one(c, SLICE("PASS |USER |JOIN |PONG |PRIVMSG ")) &&
	       holds(first_line(e->server), SLICE(" "));
}

static bool is_sip(const struct evidence *e)
{
	return says(e->client, SLICE("SIP/2.0 ")) ||
	       says(e->server, SLICE("SIP/2.0 ")) ||
	       holds(first_line(e->client), SLICE(" SIP/2.0"));
}

static bool is_rtsp(const struct evidence *e)
{
	return says(e->server, SLICE("RTSP/1.0 ")) ||
	       holds(first_line(e->client), SLICE(" RTSP/1.0"));
}

static bool is_xmpp(const struct evidence *e)
{
	return holds(e->client, SLICE("<stream:stream"));
}

static bool is_nntp(const struct evidence *e)
{
	return says_one(e->server, SLICE("200 |201 "));
}

static bool is_syslog(const struct evidence *e)
{
	size_t end = slice_find(slice_to(e->client, 5), '>');
	struct slice digits = slice_from(slice_to(e->client, end), 1);
	uint64_t value;
	return says(e->client, SLICE("<")) && end < 5 &&
	       slice_number(digits, 191, &value);
}

/* ---- bytes ---- */

/* IAC and WILL, WONT, DO or DONT: RFC 854. */
static bool is_telnet(const struct evidence *e)
{
	const struct slice sides[] = {e->client, e->server};
	for (int i = 0; i < 2; i++)
		if (byte_at(sides[i], 0) == 0xff &&
		    byte_at(sides[i], 1) >= 0xfb &&
		    byte_at(sides[i], 1) <= 0xfe)
			return true;
	return false;
}

/* A TPKT (RFC 1006 6) with an X.224 connection request, and what RDP has in
 * it: a cookie or a negotiation (MS-RDPBCGR 2.2.1.1). */
static bool is_tpkt(struct slice s)
{
	return s.len >= 7 && s.data[0] == 3 && !s.data[1] &&
	       number_at(s, 2, 2) >= 7 && (s.data[5] & 0xf0) == 0xe0;
}

static bool is_rdp(const struct evidence *e)
{
	struct slice rest = slice_from(e->client, 11);
	return is_tpkt(e->client) &&
	       (says(rest, SLICE("Cookie: ")) || e->port == 3389 ||
		(byte_at(rest, 0) == 1 && number_at(rest, 2, 2) == 0x0800));
}

static bool is_iso_tsap(const struct evidence *e)
{
	return is_tpkt(e->client);
}

/* After the NetBIOS session service's four bytes: MS-SMB2 2.2.1. */
static bool is_smb_message(struct slice s)
{
	return s.len >= 8 && !s.data[0] &&
	       (has_at(s, 4, SLICE("\xffSMB")) ||
		has_at(s, 4, SLICE("\xfeSMB")) ||
		has_at(s, 4, SLICE("\xfdSMB")));
}

static bool is_smb(const struct evidence *e)
{
	return is_smb_message(e->client) || is_smb_message(e->server);
}

/* A session request (RFC 1002 4.3.2): called and calling name, each of 34
 * bytes. */
static bool is_netbios_session(const struct evidence *e)
{
	return e->client.len >= 72 &&
	       number_at(e->client, 0, 4) == 0x81000044 &&
	       byte_at(e->client, 4) == 32;
}

/* A header that asks, or answers, and counts that can be (RFC 1035 4.1.1). */
static bool is_dns_message(struct slice s)
{
	return s.len >= 12 && !(byte_at(s, 3) & 0x40) &&
	       number_at(s, 4, 2) <= 16 && number_at(s, 6, 2) <= 4096 &&
	       number_at(s, 8, 2) <= 256 && number_at(s, 10, 2) <= 256 &&
	       number_at(s, 4, 2) + number_at(s, 6, 2) > 0;
}

static bool is_dns(const struct evidence *e)
{
	return is_dns_message(e->client) || is_dns_message(e->server);
}

static bool is_dns_tcp(const struct evidence *e)
{
	const struct slice sides[] = {e->client, e->server};
	for (int i = 0; i < 2; i++)
		if (number_at(sides[i], 0, 2) >= 12 &&
		    is_dns_message(slice_from(sides[i], 2)))
			return true;
	return false;
}

/* Behind a BER tag: its length. s shrinks to the contents. */
static bool ber_enter(struct slice *s, uint8_t tag)
{
	if (s->len < 2 || s->data[0] != tag)
		return false;
	uint8_t len = s->data[1];
	if (len > 0x84)
		return false;
	*s = slice_from(*s, 2 + (size_t)(len & 0x80 ? len & 0x7f : 0));
	return true;
}

/* A sequence with a message ID, and an operation: RFC 4511 4.1.1. */
static bool is_ldap_message(struct slice s)
{
	if (!ber_enter(&s, 0x30) || byte_at(s, 0) != 2 || !byte_at(s, 1) ||
	    byte_at(s, 1) > 4)
		return false;
	uint8_t operation = byte_at(s, 2 + (size_t)byte_at(s, 1));
	return (operation >= 0x60 && operation <= 0x79) || operation == 0x42 ||
	       operation == 0x4a || operation == 0x50;
}

static bool is_ldap(const struct evidence *e)
{
	return is_ldap_message(e->client);
}

/* An application tag, a sequence, and the version 5: RFC 4120 5.4.1. TCP has
 * a length of four bytes before it. */
static bool is_kerberos_message(struct slice s)
{
	uint8_t tag = byte_at(s, 0);
	if (tag < 0x6a || tag > 0x7e)
		return false;
	return ber_enter(&s, tag) && ber_enter(&s, 0x30) &&
	       (has_at(s, 0, SLICE("\xa1\x03\x02\x01\x05")) ||
		has_at(s, 0, SLICE("\xa0\x03\x02\x01\x05")));
}

static bool is_kerberos(const struct evidence *e)
{
	return is_kerberos_message(slice_from(e->client, e->udp ? 0 : 4));
}

/* Version 1, 2c or 3 behind a sequence; before 3 stands the community: RFC
 * 1157 4, RFC 3412 6. */
static bool is_snmp(const struct evidence *e)
{
	struct slice s = e->client;
	if (!ber_enter(&s, 0x30) || number_at(s, 0, 2) != 0x0201)
		return false;
	uint8_t version = byte_at(s, 2), next = byte_at(s, 3);
	return (version <= 1 && next == 0x04) || (version == 3 && next == 0x30);
}

/* RFC 5905 7.3: modes 1 to 5, versions 1 to 4. */
static bool is_ntp(const struct evidence *e)
{
	uint8_t mode = byte_at(e->client, 0) & 7;
	uint8_t version = byte_at(e->client, 0) >> 3 & 7;
	return e->client.len >= 48 && mode && mode <= 5 && version &&
	       version <= 4;
}

/* RFC 2131 2; the magic number is in the row. */
static bool is_dhcp(const struct evidence *e)
{
	return byte_at(e->client, 0) == 1 || byte_at(e->client, 0) == 2;
}

/* RFC 5389 6: two zero bits, a length of whole words. */
static bool is_stun(const struct evidence *e)
{
	return byte_at(e->client, 0) < 0x40 && e->client.len >= 20 &&
	       !(number_at(e->client, 2, 2) & 3);
}

static bool is_socks4(const struct evidence *e)
{
	struct slice c = e->client, s = e->server;
	uint8_t command = byte_at(c, 1);
	return c.len >= 9 && c.data[0] == 4 && (command == 1 || command == 2) &&
	       s.len >= 8 && !s.data[0] && s.data[1] >= 0x5a &&
	       s.data[1] <= 0x5d;
}

/* RFC 1928 3: as many methods as said, and one of them chosen. */
static bool is_socks5(const struct evidence *e)
{
	struct slice c = e->client, s = e->server;
	size_t methods = byte_at(c, 1);
	return c.len >= 2 + methods && methods && c.data[0] == 5 &&
	       s.len >= 2 && s.data[0] == 5 &&
	       (s.data[1] == 0xff ||
		memchr(c.data + 2, s.data[1], methods) != NULL);
}

/* The server greets: length, number 0, protocol 10, its version as text. */
static bool is_mysql(const struct evidence *e)
{
	struct slice s = e->server;
	return s.len >= 8 && !s.data[2] && !s.data[3] && s.data[4] == 10 &&
	       s.data[5] >= '3' && s.data[5] <= '9' && number_at(s, 0, 1) > 10;
}

static bool is_postgresql(const struct evidence *e)
{
	uint32_t len = number_at(e->client, 0, 4);
	uint32_t code = number_at(e->client, 4, 4);
	return (len == 8 && code == 80877103) || /* asks for TLS */
	       (len > 8 && len < 10000 && code == 196608 &&
		holds(e->client, SLICE("user")));
}

/* MS-TDS 2.2.3.1: a whole PRELOGIN or LOGIN7 packet. */
static bool is_tds(const struct evidence *e)
{
	uint8_t type = byte_at(e->client, 0);
	return (type == 0x12 || type == 0x10) && byte_at(e->client, 1) == 1 &&
	       number_at(e->client, 2, 2) > 8 && !byte_at(e->client, 4) &&
	       !byte_at(e->client, 5) && !byte_at(e->client, 7) &&
	       e->client.len > 8;
}

/* Version 5, a bind or a request, little-endian: C706 12.6. */
static bool is_dce_rpc(const struct evidence *e)
{
	uint8_t type = byte_at(e->client, 2);
	return (type == 11 || type == 14 || type == 0) &&
	       has_at(e->client, 4, SLICE("\x10\x00\x00\x00"));
}

/* Protocol 0, a length that is what follows: Modbus TCP 3.1.3. */
static bool is_modbus(const struct evidence *e)
{
	uint32_t len = number_at(e->client, 4, 2);
	return !number_at(e->client, 2, 2) && len >= 2 && len <= 254 &&
	       e->client.len >= 6 + (size_t)len;
}

static bool is_mqtt(const struct evidence *e)
{
	return byte_at(e->client, 0) == 0x10 &&
	       (has_at(e->client, 2, SLICE("\x00\x04MQTT")) ||
		has_at(e->client, 2, SLICE("\x00\x06MQIsdp")));
}

/* Version 3, then a time and four zeros: Adobe's RTMP 5.2. */
static bool is_rtmp(const struct evidence *e)
{
	return byte_at(e->client, 0) == 3 && e->client.len >= 100;
}

static bool is_bittorrent_dht(const struct evidence *e)
{
	return says_one(e->client, SLICE("d1:ad2:id20:|d1:rd2:id20:")) ||
	       (says(e->client, SLICE("d1:")) &&
		holds(e->client, SLICE("1:y1:")));
}

/* RFC 9147 4, RFC 6347 4.1: a handshake record of version 1.x. */
static bool is_dtls(const struct evidence *e)
{
	const struct slice sides[] = {e->client, e->server};
	for (int i = 0; i < 2; i++)
		if (sides[i].len >= 13 && sides[i].data[0] >= 20 &&
		    sides[i].data[0] <= 23 && sides[i].data[1] == 0xfe &&
		    sides[i].data[2] >= 0xfc)
			return true;
	return false;
}

static bool is_wireguard(const struct evidence *e)
{
	return e->client.len == 148;
}

static bool is_radius(const struct evidence *e)
{
	uint8_t code = byte_at(e->client, 0);
	return e->client.len >= 20 && code && code <= 5 &&
	       number_at(e->client, 2, 2) == e->client.len;
}

/* RFC 7296 3.1: major version 1 or 2, and the length at its place. */
static bool is_ike(const struct evidence *e)
{
	uint8_t version = byte_at(e->client, 17) >> 4;
	return e->client.len >= 28 && (version == 1 || version == 2);
}

#define ANY SLICE("")
#define OTHER PROTOCOL_OTHER

static const struct row rows[] = {
    {"TLS", PROTOCOL_TLS, TCP, EITHER, 0, ANY, is_tls, 0},
    {"HTTP/2", PROTOCOL_HTTP2, TCP, CLIENT, 0,
     SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NULL, 0},
    {"SSH", OTHER, TCP, EITHER, 0, SLICE("SSH-"), NULL, 0},
    {"RTSP", OTHER, TCP, EITHER, 0, ANY, is_rtsp, 0},
    {"SIP", OTHER, TCP | UDP, EITHER, 0, ANY, is_sip, 0},
    {"SMTP", OTHER, TCP, EITHER, 0, ANY, is_smtp, 0},
    {"FTP", OTHER, TCP, EITHER, 0, ANY, is_ftp, 0},
    {"FTP", OTHER, TCP, EITHER, 0, ANY, is_220, 21},
    {"SMTP", OTHER, TCP, EITHER, 0, ANY, is_220, 25},
    {"SMTP", OTHER, TCP, EITHER, 0, ANY, is_220, 587},
    {"POP3", OTHER, TCP, EITHER, 0, ANY, is_pop3, 0},
    {"IMAP", OTHER, TCP, EITHER, 0, ANY, is_imap, 0},
    {"IRC", OTHER, TCP, EITHER, 0, ANY, is_irc, 0},
    {"XMPP", OTHER, TCP, EITHER, 0, ANY, is_xmpp, 0},
    {"NNTP", OTHER, TCP, EITHER, 0, ANY, is_nntp, 119},
    {"HTTP", PROTOCOL_HTTP, TCP, EITHER, 0, ANY, is_http, 0},
    {"Flash policy", OTHER, TCP, CLIENT, 0, SLICE("<policy-file-request/>"),
     NULL, 0},
    {"RDP", OTHER, TCP, EITHER, 0, ANY, is_rdp, 0},
    {"ISO transport", OTHER, TCP, EITHER, 0, ANY, is_iso_tsap, 0},
    {"SMB", OTHER, TCP, EITHER, 0, ANY, is_smb, 0},
    {"NetBIOS session", OTHER, TCP, EITHER, 0, ANY, is_netbios_session, 0},
    {"DCE/RPC", OTHER, TCP, CLIENT, 0, SLICE("\x05\x00"), is_dce_rpc, 0},
    {"LDAP", OTHER, TCP | UDP, EITHER, 0, ANY, is_ldap, 0},
    {"Kerberos", OTHER, TCP | UDP, EITHER, 0, ANY, is_kerberos, 0},
    {"BitTorrent", OTHER, TCP, EITHER, 0,
     SLICE("\x13"
	   "BitTorrent protocol"),
     NULL, 0},
    {"MySQL", OTHER, TCP, EITHER, 0, ANY, is_mysql, 0},
    {"PostgreSQL", OTHER, TCP, EITHER, 0, ANY, is_postgresql, 0},
    {"VNC", OTHER, TCP, SERVER, 0, SLICE("RFB 00"), NULL, 0},
    {"MQTT", OTHER, TCP, EITHER, 0, ANY, is_mqtt, 0},
    {"PPTP", OTHER, TCP, CLIENT, 4, SLICE("\x1a\x2b\x3c\x4d"), NULL, 0},
    {"SOCKS", OTHER, TCP, EITHER, 0, ANY, is_socks5, 0},
    {"SOCKS", OTHER, TCP, EITHER, 0, ANY, is_socks4, 0},
    {"Telnet", OTHER, TCP, EITHER, 0, ANY, is_telnet, 0},
    {"STUN", OTHER, TCP | UDP, CLIENT, 4, SLICE("\x21\x12\xa4\x42"), is_stun,
     0},
    {"TDS", OTHER, TCP, EITHER, 0, ANY, is_tds, 0},
    {"DNS over TCP", OTHER, TCP, EITHER, 0, ANY, is_dns_tcp, 53},
    {"Modbus", OTHER, TCP, EITHER, 0, ANY, is_modbus, 502},
    {"RTMP", OTHER, TCP, EITHER, 0, ANY, is_rtmp, 1935},

    {"DNS", OTHER, UDP, EITHER, 0, ANY, is_dns, 53},
    {"mDNS", OTHER, UDP, EITHER, 0, ANY, is_dns, 5353},
    {"LLMNR", OTHER, UDP, EITHER, 0, ANY, is_dns, 5355},
    {"NetBIOS name", OTHER, UDP, EITHER, 0, ANY, is_dns, 137},
    {"NTP", OTHER, UDP, EITHER, 0, ANY, is_ntp, 123},
    {"DHCP", OTHER, UDP, CLIENT, 236, SLICE("\x63\x82\x53\x63"), is_dhcp, 0},
    {"SSDP", OTHER, UDP, EITHER, 0, ANY, is_ssdp, 0},
    {"QUIC", PROTOCOL_QUIC, UDP, EITHER, 0, ANY, is_quic, 0},
    {"DTLS", OTHER, UDP, EITHER, 0, ANY, is_dtls, 0},
    {"BitTorrent", OTHER, UDP, EITHER, 0, ANY, is_bittorrent_dht, 0},
    {"BitTorrent", OTHER, UDP, CLIENT, 0,
     SLICE("\x00\x00\x04\x17\x27\x10\x19\x80"), NULL, 0},
    {"SNMP", OTHER, UDP, EITHER, 0, ANY, is_snmp, 0},
    {"WireGuard", OTHER, UDP, CLIENT, 0, SLICE("\x01\x00\x00\x00"),
     is_wireguard, 0},
    {"RADIUS", OTHER, UDP, EITHER, 0, ANY, is_radius, 1812},
    {"RADIUS", OTHER, UDP, EITHER, 0, ANY, is_radius, 1813},
    {"IKE", OTHER, UDP, EITHER, 0, ANY, is_ike, 500},
    {"syslog", OTHER, UDP, EITHER, 0, ANY, is_syslog, 514},
};

static const struct port ports[] = {
    {20, TCP, "FTP data", OTHER, false},
    {21, TCP, "FTP", OTHER, true},
    {22, TCP, "SSH", OTHER, true},
    {23, TCP, "Telnet", OTHER, false},
    {25, TCP, "SMTP", OTHER, true},
    {43, TCP, "WHOIS", OTHER, false},
    {53, TCP, "DNS over TCP", OTHER, true},
    {53, UDP, "DNS", OTHER, false},
    {67, UDP, "DHCP", OTHER, true},
    {68, UDP, "DHCP", OTHER, true},
    {69, UDP, "TFTP", OTHER, false},
    {80, TCP, "HTTP", PROTOCOL_HTTP, true},
    {88, TCP | UDP, "Kerberos", OTHER, true},
    {110, TCP, "POP3", OTHER, true},
    {111, TCP | UDP, "portmap", OTHER, false},
    {113, TCP, "ident", OTHER, false},
    {119, TCP, "NNTP", OTHER, true},
    {123, UDP, "NTP", OTHER, true},
    {135, TCP, "DCE/RPC", OTHER, true},
    {137, UDP, "NetBIOS name", OTHER, false},
    {138, UDP, "NetBIOS datagram", OTHER, false},
    {139, TCP, "SMB", OTHER, true},
    {143, TCP, "IMAP", OTHER, true},
    {161, UDP, "SNMP", OTHER, true},
    {162, UDP, "SNMP", OTHER, true},
    {389, TCP | UDP, "LDAP", OTHER, true},
    {443, TCP, "TLS", PROTOCOL_TLS, true},
    {443, UDP, "QUIC", PROTOCOL_QUIC, false},
    {445, TCP, "SMB", OTHER, true},
    {465, TCP, "SMTP over TLS", PROTOCOL_TLS, true},
    {500, UDP, "IKE", OTHER, true},
    {502, TCP, "Modbus", OTHER, true},
    {514, UDP, "syslog", OTHER, false},
    {520, UDP, "RIP", OTHER, false},
    {546, UDP, "DHCPv6", OTHER, false},
    {547, UDP, "DHCPv6", OTHER, false},
    {554, TCP, "RTSP", OTHER, true},
    {587, TCP, "SMTP", OTHER, true},
    {636, TCP, "LDAP over TLS", PROTOCOL_TLS, true},
    {853, TCP, "DNS over TLS", PROTOCOL_TLS, true},
    {853, UDP, "DNS over QUIC", PROTOCOL_QUIC, false},
    {989, TCP, "FTP data over TLS", PROTOCOL_TLS, true},
    {990, TCP, "FTP over TLS", PROTOCOL_TLS, true},
    {993, TCP, "IMAP over TLS", PROTOCOL_TLS, true},
    {995, TCP, "POP3 over TLS", PROTOCOL_TLS, true},
    {1080, TCP, "SOCKS", OTHER, false},
    {1194, TCP | UDP, "OpenVPN", OTHER, false},
    {1433, TCP, "TDS", OTHER, true},
    {1701, UDP, "L2TP", OTHER, false},
    {1723, TCP, "PPTP", OTHER, true},
    {1812, UDP, "RADIUS", OTHER, true},
    {1813, UDP, "RADIUS", OTHER, true},
    {1883, TCP, "MQTT", OTHER, true},
    {1900, UDP, "SSDP", OTHER, false},
    {1935, TCP, "RTMP", OTHER, true},
    {2049, TCP | UDP, "NFS", OTHER, false},
    {3306, TCP, "MySQL", OTHER, true},
    {3389, TCP | UDP, "RDP", OTHER, false},
    {3478, UDP, "STUN", OTHER, true},
    {3702, UDP, "WS-Discovery", OTHER, false},
    {4500, UDP, "IKE", OTHER, false},
    {5060, TCP | UDP, "SIP", OTHER, true},
    {5222, TCP, "XMPP", OTHER, true},
    {5353, UDP, "mDNS", OTHER, false},
    {5355, UDP, "LLMNR", OTHER, false},
    {5432, TCP, "PostgreSQL", OTHER, true},
    {5900, TCP, "VNC", OTHER, true},
    {6667, TCP, "IRC", OTHER, true},
    {6697, TCP, "IRC over TLS", PROTOCOL_TLS, true},
    {8080, TCP, "HTTP", PROTOCOL_HTTP, true},
};

static int transport_of(bool udp)
{
	return udp ? UDP : TCP;
}

static const struct port *find_port(bool udp, uint16_t port)
{
	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
		if (ports[i].port == port &&
		    ports[i].transport & transport_of(udp))
			return &ports[i];
	return NULL;
}

bool protocol_has_port(bool udp, uint16_t port)
{
	return find_port(udp, port) != NULL;
}

static bool row_fits(const struct row *row, const struct evidence *e)
{
	if (!(row->transport & transport_of(e->udp)) ||
	    (row->only_port && row->only_port != e->port))
		return false;
	bool marked = !row->mark.len;
	if (!marked && row->side & CLIENT)
		marked = has_at(e->client, row->at, row->mark);
	if (!marked && row->side & SERVER)
		marked = has_at(e->server, row->at, row->mark);
	return marked && (!row->test || row->test(e));
}

/* TLS says what it carries by its port alone. */
static struct guess by_bytes(const struct row *row, const struct port *port)
{
	struct guess g = {row->class, row->name, true};
	if (port && port->class == row->class)
		g.name = port->name;
	return g;
}

struct guess protocol_guess(const struct evidence *e)
{
	const struct port *port = find_port(e->udp, e->port);
	bool silent = !e->client.len && !e->server.len;
	for (size_t i = 0; !silent && i < sizeof rows / sizeof *rows; i++)
		if (row_fits(&rows[i], e))
			return by_bytes(&rows[i], port);
	if (port && (silent || !port->bytes_tell || !e->from_start))
		return (struct guess){port->class, port->name, false};
	return (struct guess){PROTOCOL_UNKNOWN, "unknown", false};
}
