/* dnsgen: prints a dnsmasq configuration for the hosts of a recording. */
#include "capture/confine.h"
#include "capture/digest.h"
#include "capture/display.h"
#include "capture/inputs.h"
#include "capture/log.h"
#include "capture/recording.h"
#include "dnsmasq.h"
#include "rewrite/steer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINES_SHOWN 20 /* of a kind, unless -v */

struct config {
	const char *filter;
	struct inputs inputs;
	struct display display;
	struct buf zone;
	struct address *addresses;
	size_t count;
	bool recorded;
};

static void take_ip(struct config *c, const char *value)
{
	struct address address;
	if (!strcmp(value, "recorded")) {
		c->recorded = true;
		return;
	}
	if (!address_parse(slice_of(value), &address))
		log_usage("--ip %s: neither an IP address nor \"recorded\"",
			  value);
	for (size_t i = 0; i < c->count; i++)
		if (address_equal(&c->addresses[i], &address))
			return;
	c->addresses =
	    xreallocarray(c->addresses, c->count + 1, sizeof *c->addresses);
	c->addresses[c->count++] = address;
}

static void take_zone(struct config *c, const char *value)
{
	if (!steer_zone(value, &c->zone))
		log_usage("--zone %s: not a DNS name, or too long", value);
}

static void take_option(void *context, int key, const char *value)
{
	struct config *c = context;
	if (inputs_take(&c->inputs, key, value) ||
	    display_take(&c->display, key, value))
		return;
	switch (key) {
	case 'i':
		take_ip(c, value);
		break;
	case 'f':
		c->filter = value;
		break;
	case 'z':
		take_zone(c, value);
		break;
	}
}

static const struct option_spec specs[] = {
    {'i', "ip", "ADDR",
     "lead every host to this address instead of 127.0.0.1;\n"
     "may be repeated, for IPv4 and IPv6;\n"
     "\"recorded\": to the addresses it had in the recording"},
    {'f', "filter", "EXPRESSION",
     "read only the packets that match, as in tcpdump"},
    {'z', "zone", "NAME",
     "zone of the names that stand for IP addresses (" STEER_ZONE ")"},
    INPUTS_SPECS,
    DISPLAY_SPECS("", ": every host that is left out"),
    {0},
};

static const struct options options = {
    .specs = specs,
    .synopsis = "[OPTIONS] CAPTURE...",
    .about = "Prints a dnsmasq configuration for every host recorded in the "
	     "captures.",
    .take = take_option,
};

static void collect(struct hosts *h, const struct recording *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct exchange *e = &r->exchanges[i];
		hosts_add_request(h, exchange_method(e), exchange_target(e),
				  exchange_host(e),
				  &exchange_server(e)->address, e->tunnel.data);
	}
	for (size_t i = 0; i < names_count(r->names); i++)
		hosts_add_name(h, names_get(r->names, i));
	hosts_finish(h);
}

static void tell(size_t shown, const struct hosts *h, size_t count,
		 struct slice line_of(const struct hosts *h, size_t i),
		 const char *rest)
{
	for (size_t i = 0; i < count && i < shown; i++) {
		struct slice line = line_of(h, i);
		log_warn("%.*s", (int)line.len, (const char *)line.data);
	}
	if (count > shown)
		log_warn("%zu more hosts %s (-v names them)", count - shown,
			 rest);
}

static void tell_all(const struct config *c, const struct hosts *h)
{
	size_t shown = c->display.verbose ? SIZE_MAX : LINES_SHOWN;
	tell(shown, h, hosts_left_out(h), hosts_left_out_line, "left out");
	if (c->recorded)
		tell(shown, h, hosts_without_address(h),
		     hosts_without_address_line,
		     "whose address was not recorded");
}

static void use_default_address(struct config *c)
{
	if (c->recorded && c->count)
		log_usage("--ip: either \"recorded\" or addresses");
	if (!c->recorded && !c->count)
		take_ip(c, "127.0.0.1");
}

static int run(const struct config *c, char *const paths[], size_t count)
{
	struct recording_options o = {c->filter, c->inputs.secrets,
				      c->display.progress};
	struct recording *recording = recording_read(&o, paths, count);
	if (!recording)
		return EXIT_FAILURE;
	struct hosts *hosts = hosts_new(buf_slice(&c->zone), c->recorded);
	collect(hosts, recording);
	tell_all(c, hosts);
	dnsmasq_write(stdout, hosts, c->addresses, c->count);
	if (fflush(stdout) || ferror(stdout))
		log_fatal("cannot write to standard output: %s",
			  strerror(errno));
	hosts_free(hosts);
	recording_free(recording);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct config c = {0};
	log_init("dnsgen");
	digest_memory();
	take_zone(&c, STEER_ZONE);
	int first = options_parse(&options, &c, argc, argv);
	if (first == argc)
		log_usage("no capture given");
	use_default_address(&c);
	display_begin(&c.display);
	int status = EXIT_FAILURE;
	if (!confine(CONFINE_READING, false) && !inputs_read(&c.inputs))
		status = run(&c, argv + first, (size_t)(argc - first));
	display_release(&c.display);
	inputs_release(&c.inputs);
	free(c.addresses);
	buf_release(&c.zone);
	return status;
}
