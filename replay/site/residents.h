/* Which hosts were recorded at which server address. */
#ifndef SITE_RESIDENTS_H
#define SITE_RESIDENTS_H

#include "capture/address.h"

#define RESIDENTS_NONE UINT32_MAX

/* A host at an address. */
struct resident {
	struct address address;
	uint32_t host;
	uint32_t next;     /* host at the same address, in recorded order */
	uint32_t last;     /* of the address; in its first alone */
	uint32_t chain;    /* same bucket of pairs */
	uint32_t up_chain; /* same bucket of addresses; in its first alone */
};

struct residents {
	struct resident *list;
	uint32_t *pairs;      /* buckets: an address with a host */
	uint32_t *addresses;  /* buckets: the first of an address */
	uint32_t count, size; /* size: of all three, a power of two */
	uint32_t latest;      /* that was added or found */
	uint64_t seed;
};

void residents_init(struct residents *r, uint64_t seed);
void residents_release(struct residents *r);

/* Each pair is kept once. */
void residents_add(struct residents *r, const struct address *address,
		   uint32_t host);
/* The first host at the address, as a number of list; the others follow by
 * next. RESIDENTS_NONE: there is none. */
uint32_t residents_at(const struct residents *r, const struct address *address);

#endif
