/* IP addresses and ports: their types, their written forms. */
#ifndef CAPTURE_ADDRESS_H
#define CAPTURE_ADDRESS_H

#include "bytes.h"

struct address {
	uint8_t version;   /* 4 or 6; 0: none */
	uint8_t bytes[16]; /* network order; the first four for version 4, the
			      rest zero, so that memcmp compares */
};

struct endpoint {
	struct address address;
	uint16_t port; /* host order */
};

static inline bool address_equal(const struct address *a,
				 const struct address *b)
{
	return a->version == b->version && !memcmp(a->bytes, b->bytes, 16);
}

static inline bool endpoint_equal(const struct endpoint *a,
				  const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address);
}

uint64_t endpoint_hash(const struct endpoint *e, uint64_t seed);

/* Two endpoints that talk with each other: the same in both directions. */
static inline bool ends_equal(const struct endpoint ends[2],
			      const struct endpoint *a,
			      const struct endpoint *b)
{
	return (endpoint_equal(&ends[0], a) && endpoint_equal(&ends[1], b)) ||
	       (endpoint_equal(&ends[0], b) && endpoint_equal(&ends[1], a));
}

static inline uint64_t ends_hash(const struct endpoint *a,
				 const struct endpoint *b, uint64_t seed)
{
	return endpoint_hash(a, seed) + endpoint_hash(b, seed);
}

/* "192.0.2.1", "2001:db8::1" (RFC 5952). */
void address_print(struct buf *out, const struct address *a);
/* "192.0.2.1:80", "[2001:db8::1]:80". */
void endpoint_print(struct buf *out, const struct endpoint *e);
/* The canonical written forms alone: four decimal parts, or IPv6 without
 * brackets and zone. False if text is something else. */
bool address_parse(struct slice text, struct address *a);

#endif
