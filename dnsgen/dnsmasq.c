/* Hosts as lines of dnsmasq's configuration.
 *
 * Measured with dnsmasq 2.90. Three lines are needed for a host h:
 *   address=/h/ADDR  answers A (or AAAA), but the other types with REFUSED;
 *   local=/h/        turns REFUSED into NOERROR without data;
 *   local=/ *.h/     (without the space) makes names below h NXDOMAIN, which
 *                    address=/h/ would answer too.
 * host-record= is exact by itself, yet it answers reverse look-ups and makes
 * every name between h and the root exist. Lines stay far below the 1024
 * bytes that dnsmasq reads: one address a line, a name has 253 at most. */
#include "dnsmasq.h"

static const char head[] =
    "# Made by dnsgen: the hosts of a recording, for dnsmasq's conf-file.\n";

static const char tail[] =
    "# Whatever was not recorded does not exist, and nobody is asked.\n"
    "local=/#/\n";

static void write_host(FILE *out, struct slice name,
		       const struct address *addresses, size_t count)
{
	struct buf lines = {0};
	for (size_t i = 0; i < count; i++) {
		buf_add_string(&lines, "address=/");
		buf_add(&lines, name);
		buf_add_byte(&lines, '/');
		address_print(&lines, &addresses[i]);
		buf_add_byte(&lines, '\n');
	}
	buf_add_string(&lines, "local=/");
	buf_add(&lines, name);
	buf_add_string(&lines, "/\nlocal=/*.");
	buf_add(&lines, name);
	buf_add_string(&lines, "/\n");
	fwrite(lines.data, 1, lines.len, out);
	buf_release(&lines);
}

void dnsmasq_write(FILE *out, struct hosts *hosts,
		   const struct address *addresses, size_t count)
{
	struct host host;
	size_t at = 0;
	fputs(head, out);
	while (hosts_next(hosts, &at, &host)) {
		if (count)
			write_host(out, host.name, addresses, count);
		else
			write_host(out, host.name, host.addresses, host.count);
	}
	fputs(tail, out);
}
