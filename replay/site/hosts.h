/* Names of hosts, numbered. */
#ifndef SITE_HOSTS_H
#define SITE_HOSTS_H

#include "capture/address.h"

#define HOSTS_NONE UINT32_MAX

struct host {
	struct slice name; /* as it was first written */
	uint32_t first;    /* the caller's: its first exchange */
	uint32_t chain;
	uint32_t hash;
	bool owned; /* name is ours to free */
};

struct hosts {
	struct host *list;
	uint32_t *buckets;
	uint32_t count, size; /* size: of list and buckets, a power of two */
	uint64_t seed;
};

/* A seed that nobody outside can know. */
uint64_t hosts_seed(void);
void hosts_init(struct hosts *h, uint64_t seed);
void hosts_release(struct hosts *h);

/* Without case. HOSTS_NONE if it is not there. */
uint32_t hosts_find(const struct hosts *h, struct slice name);
/* The number of the name, new or known. It is borrowed, or copied on asking. */
uint32_t hosts_add(struct hosts *h, struct slice name, bool copy);

/* The same of an address, which is a name too. */
uint32_t hosts_find_address(const struct hosts *h, const struct address *a);
uint32_t hosts_add_address(struct hosts *h, const struct address *a);

#endif
