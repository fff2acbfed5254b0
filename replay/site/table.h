/* Exchanges found by what was asked for; the hosts. Built once from a
 * recording and the target rules, then read-only, for several threads. */
#ifndef SITE_TABLE_H
#define SITE_TABLE_H

#include "entries.h"

#include "capture/recording.h"

#include "rewrite/rules.h"

#define TABLE_NONE ENTRY_NONE

struct table;

/* Borrows the recording. rules may be NULL; they are not kept. It is held
 * once. */
struct table *table_new(const struct recording *recording,
			const struct rules *rules);
struct table *table_hold(struct table *t); /* once more; on any thread */
void table_free(struct table *t);          /* when nobody holds it any more */

size_t table_count(const struct table *t);
const struct entry *table_entry(const struct table *t, uint32_t i);
const struct exchange *table_exchange(const struct table *t, uint32_t i);
struct url table_url(const struct table *t, uint32_t i); /* as recorded */
/* Its target under the target rules. */
struct slice table_target(const struct table *t, uint32_t i);
/* Whether there are target rules. */
bool table_ruled(const struct table *t);

/* Hosts are compared without case. TABLE_NONE: nothing was recorded of it. */
uint32_t table_host(const struct table *t, struct slice host);
size_t table_hosts(const struct table *t);
/* Its first exchange. */
uint32_t table_host_first(const struct table *t, uint32_t host);

/* The hosts for which a server address answered, in recorded order: the first
 * of them, TABLE_NONE if there are none. What went through a proxy does not
 * count: the address is the proxy's. The others follow by table_next_at. */
uint32_t table_at(const struct table *t, const struct address *server);
uint32_t table_next_at(const struct table *t, uint32_t at);
uint32_t table_host_at(const struct table *t, uint32_t at);

/* The first exchange of a key as recorded; the others follow by entry.next.
 * TABLE_NONE if there is none. */
uint32_t table_find(const struct table *t, const struct key *key);
/* The same where the targets are those under the rules, the key's too; only if
 * there are such rules. The others follow by table_next_ruled. */
uint32_t table_find_ruled(const struct table *t, const struct key *key);
uint32_t table_next_ruled(const struct table *t, uint32_t i);
/* The first of a method, host and path, this under the rules; the others
 * follow by near_next. */
uint32_t table_near(const struct table *t, struct slice method, uint32_t host,
		    struct slice path);

/* SHA-256 of a recorded request's body, NULL if it had none. */
const uint8_t *table_body(const struct table *t, uint32_t i);

/* Whether any of its URLs is https. */
bool table_https(const struct table *t);

/* Sets those of all URLs and servers recorded. */
void table_ports(const struct table *t, bool ports[UINT16_MAX + 1]);

#endif
