/* What a table keeps of each exchange beside it, and what exchanges share:
 * hosts, servers, digests of bodies. Several threads describe a recording; what
 * comes out is as if one had. */
#ifndef SITE_ENTRIES_H
#define SITE_ENTRIES_H

#include "hosts.h"
#include "residents.h"

#include "capture/digest.h"
#include "capture/exchange.h"

#define ENTRY_NONE UINT32_MAX

/* 400,000 of these are kept at once. */
struct entry {
	uint32_t hash;       /* of its key */
	uint32_t near_hash;  /* of its method, host and path under the rules */
	uint32_t chain;      /* first exchange of the next key in the bucket */
	uint32_t next;       /* of the same key, in recorded order */
	uint32_t near_chain; /* as chain, for near matches */
	uint32_t near_next;  /* of the same method, host and such a path */
	uint32_t host;
	uint32_t body; /* which digest: of the request's body; ENTRY_NONE: it
			  had none */
	uint16_t port;
	uint16_t status : 10;
	bool https : 1;
	bool hostless : 1; /* it named no host: host is the server's address */
	bool complete : 1; /* and fit for whoever asks: no 304 */
	bool not_modified : 1; /* 304 to a condition */
};

/* Scheme and port are not part of it: the chain of a key holds those of all,
 * told apart by their entries, so that another scheme or port of the same
 * thing is found as fast as the thing itself. */
struct key {
	struct slice method; /* with its case */
	uint32_t host;
	struct slice target;
	struct slice range;  /* Range field, data NULL if none */
	const uint8_t *body; /* DIGEST_LEN bytes, NULL if there is no body */
};

struct entries {
	const struct exchange *exchanges; /* borrowed */
	struct entry *list;               /* one for each of them */
	uint32_t count;
	uint64_t seed; /* captures are hostile: they could collide */
	struct hosts hosts;
	struct residents residents;
	uint8_t (*bodies)[DIGEST_LEN];
	uint32_t body_count, body_room;
};

/* All but the links, which are the table's, and 0. targets: those under the
 * rules, one for each exchange, those with data NULL as recorded; NULL: there
 * are no rules. They are not kept. */
void entries_describe(struct entries *e, const struct exchange *exchanges,
		      uint32_t count, const struct slice *targets);
void entries_release(struct entries *e);

/* SHA-256 of a recorded request's body, NULL if it had none. */
const uint8_t *entries_body(const struct entries *e, uint32_t i);
/* The Range field of a recorded request. */
struct slice entries_range(const struct entries *e, uint32_t i);
/* With that target, which may be another than was recorded. */
struct key entries_key(const struct entries *e, uint32_t i,
		       struct slice target);

uint32_t key_hash(const struct entries *e, const struct key *key);
uint32_t near_hash(const struct entries *e, struct slice method, uint32_t host,
		   struct slice path);

#endif
