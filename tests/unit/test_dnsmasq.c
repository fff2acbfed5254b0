/* Hosts of a recording as lines for dnsmasq, most of them hostile. */
#include "unit.h"

#include "dnsgen/dnsmasq.h"
#include "capture/hostname.h"

#include <stdlib.h>

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10

static struct address ip(const char *text)
{
	struct address a;
	if (!address_parse(slice_of(text), &a))
		a = (struct address){0};
	return a;
}

static struct hosts *new_hosts(void)
{
	return hosts_new(SLICE("ip.test"), false);
}

static void ask(struct hosts *h, const char *host, const char *server)
{
	struct address a = ip(server);
	hosts_add_request(h, SLICE("GET"), SLICE("/"), slice_of(host), &a,
			  false);
}

static void name(struct hosts *h, enum name_kind kind, const char *text,
		 const char *address)
{
	hosts_add_name(h, &(struct name){kind, slice_of(text), ip(address)});
}

/* The lines without comments; frees the hosts. */
static char *lines_of(struct hosts *h, const char *const *ips)
{
	char *text = NULL;
	size_t len, used = 0, count = 0;
	struct address addresses[4];
	FILE *out = open_memstream(&text, &len);
	for (; ips && ips[count]; count++)
		addresses[count] = ip(ips[count]);
	hosts_finish(h);
	dnsmasq_write(out, h, addresses, count);
	fclose(out);
	hosts_free(h);
	char *rest = text, *lines = calloc(1, len + 2);
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!*line || *line == '#')
			continue;
		used += (size_t)sprintf(lines + used, "%s\n", line);
	}
	free(text);
	return lines;
}

static void expect(struct hosts *h, const char *const *ips,
		   const char *expected)
{
	char *lines = lines_of(h, ips);
	assert_string_equal(lines, expected);
	free(lines);
}

static const char *const one[] = {"127.0.0.1", NULL};
static const char *const both[] = {"10.0.0.1", "fd00::1", NULL};

#define HOST(name, address)                                                    \
	"address=/" name "/" address "\nlocal=/" name "/\nlocal=/*." name "/"  \
	"\n"
#define REST "local=/#/\n"

static void test_sorted(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	ask(h, "www.b.example", "192.0.2.1");
	ask(h, "A.Example.:8080", "192.0.2.2");
	ask(h, "a.example", "192.0.2.3");
	ask(h, "not-use-application-dns.net", "192.0.2.3");
	ask(h, "under_score.example:", "192.0.2.3");
	ask(h, "xn--bcher-kva.example", "192.0.2.3");
	expect(h, one,
	       HOST("a.example", "127.0.0.1")
		   HOST("not-use-application-dns.net", "127.0.0.1")
		       HOST("under_score.example", "127.0.0.1")
			   HOST("www.b.example", "127.0.0.1")
			       HOST("xn--bcher-kva.example", "127.0.0.1") REST);
	expect(new_hosts(), one, REST);
}

static void test_two_addresses(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	ask(h, "a.example", "192.0.2.1");
	expect(h, both,
	       "address=/a.example/10.0.0.1\n" HOST("a.example", "fd00::1")
		   REST);
}

static void test_recorded(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	ask(h, "a.example", "192.0.2.9");
	ask(h, "A.example", "192.0.2.9");
	name(h, NAME_ADDRESS, "a.example", "2001:db8::1");
	name(h, NAME_ADDRESS, "a.example", "192.0.2.9");
	name(h, NAME_ADDRESS, "a.example", "192.0.2.10");
	name(h, NAME_TLS, "a.example", "192.0.2.1");
	ask(h, "192.0.2.77:8080", "192.0.2.78");
	expect(h, NULL,
	       HOST("192-0-2-77.ip.test",
		    "192.0.2.77") "address=/a.example/192.0.2.1\n"
				  "address=/a.example/192.0.2.9\n"
				  "address=/a.example/192.0.2.10\n" HOST(
				      "a.example", "2001:db8::1") REST);
}

/* P37: what DNS gave an address existed. */
static void p37_resolved(void **state)
{
	(void)state;
	for (int resolved = 0; resolved < 2; resolved++) {
		struct hosts *h = hosts_new(SLICE("ip.test"), resolved);
		ask(h, "a.example", "192.0.2.1");
		name(h, NAME_ADDRESS, "b.example", "2001:db8::2");
		name(h, NAME_MISSING, "c.example", "");
		name(h, NAME_ADDRESS, "use-application-dns.net", "192.0.2.3");
		expect(h, NULL,
		       resolved ? HOST("a.example", "192.0.2.1")
				      HOST("b.example", "2001:db8::2") REST
				: HOST("a.example", "192.0.2.1") REST);
	}
}

/* Names that a proxy was asked for, some of them known otherwise. */
static struct hosts *proxied_hosts(void)
{
	struct address proxy = ip("10.9.9.9");
	struct slice none = {0};
	struct hosts *h = hosts_new(SLICE("ip.test"), true);
	static const char *const targets[] = {
	    "http://Proxied.example/", "http://proxied.example/2",
	    "http://dns.example/",     "http://host.example/",
	    "http://192.0.2.77/",      "http://no.such.example/"};
	for (size_t i = 0; i < COUNT(targets); i++)
		hosts_add_request(h, SLICE("GET"), slice_of(targets[i]), none,
				  &proxy, false);
	hosts_add_request(h, SLICE("CONNECT"), SLICE("tunnel.example:443"),
			  SLICE("tunnel.example:443"), &proxy, false);
	hosts_add_request(h, SLICE("GET"), SLICE("/"), SLICE("in.example"),
			  &proxy, true);
	name(h, NAME_ADDRESS, "dns.example", "192.0.2.5");
	name(h, NAME_MISSING, "no.such.example", "");
	ask(h, "Host.example", "192.0.2.6");
	return h;
}

/* P11, P37: a proxy's address is a name's only if nothing tells another. */
static void p37_asked_of_a_proxy(void **state)
{
	(void)state;
	struct hosts *h = proxied_hosts();
	hosts_finish(h);
	assert_int_equal(hosts_without_address(h), 3);
	assert_text(hosts_without_address_line(h, 1),
		    "host \"proxied.example\": its address was not recorded, "
		    "it leads to the proxy 10.9.9.9");
	assert_int_equal(hosts_left_out(h), 1);
	hosts_free(h);
	expect(proxied_hosts(), NULL,
	       HOST("192-0-2-77.ip.test", "192.0.2.77")
		   HOST("dns.example", "192.0.2.5")
		       HOST("host.example", "192.0.2.6")
			   HOST("in.example", "10.9.9.9")
			       HOST("proxied.example", "10.9.9.9")
				   HOST("tunnel.example", "10.9.9.9") REST);
}

static void test_targets(void **state)
{
	(void)state;
	struct address proxy = ip("10.9.9.9");
	struct hosts *h = new_hosts();
	struct slice none = {0};
	static const struct {
		const char *method, *target;
	} requests[] = {
	    {"CONNECT", "tunnel.example:443"},
	    {"CONNECT", "[2001:db8::5]:443"},
	    {"GET", "http://absolute.example"},
	    {"GET", "HTTP://user:pw@user.example:81/?a=http://no.example/"},
	    {"GET", "ftp://ftp.example/file"},
	    {"GET", "/?u=http://no.example/"},
	    {"GET", "no.example:80"},
	    {"OPTIONS", "*"},
	    {"GET", "http:///path"},
	    {"GET", ""},
	};
	for (size_t i = 0; i < COUNT(requests); i++)
		hosts_add_request(h, slice_of(requests[i].method),
				  slice_of(requests[i].target), none, &proxy,
				  false);
	expect(h, one,
	       HOST("2001-db8-0-0-0-0-0-5.ip.test", "127.0.0.1")
		   HOST("absolute.example", "127.0.0.1")
		       HOST("ftp.example", "127.0.0.1")
			   HOST("tunnel.example", "127.0.0.1")
			       HOST("user.example", "127.0.0.1") REST);
}

static void test_literals(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	ask(h, "192.0.2.7", "192.0.2.7");
	ask(h, "192.0.2.7:81", "192.0.2.7");
	ask(h, "0xC0000207", "192.0.2.7");
	ask(h, "[2001:DB8::1]:80", "2001:db8::1");
	ask(h, "127.1.", "192.0.2.7");
	name(h, NAME_ADDRESS, "192.0.2.7", "192.0.2.7"); /* a strange DNS */
	expect(h, one,
	       HOST("127-0-0-1.ip.test", "127.0.0.1")
		   HOST("192-0-2-7.ip.test", "127.0.0.1")
		       HOST("2001-db8-0-0-0-0-0-1.ip.test", "127.0.0.1") REST);
}

static void test_zone(void **state)
{
	(void)state;
	struct hosts *h = hosts_new(SLICE("Steer.Example"), false);
	ask(h, "192.0.2.7", "192.0.2.7");
	expect(h, one, HOST("192-0-2-7.steer.example", "127.0.0.1") REST);
}

static void test_dns_names(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	ask(h, "www.example", "192.0.2.1");
	name(h, NAME_ADDRESS, "cdn.example", "192.0.2.1"); /* led there */
	name(h, NAME_ADDRESS, "ads.example", "192.0.2.2"); /* nobody went */
	name(h, NAME_ADDRESS, "tls.example", "192.0.2.3");
	name(h, NAME_TLS, "sni.example", "192.0.2.3");
	name(h, NAME_ADDRESS, "led.example", "192.0.2.4");
	name(h, NAME_QUIC, "quic.example", "192.0.2.4");
	name(h, NAME_MISSING, "gone.example", "");
	expect(h, one,
	       HOST("cdn.example", "127.0.0.1") HOST("led.example", "127.0.0.1")
		   HOST("quic.example", "127.0.0.1")
		       HOST("sni.example", "127.0.0.1")
			   HOST("tls.example", "127.0.0.1")
			       HOST("www.example", "127.0.0.1") REST);
}

static void test_missing(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	name(h, NAME_MISSING, "GONE.example", "");
	ask(h, "gone.example", "192.0.2.1");
	name(h, NAME_MISSING, "both.example", "");
	name(h, NAME_ADDRESS, "both.example", "192.0.2.5");
	ask(h, "both.example", "192.0.2.1");
	hosts_finish(h);
	assert_int_equal(hosts_left_out(h), 1);
	assert_text(hosts_left_out_line(h, 0),
		    "host \"gone.example\" left out: "
		    "DNS said only that it does not exist");
	expect(h, one, HOST("both.example", "127.0.0.1") REST);
}

static const struct {
	const char *host;
	size_t len; /* 0: to the NUL */
} hostile[] = {
    {"evil.example\nconf-script=/tmp/x", 0},
    {"evil.example\rconf-script=/tmp/x", 0},
    {"evil.example/conf-script=/tmp/x", 0},
    {"evil.example conf-script=/tmp/x", 0},
    {"evil.example#comment", 0},
    {"evil\0.example", 13},
    {"\0", 1},
    {"#", 0},
    {"*", 0},
    {"*.example", 0},
    {"/", 0},
    {".", 0},
    {"..", 0},
    {":80", 0},
    {" ", 0},
    {".evil.example", 0},
    {"evil..example", 0},
    {"evil.example..", 0},
    {"-dash.example", 0},
    {"dash-.example", 0},
    {"dash.-", 0},
    {"b\xc3\xbc"
     "cher.example",
     0},
    {"\xff\xfe.example", 0},
    {"user:pass@evil.example", 0},
    {"user@evil.example", 0},
    {"evil.example:http", 0},
    {"evil.example:80:80", 0},
    {"[2001:db8::8", 0},
    {"2001:db8::8", 0},
    {"[evil.example]", 0},
    {"[::1]x", 0},
    {"\"quoted\".example", 0},
    {"$(reboot).example", 0},
    {"%0aconf-script=x.example", 0},
    {"\\x0a.example", 0},
    {"1.2.3.4.5", 0},
    {"1.2.3.256", 0},
    {"evil.99999999999", 0},
    {"use-application-dns.net", 0},
    {"USE-application-dns.NET.", 0},
    {"x.use-application-dns.net:443", 0},
    {L60 "jjjj.example", 0},
    {L60 "." L60 "." L60 "." L60 "." L10, 0},
};

static void test_hostile(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	struct address a = ip("192.0.2.1");
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct slice host = slice_of(hostile[i].host);
		if (hostile[i].len)
			host.len = hostile[i].len;
		hosts_add_request(h, SLICE("CONNECT"), host, host, &a, false);
		hosts_add_name(h, &(struct name){NAME_ADDRESS, host, a});
		hosts_add_name(h, &(struct name){NAME_TLS, host, a});
	}
	hosts_finish(h);
	assert_true(hosts_left_out(h) > 30);
	for (size_t i = 0; i < hosts_left_out(h); i++) {
		struct slice line = hosts_left_out_line(h, i);
		assert_true(line.len < 512);
		for (size_t j = 0; j < line.len; j++)
			assert_true(line.data[j] >= 0x20);
	}
	/* As TLS has no ports, "evil.example:80" and the like are names there,
	 * and not valid ones; what is left is what stands before a port. */
	expect(h, one, REST);
}

/* Each of them alone, so that none hides behind another. */
static void test_each_hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct hosts *h = new_hosts();
		struct address a = ip("192.0.2.1");
		struct slice host = slice_of(hostile[i].host);
		if (hostile[i].len)
			host.len = hostile[i].len;
		hosts_add_name(h, &(struct name){NAME_TLS, host, a});
		hosts_finish(h);
		assert_int_equal(hosts_left_out(h), 1);
		hosts_free(h);
	}
}

static void test_limits(void **state)
{
	(void)state;
#define LONG L60 "." L60 "." L60 "." L60 "." L10 "a" /* 255 */
	static const char longest[] = LONG;
	struct hosts *h = new_hosts();
	ask(h, longest + 2, "192.0.2.1"); /* 253 */
	ask(h, longest + 1, "192.0.2.1"); /* 254 */
	ask(h, L60 "abc.example", "192.0.2.1");
	char *lines = lines_of(h, one);
	assert_non_null(strstr(lines, longest + 2));
	assert_null(strstr(lines, longest + 1));
	assert_non_null(strstr(lines, L60 "abc.example"));
	for (char *line = lines; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") < 1000);
	free(lines);
}

static void test_many_addresses(void **state)
{
	(void)state;
	struct hosts *h = new_hosts();
	char text[32];
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof text, "10.0.%d.%d", i / 250, i % 250);
		name(h, NAME_ADDRESS, "fast.flux.example", text);
	}
	ask(h, "fast.flux.example", "10.0.0.0");
	char *lines = lines_of(h, NULL);
	size_t count = 0;
	for (char *line = lines; *line; line += strcspn(line, "\n") + 1)
		count++;
	assert_int_equal(count, 5000 + 3);
	free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sorted),
	    cmocka_unit_test(test_two_addresses),
	    cmocka_unit_test(test_recorded),
	    cmocka_unit_test(p37_resolved),
	    cmocka_unit_test(p37_asked_of_a_proxy),
	    cmocka_unit_test(test_targets),
	    cmocka_unit_test(test_literals),
	    cmocka_unit_test(test_zone),
	    cmocka_unit_test(test_dns_names),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_each_hostile),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_many_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
