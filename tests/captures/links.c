/* P4: link layers, tunnels, IP versions and file formats around the same two
 * connections. */
#include "scene.h"

#define HOST "www.pages.example"
#define SERVER4 "198.51.100.80"
#define SERVER6 "2001:db8:80::80"

static void play_pages(struct scene *s, const char *server)
{
	struct conn a = scene_connect(s, server, 80);
	struct conn b = scene_connect(s, server, 8000);
	struct str page = {0};

	scene_page(s, &a, HOST, "/first.html", 4000);
	page_write(&page, "Chunked", "", 9000, 4);
	scene_exchange(
	    s, &b,
	    &(struct ask){.host = HOST ":8000", .target = "/chunked.html"},
	    &(struct answer){.type = "text/html",
			     .body = page.data,
			     .body_len = page.len,
			     .framing = CHUNKED});
	scene_page(s, &a, HOST, "/second.html", 40);
	conn_close(&a, CLIENT);
	conn_close(&b, SERVER);
	str_free(&page);
}

static void envelope_pages(struct scene *s)
{
	s->net.envelope = (enum envelope)s->variant;
	play_pages(s, SERVER4);
}

static void ipv6_pages(struct scene *s)
{
	s->net.envelope = (enum envelope)s->variant;
	play_pages(s, SERVER6);
}

static void options_pages(struct scene *s)
{
	s->net.faults.ip_options = true;
	play_pages(s, s->variant == 6 ? SERVER6 : SERVER4);
}

static void fragmented_pages(struct scene *s)
{
	s->net.mtu = 576;
	s->net.faults.shuffle = true;
	play_pages(s, s->variant == 6 ? SERVER6 : SERVER4);
}

enum file_format { NANOSECONDS = 1, SWAPPED = 2, PCAPNG = 4 };

static void format_pages(struct scene *s)
{
	s->writer.nano = s->variant & NANOSECONDS;
	s->writer.big_endian = s->variant & SWAPPED;
	s->writer.pcapng = s->variant & PCAPNG;
	s->net.now += 789; /* that microseconds lose */
	play_pages(s, SERVER4);
}

/* One connection seen on three interfaces of different link types. */
static void interfaces(struct scene *s)
{
	static const enum envelope seen[] = {ETHERNET, SLL2, RAW};
	struct conn c;
	size_t i;

	s->writer.pcapng = true;
	c = scene_connect(s, SERVER4, 80);
	for (i = 0; i < 6; i++) {
		s->net.envelope = seen[i % 3];
		scene_page(s, &c, HOST, i % 2 ? "/odd.html" : "/even.html",
			   2000 + 100 * i);
	}
	conn_close(&c, CLIENT);
}

static void sections(struct scene *s)
{
	struct conn c;

	s->writer.pcapng = true;
	c = scene_connect(s, SERVER4, 80);
	scene_page(s, &c, HOST, "/little.html", 3000);
	writer_unknown_block(&s->writer);
	writer_section(&s->writer, true);
	s->net.envelope = VLAN;
	scene_page(s, &c, HOST, "/big.html", 3000);
	writer_unknown_block(&s->writer);
	writer_simple_frame(&s->writer, "not an Ethernet frame", 21);
	scene_page(s, &c, HOST, "/third.html", 3000);
	conn_close(&c, SERVER);
}

/* The same four-tuple again; variant: whether the first one ended. */
static void port_reuse(struct scene *s)
{
	const struct end server = end_of(SERVER4, 80);
	const struct end client = scene_client(s, VICTIM);
	struct conn c = conn_open(&s->net, client, server);

	scene_page(s, &c, HOST, "/before.html", 5000);
	if (s->variant)
		conn_close(&c, CLIENT);
	else
		conn_abandon(&c);
	scene_wait(s, 4000 * MS);
	c = conn_open(&s->net, client, server);
	scene_page(s, &c, HOST, "/after.html", 3000);
	conn_reset(&c, CLIENT);
	scene_wait(s, 4000 * MS);
	c = conn_open(&s->net, client, server);
	scene_page(s, &c, HOST, "/before.html", 5100);
	conn_close(&c, SERVER);
}

const struct scenario link_scenarios[] = {
    {"p04-ethernet", "plain Ethernet and IPv4", envelope_pages, ETHERNET},
    {"p04-vlan", "802.1Q", envelope_pages, VLAN},
    {"p04-qinq", "802.1ad", envelope_pages, QINQ},
    {"p04-mpls", "two MPLS labels", envelope_pages, MPLS},
    {"p04-pppoe", "PPPoE", envelope_pages, PPPOE},
    {"p04-pppoe-ipv6", "IPv6 in PPPoE", ipv6_pages, PPPOE},
    {"p04-gre", "GRE", envelope_pages, GRE},
    {"p04-vxlan", "VXLAN", envelope_pages, VXLAN},
    {"p04-ipip", "IP in IP", envelope_pages, IPIP},
    {"p04-6in4", "IPv6 in IPv4", ipv6_pages, IPIP},
    {"p04-sll", "Linux cooked capture", envelope_pages, SLL},
    {"p04-sll2", "Linux cooked capture 2", envelope_pages, SLL2},
    {"p04-raw", "raw IP", envelope_pages, RAW},
    {"p04-raw-ipv6", "raw IPv6", ipv6_pages, RAW},
    {"p04-null", "BSD loopback", envelope_pages, BSD_NULL},
    {"p04-null-ipv6", "IPv6 on BSD loopback", ipv6_pages, BSD_NULL},
    {"p04-loop", "OpenBSD loopback", envelope_pages, BSD_LOOP},
    {"p04-ppp", "PPP", envelope_pages, PPP},
    {"p04-wlan", "802.11", envelope_pages, WLAN},
    {"p04-radiotap", "802.11 with radiotap", envelope_pages, RADIOTAP},
    {"p04-ipv6", "IPv6", ipv6_pages, ETHERNET},
    {"p04-ipv4-options", "IPv4 options", options_pages, 4},
    {"p04-ipv6-extensions", "IPv6 extension headers", options_pages, 6},
    {"p04-fragments", "IPv4 fragments, last first", fragmented_pages, 4},
    {"p04-ipv6-fragments", "the same in IPv6", fragmented_pages, 6},
    {"p04-nanosecond", "pcap of nanoseconds", format_pages, NANOSECONDS},
    {"p04-swapped", "big-endian pcap", format_pages, SWAPPED},
    {"p04-nanosecond-swapped", "both", format_pages, NANOSECONDS | SWAPPED},
    {"p04-pcapng", "pcapng", format_pages, PCAPNG},
    {"p04-pcapng-swapped", "pcapng, big-endian, nanoseconds", format_pages,
     PCAPNG | SWAPPED | NANOSECONDS},
    {"p04-interfaces", "pcapng, one flow on three link types", interfaces, 0},
    {"p04-sections", "pcapng, sections of either byte order", sections, 0},
    {"p04-port-reuse", "a four-tuple three times", port_reuse, 1},
    {"p04-port-reuse-no-fin", "the same, never closed", port_reuse, 0},
    {0},
};
