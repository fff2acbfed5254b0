/* TLS handshake messages made byte by byte. */
#ifndef TESTS_UNIT_HELLOS_H
#define TESTS_UNIT_HELLOS_H

#include "capture/bytes.h"

static inline void put16(struct buf *b, unsigned value)
{
	buf_add_byte(b, (uint8_t)(value >> 8));
	buf_add_byte(b, (uint8_t)value);
}

/* In records of no more than size bytes each. */
static inline void put_records(struct buf *b, struct slice handshake,
			       size_t size)
{
	while (handshake.len) {
		struct slice part = slice_to(handshake, size);
		buf_add(b, SLICE("\x16\x03\x01"));
		put16(b, (unsigned)part.len);
		buf_add(b, part);
		handshake = slice_from(handshake, size);
	}
}

#endif
