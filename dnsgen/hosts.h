/* Who was asked in a recording: requests, TLS hellos and DNS answers become
 * hosts, each a valid DNS name with its addresses. */
#ifndef DNSGEN_HOSTS_H
#define DNSGEN_HOSTS_H

#include "capture/names.h"

struct hosts;

/* IP literals become steering names in that zone; it must outlive the hosts.
 * resolved: names that DNS gave an address are hosts too if nothing was
 * recorded there, since they existed (P37). */
struct hosts *hosts_new(struct slice zone, bool resolved);
void hosts_free(struct hosts *h);

/* A recorded request and the server it went to. The hosts of its Host field
 * (data NULL: none) and of an absolute or CONNECT target are taken. With such a
 * target, or in_tunnel, server is a proxy: its address is theirs only if
 * nothing tells another. */
void hosts_add_request(struct hosts *h, struct slice method,
		       struct slice target, struct slice host,
		       const struct address *server, bool in_tunnel);
/* What a recording says of names: see names.h. */
void hosts_add_name(struct hosts *h, const struct name *name);

/* After the last hosts_add_*: puts the hosts in order. A name that DNS alone
 * knows is one if it led to a server of the recording, or see hosts_new. A name
 * that DNS only ever said not to exist is none. */
void hosts_finish(struct hosts *h);

/* Then, the hosts in order: *at begins with 0 and is moved on. name is in
 * lower case without a dot at the end; the addresses are those that DNS gave
 * it and those of the servers that were asked for it, sorted, each once, and
 * belong to h until the next call. False after the last host. */
struct host {
	struct slice name;
	const struct address *addresses;
	size_t count;
};
bool hosts_next(struct hosts *h, size_t *at, struct host *host);

/* What was recorded as a host and is none of them, and why: one line of
 * printable text each, sorted. Valid after hosts_finish. */
size_t hosts_left_out(const struct hosts *h);
struct slice hosts_left_out_line(const struct hosts *h, size_t i);

/* The same of hosts whose address was not recorded, and what they got. */
size_t hosts_without_address(const struct hosts *h);
struct slice hosts_without_address_line(const struct hosts *h, size_t i);

#endif
