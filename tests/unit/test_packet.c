/* From frames to packets: every link layer and tunnel, lengths that lie, every
 * way of cutting a frame. The source is the test's own: frames that end where
 * memory ends. */
#include "capture/log.h"
#include "capture/packet.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The linker takes these instead of source.c. */
struct source {
	const struct frame *frames;
	size_t count, next;
};

bool source_next(struct source *s, struct frame *f)
{
	if (s->next == s->count)
		return false;
	*f = s->frames[s->next++];
	return true;
}

uint64_t source_position(const struct source *s, const uint8_t *byte)
{
	(void)byte;
	return s->next;
}

static void add_hex(struct buf *b, const char *hex)
{
	unsigned digit, half = 0, value = 0;
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		digit = (unsigned)(strchr("0123456789abcdef", *hex) -
				   "0123456789abcdef");
		assert_true(digit < 16);
		value = value << 4 | digit;
		if (half ^= 1)
			continue;
		buf_add_byte(b, (uint8_t)value);
		value = 0;
	}
	assert_int_equal(half, 0);
}

#define TCP "0401 0050 00000064 000000c8 5018 1000 0000 0000"
#define HELLO "68656c6c6f"
#define IPV4(total, protocol)                                                  \
	"4500" total "00010000 40" protocol "0000 0a000001 0a000002 "
#define IPV6(len, next)                                                        \
	"60000000" len next "40"                                               \
	"20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define V4 IPV4("002d", "06") TCP HELLO
#define V6 IPV6("0019", "06") TCP HELLO
#define MACS "020000000001 020000000002 "
#define ETHERNET MACS "0800 "
#define OUTER ETHERNET IPV4("0000", "2f")
#define OUTER_UDP ETHERNET IPV4("0000", "11")

struct good {
	const char *name;
	uint16_t link_type;
	const char *before; /* of the packet, in hex */
	const char *packet;
};

static const struct good goods[] = {
    {"ethernet", 1, ETHERNET, V4},
    {"ethernet v6", 1, MACS "86dd", V6},
    {"vlan", 1, MACS "8100 0001 0800", V4},
    {"qinq", 1, MACS "88a8 0001 8100 0002 86dd", V6},
    {"qinq 9100", 1, MACS "9100 0001 9200 0002 0800", V4},
    {"vlan llc", 1, MACS "8100 0001 0035 aaaa03 000000 0800", V4},
    {"vn-tag", 1, MACS "8926 00000000 0800", V4},
    {"802.1ah", 1, MACS "88e7 00000001" ETHERNET, V4},
    {"mpls", 1, MACS "8847 000000ff 000001ff", V4},
    {"mpls two labels", 1, MACS "8847 000000ff 000010ff 000001ff", V6},
    {"mpls pseudowire", 1, MACS "8847 000001ff 00000000" ETHERNET, V4},
    {"pppoe", 1, MACS "8864 1100 0001 002f 0021", V4},
    {"pppoe v6", 1, MACS "8864 1100 0001 0043 0057", V6},
    {"802.3 snap", 1, MACS "0035 aaaa03 000000 0800", V4},
    {"802.3 llc ip", 1, MACS "0030 060603", V4},
    {"null le", 0, "02000000", V4},
    {"null be", 0, "00000002", V4},
    {"null v6 openbsd", 0, "18000000", V6},
    {"null v6 freebsd", 0, "1c000000", V6},
    {"null v6 macos", 0, "0000001e", V6},
    {"null v6 linux", 0, "0a000000", V6},
    {"null v6 windows", 0, "17000000", V6},
    {"loop", 108, "00000002", V4},
    {"token ring", 6, "1040" MACS "aaaa03 000000 0800", V4},
    {"token ring routed", 6,
     "1040 020000000001 820000000002 0630 0011 0020 aaaa03 000000 0800", V4},
    {"fddi", 10, "50" MACS "aaaa03 000000 0800", V4},
    {"ppp", 9, "ff03 0021", V4},
    {"ppp short", 9, "21", V4},
    {"ppp hdlc v6", 50, "ff03 0057", V6},
    {"ppp mpls", 50, "ff03 0281 000001ff", V4},
    {"ppp really cisco hdlc", 50, "0f00 0800", V4},
    {"ppp ether", 51, "1100 0001 002f 0021", V4},
    {"ppp with direction", 204, "00 ff03 0021", V4},
    {"cisco hdlc", 104, "0f00 0800", V4},
    {"cisco hdlc with direction", 205, "01 0f00 86dd", V6},
    {"frame relay", 107, "1841 03 cc", V4},
    {"frame relay padded", 107, "1841 03 00 8e", V6},
    {"frame relay snap", 107, "1841 03 00 80 000000 0800", V4},
    {"frame relay cisco", 107, "1841 0800", V4},
    {"frame relay long", 107, "18401041 03 cc", V4},
    {"frame relay with direction", 206, "00 1841 03 cc", V4},
    {"raw", 101, "", V4},
    {"raw v6", 101, "", V6},
    {"raw 12", 12, "", V4},
    {"raw 14", 14, "", V6},
    {"ipv4", 228, "", V4},
    {"ipv6", 229, "", V6},
    {"rfc 1483", 100, "aaaa03 000000 0800", V4},
    {"rfc 1483 bridged", 100, "aaaa03 0080c2 0007 0000" ETHERNET, V4},
    {"ip over fibre channel", 122, MACS "00000000 aaaa03 000000 0800", V4},
    {"ip over firewire", 138, MACS "00000000 0800", V4},
    {"mpls link", 219, "000001ff", V4},
    {"enc", 109, "00000002 00000000 00000000", V4},
    {"pflog", 117, "05 02 0000 00000000", V4},
    {"ipnet", 226, "01 02 0000 00000000 00000000 00000000 00000000 00000000",
     V4},
    {"sll", 113, "0000 0001 0006 020000000001 0000 0800", V4},
    {"sll v6", 113, "0004 0001 0006 020000000001 0000 86dd", V6},
    {"sll llc", 113, "0000 0001 0006 020000000001 0000 0004 060603", V4},
    {"sll2", 276, "0800 0000 00000001 0001 00 06 020000000001 0000", V4},
    {"nflog le", 239, "02 00 0000 0800 0100 08000000 3100 0900", V4},
    {"nflog be", 239, "0a 00 0000 0005 000a 61000000 0045 0009", V6},
    {"pktap", 258,
     "1c000000 01000000 01000000 00000000 00000000 00000000 00000000" ETHERNET,
     V4},
    {"wifi", 105, "0801 0000" MACS "020000000003 0000 aaaa03 000000 0800", V4},
    {"wifi qos", 105,
     "8801 0000" MACS "020000000003 0000 0000 aaaa03 000000 0800", V4},
    {"wifi four addresses, qos, ht", 105,
     "8883 0000" MACS
     "020000000003 0000 020000000004 0000 00000000 aaaa03 000000 86dd",
     V6},
    {"radiotap", 127,
     "0000 0800 00000000 0801 0000" MACS "020000000003 0000 aaaa03 000000 0800",
     V4},
    {"radiotap padded", 127,
     "0000 1900 03000080 00000000 00000000 0000000000000000 20 8801 0000" MACS
     "020000000003 0000 0000 0000 aaaa03 000000 0800",
     V4},
    {"avs", 163,
     "80211001 00000008 0801 0000" MACS "020000000003 0000 aaaa03 000000 0800",
     V4},
    {"ppi", 192,
     "00 00 0800 69000000 0801 0000" MACS
     "020000000003 0000 aaaa03 000000 0800",
     V4},
    {"ppi ethernet", 192, "00 00 0800 01000000" ETHERNET, V4},
    {"gre", 1, OUTER "0000 0800", V4},
    {"gre v6", 1, OUTER "0000 86dd", V6},
    {"gre checksum key sequence", 1,
     OUTER "b000 0800 00000000 00000001 00000002", V4},
    {"gre routed", 1, OUTER "4000 0800 00000000 0002 0004 0a000003 0000 0000",
     V4},
    {"gre ethernet", 1, OUTER "0000 6558" ETHERNET, V4},
    {"gre mpls", 1, OUTER "0000 8847 000001ff", V4},
    {"pptp", 1, OUTER "3081 880b 0031 0001 00000001 00000001 ff03 0021", V4},
    {"erspan 1", 1, OUTER "0000 88be" ETHERNET, V4},
    {"erspan 2", 1, OUTER "1000 88be 00000001 10000000 00000000" ETHERNET, V4},
    {"erspan 3", 1,
     OUTER "1000 22eb 00000001 20000000 00000000 00000000" ETHERNET, V4},
    {"erspan 3 with more", 1,
     OUTER "1000 22eb 00000001 20000000 00000000 00000001"
	   "00000000 00000000" ETHERNET,
     V4},
    {"ip in ip", 1, ETHERNET IPV4("0000", "04"), V4},
    {"6in4", 1, ETHERNET IPV4("0000", "29"), V6},
    {"4in6", 1, MACS "86dd" IPV6("0000", "04"), V4},
    {"6in6", 1, MACS "86dd" IPV6("0000", "29"), V6},
    {"vxlan", 1, OUTER_UDP "d000 12b5 0000 0000 08000000 00000100" ETHERNET,
     V4},
    {"vxlan linux", 1,
     OUTER_UDP "d000 2118 0000 0000 08000000 00000100" ETHERNET, V4},
    {"vxlan, reserved bits set", 1,
     OUTER_UDP "d000 12b5 0000 0000 88010002 000001ff" ETHERNET, V4},
    {"geneve", 1, OUTER_UDP "d000 17c1 0000 0000 0040 6558 00000100" ETHERNET,
     V4},
    {"geneve options", 1,
     OUTER_UDP "d000 17c1 0000 0000 0200 0800 00000100 0001 0001 00000000", V4},
    {"gtp", 1, OUTER_UDP "0868 0868 0000 0000 30ff 002d 00000001", V4},
    {"gtp extension", 1,
     OUTER_UDP "0868 0868 0000 0000 34ff 0035 00000001 0000 00 85 01000000",
     V4},
    {"teredo", 1, OUTER_UDP "0dd8 0dd8 0000 0000", V6},
    {"teredo indicators", 1,
     OUTER_UDP "0dd8 c000 0000 0000 0001 0000 0000000000000000 00"
	       "0000 1234 0a000001",
     V6},
    {"ipv4 options", 101,
     "4600 0031 0001 0000 4006 0000 0a000001 0a000002 01010101" TCP HELLO, ""},
    {"ipv4 authentication", 101,
     IPV4("0045",
	  "33") "06040000 00000001 00000001 000000000000000000000000" TCP HELLO,
     ""},
    {"ipv4 offloaded", 101, IPV4("0000", "06") TCP HELLO, ""},
    {"ipv6 jumbo", 101, IPV6("0000", "06") TCP HELLO, ""},
    {"ipv6 extensions", 101,
     IPV6("0059", "00") "3c00 000000000000 2b00 000000000000"
			"8701 0000000000000000000000000000 3300 000000000000"
			"0604 0000 00000001 00000001"
			"000000000000000000000000" TCP HELLO,
     ""},
    {"ipv6 atomic fragment", 101,
     IPV6("0021", "2c") "0600 0000 00000007" TCP HELLO, ""},
};

struct run {
	struct packet packets[64];
	size_t count;
	struct packet_counts counts;
};

/* Frames are read once; the packets' payloads live as long as the spool. */
static void run(struct run *r, const struct frame *frames, size_t count,
		struct spool *spool)
{
	struct source source = {frames, count, 0};
	struct packets *p = packets_new(&source, spool);
	struct packet packet;
	r->count = 0;
	while (packets_next(p, &packet))
		if (r->count < sizeof r->packets / sizeof *r->packets)
			r->packets[r->count++] = packet;
	r->counts = *packets_counts(p);
	packets_free(p);
}

/* Runs one frame, at the end of memory; its copy in g is the caller's. */
static void run_guarded(struct run *r, struct guard *g, uint16_t link_type,
			struct slice data, size_t wire)
{
	*g = guard_copy(data);
	struct frame f = {g->bytes, (uint32_t)wire, link_type, 42};
	struct spool *spool = spool_new();
	run(r, &f, 1, spool);
	spool_free(spool);
}

static struct buf good_frame(const struct good *good)
{
	struct buf b = {0};
	add_hex(&b, good->before);
	add_hex(&b, good->packet);
	return b;
}

static void assert_endpoint(const struct endpoint *e, const char *text)
{
	struct buf b = {0};
	endpoint_print(&b, e);
	buf_add_byte(&b, 0);
	assert_string_equal((char *)b.data, text);
	buf_release(&b);
}

static void assert_hello(const struct run *r)
{
	assert_int_equal(r->count, 1);
	const struct packet *p = &r->packets[0];
	bool v6 = p->from.address.version == 6;
	assert_int_equal(p->kind, PACKET_TCP);
	assert_endpoint(&p->from, v6 ? "[2001:db8::1]:1025" : "10.0.0.1:1025");
	assert_endpoint(&p->to, v6 ? "[2001:db8::2]:80" : "10.0.0.2:80");
	assert_int_equal(p->seq, 100);
	assert_int_equal(p->ack, 200);
	assert_int_equal(p->flags, TCP_ACK | 0x08);
	assert_int_equal(p->time, 42);
	assert_int_equal(p->missing, 0);
	assert_true(slice_equal(p->payload, SLICE("hello")));
}

static const struct good *each_good(size_t *i)
{
	if (*i == sizeof goods / sizeof *goods)
		return NULL;
	return &goods[(*i)++];
}

static void test_layers(void **state)
{
	(void)state;
	const struct good *good;
	for (size_t i = 0; (good = each_good(&i));) {
		struct buf b = good_frame(good);
		struct guard g;
		struct run r;
		print_message("%s\n", good->name);
		run_guarded(&r, &g, good->link_type, buf_slice(&b), b.len);
		assert_hello(&r);
		guard_free(&g);
		buf_release(&b);
	}
}

/* P3: padding behind the packet is no data. */
static void test_padding(void **state)
{
	(void)state;
	const struct good *good;
	for (size_t i = 0; (good = each_good(&i));) {
		/* Without a length in the packet padding cannot be told. */
		if (strstr(good->name, "offloaded") ||
		    strstr(good->name, "jumbo"))
			continue;
		struct buf b = good_frame(good);
		struct guard g;
		struct run r;
		add_hex(&b, "000000000000");
		run_guarded(&r, &g, good->link_type, buf_slice(&b), b.len);
		assert_hello(&r);
		guard_free(&g);
		buf_release(&b);
	}
}

/* P3: what the snap length cut off is told as missing. */
static void check_cut(const struct good *good, struct slice whole, size_t len)
{
	struct guard g;
	struct run r;
	run_guarded(&r, &g, good->link_type, slice_to(whole, len), whole.len);
	assert_true(r.count <= 1);
	if (r.count && r.packets[0].kind == PACKET_TCP) {
		assert_int_equal(
		    r.packets[0].payload.len + r.packets[0].missing, 5);
		assert_true(slice_starts(SLICE("hello"), r.packets[0].payload));
	}
	if (whole.len - len <= 5)
		assert_int_equal(r.counts.tcp, 1);
	guard_free(&g);
	/* The same as if no more had been on the wire. */
	run_guarded(&r, &g, good->link_type, slice_to(whole, len), len);
	guard_free(&g);
}

static void test_every_cut(void **state)
{
	(void)state;
	const struct good *good;
	for (size_t i = 0; (good = each_good(&i));) {
		struct buf b = good_frame(good);
		for (size_t len = 0; len < b.len; len++)
			check_cut(good, buf_slice(&b), len);
		buf_release(&b);
	}
}

static void test_every_byte_changed(void **state)
{
	(void)state;
	static const uint8_t changes[] = {0x01, 0x0f, 0x80, 0xf0, 0xff};
	const struct good *good;
	for (size_t i = 0; (good = each_good(&i));) {
		struct buf b = good_frame(good);
		for (size_t at = 0; at < b.len * sizeof changes; at++) {
			uint8_t change = changes[at % sizeof changes];
			struct guard g;
			struct run r;
			b.data[at / sizeof changes] ^= change;
			run_guarded(&r, &g, good->link_type, buf_slice(&b),
				    b.len);
			b.data[at / sizeof changes] ^= change;
			assert_true(r.count <= 1);
			guard_free(&g);
		}
		buf_release(&b);
	}
}

static void test_options_cut(void **state)
{
	(void)state;
	struct buf b = {0};
	struct guard g;
	struct run r;
	/* Eight bytes of TCP options, of which two were captured. */
	add_hex(&b, IPV4("0035", "06") "0401 0050 00000064 000000c8 7002 1000"
				       "0000 0000 0204");
	run_guarded(&r, &g, 101, buf_slice(&b), 53);
	assert_int_equal(r.counts.tcp, 1);
	assert_int_equal(r.packets[0].flags, TCP_SYN);
	assert_int_equal(r.packets[0].payload.len, 0);
	assert_int_equal(r.packets[0].missing, 5);
	guard_free(&g);
	buf_release(&b);
}

enum outcome { TCP_SEEN, UDP_SEEN, OTHER, BROKEN, LINK_UNKNOWN };

static const struct {
	const char *name;
	uint16_t link_type;
	const char *hex;
	enum outcome outcome;
} odd[] = {
    {"unknown link type", 147, V4, LINK_UNKNOWN},
    {"unknown link type in ppi", 192, "00 00 0800 93000000" V4, LINK_UNKNOWN},
    {"ppi in ppi without end", 192, "00 00 0800 c0000000 00 00 0800 c0000000",
     BROKEN},
    {"empty", 1, "", BROKEN},
    {"arp", 1, MACS "0806 0001", OTHER},
    {"802.3 ipx", 1, MACS "0003 ffff00", OTHER},
    {"type between length and type", 1, MACS "05dd" V4, OTHER},
    {"20 vlan tags", 1,
     MACS "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100"
	  "0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
	  "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 0800" V4,
     BROKEN},
    {"mpls without bottom", 1, MACS "8847 000000ff 000000ff", BROKEN},
    {"ppp lcp", 9, "ff03 c021 0101", OTHER},
    {"pppoe discovery", 51, "1109 0000 0004 01010000", OTHER},
    {"null of another family", 0, "00000007" V4, OTHER},
    {"nflog attribute too short", 239, "02000000 0300 0900" V4, BROKEN},
    {"nflog without packet", 239, "02000000 0500 0a00 61000000", OTHER},
    {"token ring route without length", 6,
     "1040 020000000001 820000000002 0000", BROKEN},
    {"frame relay address without end", 107, "18 10 10 10 10 10 10", BROKEN},
    {"pktap, length 0", 258, "00000000 01000000 01000000", BROKEN},
    {"radiotap, length 0", 127, "0000 0000 00000000 0801", BROKEN},
    {"radiotap, words without end", 127, "0000 0c00 ffffffff ffffffff 0801",
     BROKEN},
    {"wifi beacon", 105, "8000 0000" MACS "020000000003 0000", OTHER},
    {"wifi null data", 105, "4801 0000" MACS "020000000003 0000", OTHER},
    {"wifi encrypted", 105,
     "0841 0000" MACS "020000000003 0000 aaaa03 000000 0800" V4, OTHER},
    {"ip version 5", 101, "55", BROKEN},
    {"ipv4 header too short", 101,
     "44"
     "00002d 00010000 4006 0000 0a000001"
     "0a000002" TCP HELLO,
     BROKEN},
    {"ipv4 total below header", 101, IPV4("0013", "06") TCP HELLO, BROKEN},
    {"ipv4 total above the wire", 101, IPV4("ffff", "06") TCP HELLO, TCP_SEEN},
    {"ipv4 icmp", 101, IPV4("001c", "01") "0800000000000000", OTHER},
    {"ipv4 last byte of tcp header missing", 101, IPV4("0027", "06") TCP HELLO,
     BROKEN},
    {"tcp offset 4", 101,
     IPV4("002d", "06") "0401 0050 00000064 000000c8 4018 1000 00000000" HELLO,
     BROKEN},
    {"tcp offset beyond the segment", 101,
     IPV4("002d", "06") "0401 0050 00000064 000000c8 f018 1000 00000000" HELLO,
     BROKEN},
    {"udp", 101, IPV4("0021", "11") "0401 0035 000d 0000" HELLO, UDP_SEEN},
    {"udp length 7", 101, IPV4("0021", "11") "0401 0035 0007 0000" HELLO,
     BROKEN},
    {"udp length above the wire", 101,
     IPV4("0021", "11") "0401 0035 ffff 0000" HELLO, UDP_SEEN},
    {"udp on vxlan's port", 101, IPV4("0021", "11") "0401 12b5 000d 0000" HELLO,
     UDP_SEEN},
    {"vxlan with arp", 101,
     IPV4("0000", "11") "0401 12b5 0000 0000 08000000 00000100" MACS "0806",
     UDP_SEEN},
    {"vxlan with a broken tcp header", 101,
     IPV4("0000", "11") "0401 12b5 0000 0000 08000000 00000100" ETHERNET IPV4(
	 "002d", "06") "0401 0050 00000064 000000c8 4018 1000 00000000" HELLO,
     UDP_SEEN},
    {"gtp longer than its datagram", 101,
     IPV4("0000", "11") "0868 0868 0000 0000 30ff 002e 00000001" V4, UDP_SEEN},
    {"teredo with ipv4", 101, IPV4("0000", "11") "0dd8 0dd8 0000 0000" V4,
     UDP_SEEN},
    {"gre of another version", 101, IPV4("0000", "2f") "0002 0800" V4, OTHER},
    {"gre routes without end", 101,
     IPV4("0000", "2f") "4000 0800 00000000 0002 0004 0a000003", BROKEN},
    {"pptp acknowledgement", 101,
     IPV4("0000", "2f") "2081 880b 0000 0001 00000001", OTHER},
    {"ipv6 without next", 101, IPV6("0000", "3b"), OTHER},
    {"ipv6 extension beyond the end", 101,
     IPV6("0008", "00") "06ff000000000000", BROKEN},
    {"ipv6, 17 extensions", 101,
     IPV6("00a1", "3c") "3c00000000000000 3c00000000000000 3c00000000000000 "
			"3c00000000000000"
			"3c00000000000000 3c00000000000000 3c00000000000000 "
			"3c00000000000000"
			"3c00000000000000 3c00000000000000 3c00000000000000 "
			"3c00000000000000"
			"3c00000000000000 3c00000000000000 3c00000000000000 "
			"3c00000000000000"
			"0600000000000000" TCP HELLO,
     BROKEN},
};

static void test_odd_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct buf b = {0};
		struct guard g;
		struct run r;
		print_message("%s\n", odd[i].name);
		add_hex(&b, odd[i].hex);
		run_guarded(&r, &g, odd[i].link_type, buf_slice(&b), b.len);
		const struct packet_counts *c = &r.counts;
		assert_int_equal(c->tcp, odd[i].outcome == TCP_SEEN);
		assert_int_equal(c->udp, odd[i].outcome == UDP_SEEN);
		assert_int_equal(c->other, odd[i].outcome == OTHER);
		assert_int_equal(c->broken, odd[i].outcome == BROKEN);
		assert_int_equal(c->link_types, odd[i].outcome == LINK_UNKNOWN);
		if (r.count)
			assert_int_equal(r.packets[0].missing, 0);
		guard_free(&g);
		buf_release(&b);
	}
}

/* Two packets in one 802.11 frame, the first padded to a multiple of 4. */
static void test_amsdu(void **state)
{
	(void)state;
	struct buf b = {0};
	struct guard g;
	struct run r;
	add_hex(&b, "8801 0000" MACS "020000000003 0000 8000");
	for (int i = 0; i < 2; i++)
		add_hex(&b, MACS "0035 aaaa03 000000 0800" V4 "00");
	run_guarded(&r, &g, 105, buf_slice(&b), b.len);
	assert_int_equal(r.count, 2);
	assert_true(slice_equal(r.packets[0].payload, SLICE("hello")));
	assert_true(slice_equal(r.packets[1].payload, SLICE("hello")));
	guard_free(&g);
	for (size_t len = 0; len < b.len; len++) {
		run_guarded(&r, &g, 105, slice_to(buf_slice(&b), len), b.len);
		guard_free(&g);
	}
	buf_release(&b);
}

/* A TCP segment of 20 + 44 bytes in fragments. */
#define UNIT_BYTES 16
#define PIECES 4

struct datagrams {
	struct buf bytes[64];
	struct frame frames[64];
	size_t count;
	struct spool *spool;
	struct run run;
};

static void segment_bytes(struct buf *b, uint8_t fill)
{
	add_hex(b, TCP);
	for (int i = 0; i < 44; i++)
		buf_add_byte(b, (uint8_t)(fill + i));
}

static void add_frame(struct datagrams *d, struct buf b, size_t missing,
		      int64_t time)
{
	assert_true(d->count < 64);
	d->bytes[d->count] = b;
	d->frames[d->count] = (struct frame){
	    buf_slice(&b), (uint32_t)(b.len + missing), 101, time};
	d->count++;
}

struct part {
	unsigned offset, len;
	bool more;
	uint8_t fill; /* of the segment it is cut from */
	uint16_t id;
	size_t missing; /* cut off by the snap length */
	int64_t time;
};

static void add_part(struct datagrams *d, bool v6, struct part part)
{
	struct buf segment = {0}, b = {0};
	segment_bytes(&segment, part.fill);
	if (v6) {
		buf_printf(&b, "60000000%04x2c40", part.len + 8);
		for (int i = 1; i <= 2; i++)
			buf_printf(&b, "20010db80000000000000000%08x", i);
		buf_printf(&b, "0600%04x%08x", part.offset | part.more,
			   part.id);
	} else {
		buf_printf(&b, "4500%04x%04x%04x400600000a0000010a000002",
			   part.len + 20, part.id,
			   part.offset / 8 | (part.more ? 0x2000 : 0));
	}
	buf_add_byte(&b, 0);
	struct buf frame = {0};
	add_hex(&frame, (char *)b.data);
	struct slice body =
	    slice_to(slice_from(buf_slice(&segment), part.offset), part.len);
	buf_add(&frame, slice_to(body, part.len - part.missing));
	add_frame(d, frame, part.missing, part.time);
	buf_release(&b);
	buf_release(&segment);
}

static void add_quarter(struct datagrams *d, bool v6, unsigned n)
{
	add_part(d, v6,
		 (struct part){.offset = n * UNIT_BYTES,
			       .len = UNIT_BYTES,
			       .more = n < PIECES - 1,
			       .id = 7});
}

static void datagrams_run(struct datagrams *d)
{
	d->spool = spool_new();
	run(&d->run, d->frames, d->count, d->spool);
}

static void datagrams_release(struct datagrams *d)
{
	for (size_t i = 0; i < d->count; i++)
		buf_release(&d->bytes[i]);
	spool_free(d->spool);
	*d = (struct datagrams){0};
}

static void assert_segment(const struct packet *p, uint8_t fill)
{
	assert_int_equal(p->kind, PACKET_TCP);
	assert_int_equal(p->from.port, 1025);
	assert_int_equal(p->missing, 0);
	assert_int_equal(p->payload.len, 44);
	for (size_t i = 0; i < 44; i++)
		assert_int_equal(p->payload.data[i], (uint8_t)(fill + i));
}

static void check_order(bool v6, const unsigned *order, size_t count)
{
	struct datagrams d = {0};
	for (size_t i = 0; i < count; i++)
		add_quarter(&d, v6, order[i]);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	assert_int_equal(d.run.counts.fragments, count);
	assert_int_equal(d.run.counts.unfinished, 0);
	datagrams_release(&d);
}

/* P4: any order, and everything captured twice. */
static void test_fragment_orders(void **state)
{
	(void)state;
	for (unsigned n = 0; n < PIECES * PIECES * PIECES * PIECES; n++) {
		unsigned order[2 * PIECES], seen = 0;
		for (unsigned i = 0, rest = n; i < PIECES;
		     i++, rest /= PIECES) {
			order[i] = rest % PIECES;
			seen |= 1u << order[i];
		}
		if (seen != (1u << PIECES) - 1)
			continue;
		check_order(false, order, PIECES);
		check_order(true, order, PIECES);
		for (unsigned i = PIECES; i-- > 0;)
			order[2 * i] = order[2 * i + 1] = order[i];
		check_order(false, order, 2 * PIECES);
		check_order(true, order, 2 * PIECES);
	}
}

static void test_fragment_position(void **state)
{
	(void)state;
	struct datagrams d = {0};
	uint64_t position;
	add_quarter(&d, false, 1);
	add_quarter(&d, false, 0);
	add_quarter(&d, false, 3);
	add_quarter(&d, false, 2);
	add_quarter(&d, false, 0);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_true(
	    spool_position(d.spool, d.run.packets[0].payload.data, &position));
	assert_int_equal(position, 4); /* the frame that completed it */
	datagrams_release(&d);
}

/* P5: of bytes captured twice the first count. */
static void test_fragment_overlap(void **state)
{
	(void)state;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){24, 24, true, 0, 7, 0, 0});
	add_part(&d, false, (struct part){0, 40, true, 100, 7, 0, 0});
	add_part(&d, false, (struct part){16, 48, false, 200, 7, 0, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	const uint8_t *data = d.run.packets[0].payload.data;
	assert_int_equal(data[0], 100);
	assert_int_equal(data[3], 103);
	assert_int_equal(data[4], 4); /* byte 24 of the datagram */
	assert_int_equal(data[27], 27);
	assert_int_equal(data[28], 228);
	assert_int_equal(data[43], 243);
	datagrams_release(&d);
}

static void test_fragment_losses(void **state)
{
	(void)state;
	struct datagrams d = {0};
	/* one lost */
	add_quarter(&d, false, 0);
	add_quarter(&d, false, 1);
	add_quarter(&d, false, 3);
	/* one cut by the snap length */
	add_part(&d, true, (struct part){0, 32, true, 0, 9, 0, 0});
	add_part(&d, true, (struct part){32, 32, false, 0, 9, 1, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 0);
	assert_int_equal(d.run.counts.fragments, 5);
	assert_int_equal(d.run.counts.unfinished, 2);
	assert_int_equal(d.run.counts.broken, 0);
	datagrams_release(&d);
}

/* A cut fragment leaves its place to a copy that is whole. */
static void test_fragment_cut_then_whole(void **state)
{
	(void)state;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){0, 32, true, 0, 9, 8, 0});
	add_part(&d, false, (struct part){32, 32, false, 0, 9, 0, 0});
	add_part(&d, false, (struct part){0, 32, true, 0, 9, 0, 0});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	datagrams_release(&d);
}

static void test_fragment_lies(void **state)
{
	(void)state;
	struct datagrams d = {0};
	/* not the last, but no multiple of 8 */
	add_part(&d, false, (struct part){0, 15, true, 0, 1, 0, 0});
	/* the datagram's end, then something behind it, then another end */
	add_part(&d, false, (struct part){16, 16, false, 0, 2, 0, 0});
	add_part(&d, false, (struct part){24, 16, true, 0, 2, 0, 0});
	add_part(&d, false, (struct part){24, 16, false, 0, 2, 0, 0});
	/* an end before what is there already */
	add_part(&d, false, (struct part){32, 16, true, 0, 3, 0, 0});
	add_part(&d, false, (struct part){16, 16, false, 0, 3, 0, 0});
	/* beyond the largest datagram */
	struct buf b = {0};
	add_hex(&b, "4500 0064 0004 1fff 4006 0000 0a000001 0a000002");
	memset(buf_reserve(&b, 80), 0, 80);
	b.len += 80;
	add_frame(&d, b, 0, 0);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 0);
	assert_int_equal(d.run.counts.broken, 5);
	assert_int_equal(d.run.counts.unfinished, 4);
	datagrams_release(&d);
}

/* Numbers come round: another datagram under a number used before, soon after
 * it was complete, and long after it was given up. */
static void test_fragment_numbers(void **state)
{
	(void)state;
	const int64_t late = INT64_C(31) * 1000000000;
	struct datagrams d = {0};
	add_part(&d, false, (struct part){0, 32, true, 0, 7, 0, 0});
	add_part(&d, false, (struct part){32, 32, false, 0, 7, 0, 0});
	add_part(&d, false, (struct part){0, 32, true, 100, 7, 0, 1});
	add_part(&d, false, (struct part){32, 32, false, 100, 7, 0, 1});
	add_part(&d, false, (struct part){0, 32, true, 50, 8, 0, 1});
	add_part(&d, false, (struct part){32, 32, false, 60, 8, 0, late + 2});
	add_part(&d, false, (struct part){0, 32, true, 60, 8, 0, late + 3});
	datagrams_run(&d);
	assert_int_equal(d.run.count, 3);
	assert_segment(&d.run.packets[0], 0);
	assert_segment(&d.run.packets[1], 100);
	assert_segment(&d.run.packets[2], 60);
	assert_int_equal(d.run.counts.unfinished, 1);
	datagrams_release(&d);
}

/* More datagrams begin than may wait: the oldest go, the newest are whole. */
static void test_fragment_flood(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	struct frame *frames = xcalloc(COUNT + 1, sizeof *frames);
	struct buf *bytes = xcalloc(COUNT + 1, sizeof *bytes);
	struct spool *spool = spool_new();
	struct run r;
	for (unsigned i = 0; i <= COUNT; i++) {
		struct datagrams d = {0};
		bool last = i == COUNT;
		add_part(&d, false,
			 (struct part){last ? 32 : 0, 32, !last, 0,
				       (uint16_t)(last ? COUNT - 1 : i), 0, 0});
		bytes[i] = d.bytes[0];
		frames[i] = d.frames[0];
	}
	run(&r, frames, COUNT + 1, spool);
	assert_int_equal(r.count, 1);
	assert_segment(&r.packets[0], 0);
	assert_int_equal(r.counts.unfinished, COUNT - 1);
	for (unsigned i = 0; i <= COUNT; i++)
		buf_release(&bytes[i]);
	free(bytes);
	free(frames);
	spool_free(spool);
}

/* The first fragment tells the protocol (RFC 8200 4.5), and what it carries
 * may be in fragments again, inside another tunnel. */
static void test_fragment_in_fragment(void **state)
{
	(void)state;
	struct datagrams inner = {0}, d = {0};
	add_quarter(&inner, false, 0);
	for (unsigned half = 0; half < 2; half++) {
		struct buf b = {0};
		/* 36 bytes: an inner fragment in two outer ones */
		add_hex(&b, half ? "4500 0028 0009 0002 4004 0000"
				   "0a000008 0a000009"
				 : "4500 0024 0009 2000 4004 0000"
				   "0a000008 0a000009");
		buf_add(&b,
			slice_to(slice_from(inner.frames[0].data, half * 16),
				 half ? 20 : 16));
		add_frame(&d, b, 0, 0);
	}
	for (unsigned n = 1; n < PIECES; n++)
		add_quarter(&d, false, n);
	datagrams_run(&d);
	assert_int_equal(d.run.count, 1);
	assert_segment(&d.run.packets[0], 0);
	assert_int_equal(d.run.counts.fragments, 6);
	datagrams_release(&inner);
	datagrams_release(&d);
}

int main(void)
{
	log_init("test_packet");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layers),
	    cmocka_unit_test(test_padding),
	    cmocka_unit_test(test_every_cut),
	    cmocka_unit_test(test_every_byte_changed),
	    cmocka_unit_test(test_options_cut),
	    cmocka_unit_test(test_odd_frames),
	    cmocka_unit_test(test_amsdu),
	    cmocka_unit_test(test_fragment_orders),
	    cmocka_unit_test(test_fragment_position),
	    cmocka_unit_test(test_fragment_overlap),
	    cmocka_unit_test(test_fragment_losses),
	    cmocka_unit_test(test_fragment_cut_then_whole),
	    cmocka_unit_test(test_fragment_lies),
	    cmocka_unit_test(test_fragment_numbers),
	    cmocka_unit_test(test_fragment_flood),
	    cmocka_unit_test(test_fragment_in_fragment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
