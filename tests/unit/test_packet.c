/* From frames to packets: every link layer and tunnel, lengths that lie, every
 * way of cutting a frame. */
#include "capture/log.h"

#include "frames.h"
#include "guard.h"

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

/* Runs one frame, at the end of memory; its copy in g is the caller's. */
static void run_guarded(struct run *r, struct guard *g, uint16_t link_type,
			struct slice data, size_t wire)
{
	*g = guard_copy(data);
	struct frame f = {.data = g->bytes,
			  .wire_len = (uint32_t)wire,
			  .link_type = link_type,
			  .time = 42};
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
    {"icmp error cut inside the quoted ports", 101,
     IPV4("0037", "01") "0301000000000000" IPV4("0028",
						"06") "0401 0050 000000",
     OTHER},
    {"icmp error about udp", 101,
     IPV4("0038", "01") "0301000000000000" IPV4("001c",
						"11") "0401 0035 00080000",
     OTHER},
    {"icmp error about an icmp error", 101,
     IPV4("0038", "01") "0301000000000000" IPV4("001c",
						"01") "0301000000000000",
     OTHER},
    {"icmp cut", 101, IPV4("001b", "01") "03010000000000", BROKEN},
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
	struct run r = {0};
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

/* What an ICMP error is about is told by its ends alone. */
static void test_quoted(void **state)
{
	(void)state;
	struct buf b = {0};
	struct guard g;
	struct run r = {0};
	add_hex(&b, IPV4("0038", "01") "0301000000000000" IPV4(
			"0028", "06") "0401 0050 00000064");
	run_guarded(&r, &g, 101, buf_slice(&b), b.len);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.counts.other, 1);
	assert_int_equal(r.packets[0].kind, PACKET_QUOTED);
	assert_int_equal(r.packets[0].from.port, 0x401);
	assert_int_equal(r.packets[0].to.port, 80);
	assert_int_equal(r.packets[0].payload.len, 0);
	guard_free(&g);
	buf_release(&b);
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
	    cmocka_unit_test(test_quoted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
