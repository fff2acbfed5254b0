/* Fuzzes what a recording says of names: whatever it is, dnsgen prints lines
 * of three kinds and comments of its own, with valid names and addresses in
 * them and no byte else.
 *
 * The input is records, each behind a byte for its kind (see below), one for
 * the server's address and the length in two. */
#include "must.h"

#include "dnsgen/dnsmasq.h"

#include "capture/hostname.h"
#include "capture/log.h"
#include "rewrite/steer.h"

#include <arpa/inet.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum kind {
	DNS,     /* a DNS message */
	TLS,     /* the first bytes of a TLS client */
	QUIC,    /* the hello of a QUIC client */
	REQUEST, /* method, target and Host field, a line each */
	KINDS,
	TUNNEL = 8, /* of a request: it came through one */
};

#define CANARY "use-application-dns.net"

static struct slice take_line(struct slice *rest)
{
	struct slice line = slice_to(*rest, slice_find(*rest, '\n'));
	*rest = slice_from(*rest, line.len + 1);
	return line;
}

/* ---- the output ---- */

/* By the letter, not by the kit's own function. */
static void check_name(struct slice name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t label = 0;
	must(name.len && name.len <= 253);
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (c == '.') {
			must(label);
			label = 0;
			continue;
		}
		must(c && strchr(letters, c) && ++label <= 63);
	}
	must(label);
	must(!slice_equal(name, SLICE(CANARY)));
	if (name.len > sizeof CANARY)
		must(!slice_equal(slice_from(name, name.len - sizeof CANARY),
				  SLICE("." CANARY)));
}

static void check_address(struct slice text)
{
	char string[INET6_ADDRSTRLEN] = {0};
	struct in6_addr any;
	must(text.len && text.len < sizeof string);
	memcpy(string, text.data, text.len);
	must(inet_pton(AF_INET, string, &any) == 1 ||
	     inet_pton(AF_INET6, string, &any) == 1);
}

static struct slice between(struct slice line, struct slice before)
{
	must(slice_starts(line, before) && line.data[line.len - 1] == '/');
	return slice_from(slice_to(line, line.len - 1), before.len);
}

/* address= lines, at least one, then two of local=, all of one name. */
static struct slice check_host(struct slice *rest, struct slice line)
{
	struct slice name = {0}, start = SLICE("address=/");
	must(slice_starts(line, start));
	while (slice_starts(line, start)) {
		struct slice both = slice_from(line, start.len), one;
		one = slice_to(both, slice_find(both, '/'));
		must(line.len < 1024 && (!name.len || slice_equal(name, one)));
		name = one;
		check_address(slice_from(both, one.len + 1));
		line = take_line(rest);
	}
	check_name(name);
	must(slice_equal(between(line, SLICE("local=/")), name));
	line = take_line(rest);
	must(slice_equal(between(line, SLICE("local=/*.")), name));
	return name;
}

static void check_output(struct slice text)
{
	struct slice last = {0}, line;
	must(text.len && text.data[text.len - 1] == '\n');
	line = take_line(&text);
	must(slice_starts(line, SLICE("# Made by dnsgen")));
	for (line = take_line(&text); !slice_starts(line, SLICE("#"));
	     line = take_line(&text)) {
		struct slice name = check_host(&text, line);
		must(slice_compare(last, name) < 0);
		last = name;
	}
	must(slice_equal(line, SLICE("# Whatever was not recorded does not "
				     "exist, and nobody is asked.")));
	must(slice_equal(text, SLICE("local=/#/\n")));
}

static void check_told(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		must(line.data[i] >= 0x20 && line.data[i] != 0x7f);
}

/* ---- the input ---- */

static void add_request(struct hosts *h, struct slice text, bool tunnel,
			const struct address *server)
{
	struct slice method = take_line(&text), target = take_line(&text);
	hosts_add_request(h, method, target, text, server, tunnel);
}

static void read_records(struct reader *r, struct names *n, struct hosts *h)
{
	while (reader_left(r) && !r->short_read) {
		uint8_t kind = reader_u8(r);
		struct endpoint server = {{4, {192, 0, 2, reader_u8(r)}}, 443};
		size_t len = reader_u16(r);
		struct slice bytes = slice_to(reader_rest(r), len);
		reader_skip(r, bytes.len);
		switch ((enum kind)(kind % KINDS)) {
		case DNS:
			names_add_dns(n, bytes);
			break;
		case TLS:
			names_add_tls(n, bytes, &server);
			break;
		case QUIC:
			names_add_quic(n, bytes, &server);
			break;
		default:
			add_request(h, bytes, kind & TUNNEL, &server.address);
		}
	}
}

static void check_hosts(struct hosts *h, const struct address *led)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	must(out != NULL);
	hosts_finish(h);
	dnsmasq_write(out, h, led, led ? 2 : 0);
	must(!fclose(out));
	check_output((struct slice){(const uint8_t *)text, len});
	free(text);
	for (size_t i = 0; i < hosts_left_out(h); i++)
		check_told(hosts_left_out_line(h, i));
	for (size_t i = 0; i < hosts_without_address(h); i++)
		check_told(hosts_without_address_line(h, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct address led[] = {{4, {127, 0, 0, 1}},
					     {6, {0xfd, 0, [15] = 1}}};
	for (int resolved = 0; resolved < 2; resolved++) {
		struct reader r = reader_of((struct slice){data, size});
		struct hosts *h = hosts_new(SLICE(STEER_ZONE), resolved);
		struct names *n = names_new();
		read_records(&r, n, h);
		for (size_t i = 0; i < names_count(n); i++)
			hosts_add_name(h, names_get(n, i));
		check_hosts(h, resolved ? NULL : led);
		names_free(n);
		hosts_free(h);
	}
	return 0;
}
