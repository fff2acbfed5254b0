/* Byte strings, and memory that cannot fail.
 *
 * A slice borrows: it is valid as long as what it points into. A buf owns.
 * Neither is NUL-terminated unless said; both are 8-bit clean. */
#ifndef CAPTURE_BYTES_H
#define CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

struct slice {
	const uint8_t *data; /* may be NULL if len is 0 */
	size_t len;
};

/* A slice of a string literal, for tables and comparisons. */
#define SLICE(literal)                                                         \
	((struct slice){(const uint8_t *)("" literal), sizeof(literal) - 1})

/* These stand here: heads and packets are read with them by the million. */

/* Borrows, without the NUL. */
static inline struct slice slice_of(const char *string)
{
	return (struct slice){(const uint8_t *)string, strlen(string)};
}

/* Offset of the first byte c, or s.len if there is none. */
static inline size_t slice_find(struct slice s, uint8_t c)
{
	const uint8_t *at = s.len ? memchr(s.data, c, s.len) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

/* What remains from offset on (clamped to the end). */
static inline struct slice slice_from(struct slice s, size_t offset)
{
	if (offset >= s.len)
		return (struct slice){s.len ? s.data + s.len : s.data, 0};
	return (struct slice){s.data + offset, s.len - offset};
}

/* The first len bytes (clamped to the end). */
static inline struct slice slice_to(struct slice s, size_t len)
{
	return (struct slice){s.data, len < s.len ? len : s.len};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (!a.len || !memcmp(a.data, b.data, a.len));
}

static inline bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       slice_equal(slice_to(s, prefix.len), prefix);
}

/* The same where data NULL means that there is none: none equals only none. */
static inline bool slice_same(struct slice a, struct slice b)
{
	if (!a.data || !b.data)
		return a.data == b.data;
	return slice_equal(a, b);
}

/* Without the spaces and tabs at either end (OWS of RFC 9110 5.6.3). */
static inline struct slice slice_trim(struct slice s)
{
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_from(s, 1);
	while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* As ASCII, whatever the locale. */
static inline uint8_t byte_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The value of a hexadecimal digit, -1: it is none. */
static inline int byte_hex(uint8_t c)
{
	c = byte_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Compares as ASCII without case, whatever the locale. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts_nocase(struct slice s, struct slice prefix);
/* Orders by bytes, a prefix before what it begins; as memcmp does. */
int slice_compare(struct slice a, struct slice b);
/* A decimal number that fills s whole. False if it is none or above max. */
bool slice_number(struct slice s, uint64_t max, uint64_t *value);
uint64_t slice_hash(struct slice s, uint64_t seed); /* not cryptographic */

/* Growing bytes. {0} is an empty buf; release it with buf_release. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
};

void buf_add(struct buf *b, struct slice s);
void buf_add_byte(struct buf *b, uint8_t c);
void buf_add_lower(struct buf *b, struct slice s); /* ASCII */
void buf_add_string(struct buf *b, const char *s);
void buf_add_number(struct buf *b, uint64_t value); /* decimal */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Appends s for a terminal or a table: bytes below 0x20 and above 0x7E as
 * \xHH in upper case; a backslash stands for itself. */
void buf_add_escaped(struct buf *b, struct slice s);
void buf_add_hex(struct buf *b, struct slice s); /* in lower case */
/* Makes room for more bytes behind len; returns where they go. */
uint8_t *buf_reserve(struct buf *b, size_t more);
struct slice buf_slice(const struct buf *b); /* valid until b changes */
void buf_clear(struct buf *b);               /* keeps the memory */
void buf_release(struct buf *b);             /* and leaves an empty buf */

/* Bytes being consumed. Reading past the end gives zeros and sets short_read,
 * which stays set: check it once, after a run of reads. Big-endian. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool short_read;
};

struct reader reader_of(struct slice s);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
void reader_skip(struct reader *r, size_t n);
struct slice reader_take(struct reader *r, size_t n); /* empty if too short */
struct slice reader_rest(const struct reader *r);

/* Memory: these never return NULL; without memory the program says so and
 * exits with status 1. xreallocarray checks the product for overflow. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *p, size_t count, size_t size);
char *xstrdup(const char *s);

/* Begins to bring memory near that will be looked at soon. */
static inline void prefetch(const void *p, size_t len)
{
	if (!len)
		return;
	const uint8_t *byte = p;
	/* or a compiler that sees no effect drops the call */
	__asm__ volatile("" : : "r"(byte));
	for (size_t at = 0; at < len; at += 64)
		__builtin_prefetch(byte + at);
	__builtin_prefetch(byte + len - 1); /* it may begin amid a line */
}

/* Memory, new or grown, that will be filled from end to end: if it is megabytes
 * the system is asked for its large pages, since first touches of small ones
 * can cost more than what is done with them. */
void *expect_full(void *p, size_t size);

#endif
