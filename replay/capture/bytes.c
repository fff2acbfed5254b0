/* Byte strings, and memory that cannot fail. */
#include "bytes.h"

#include "log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool slice_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.data[i]) != byte_lower(b.data[i]))
			return false;
	return true;
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       slice_equal_nocase(slice_to(s, prefix.len), prefix);
}

int slice_compare(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.data, b.data, n) : 0;
	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_number(struct slice s, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;
	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t digit = (uint8_t)(s.data[i] - '0');
		if (digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9fb21c651e98df25U; /* odd, bits well spread */
	return h ^ (h >> 28);
}

uint64_t slice_hash(struct slice s, uint64_t seed)
{
	uint64_t h = seed ^ (s.len * 0x9e3779b97f4a7c15U);
	size_t i = 0;
	for (; i + 8 <= s.len; i += 8) {
		uint64_t word;
		memcpy(&word, s.data + i, 8);
		h = mix(h ^ word);
	}
	uint64_t rest = 0;
	if (i < s.len)
		memcpy(&rest, s.data + i, s.len - i);
	return mix(mix(h ^ rest));
}

uint8_t *buf_reserve(struct buf *b, size_t more)
{
	if (!b->data || more > b->cap - b->len) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap - b->len < more) {
			if (cap > SIZE_MAX / 2)
				log_fatal("out of memory");
			cap *= 2;
		}
		b->data = xreallocarray(b->data, cap, 1);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, struct slice s)
{
	if (!s.len)
		return;
	memcpy(buf_reserve(b, s.len), s.data, s.len);
	b->len += s.len;
}

void buf_add_byte(struct buf *b, uint8_t c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_add_lower(struct buf *b, struct slice s)
{
	uint8_t *to = buf_reserve(b, s.len);
	for (size_t i = 0; i < s.len; i++)
		to[i] = byte_lower(s.data[i]);
	b->len += s.len;
}

void buf_add_string(struct buf *b, const char *s)
{
	buf_add(b, slice_of(s));
}

void buf_add_number(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof digits;
	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	buf_add(b, (struct slice){(const uint8_t *)digits + at,
				  sizeof digits - at});
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	size_t room = 80;
	for (;;) {
		char *at = (char *)buf_reserve(b, room);
		va_start(args, fmt);
		int len = vsnprintf(at, room, fmt, args);
		va_end(args);
		if (len < 0)
			log_fatal("cannot format \"%s\"", fmt);
		if ((size_t)len < room) {
			b->len += (size_t)len;
			return;
		}
		room = (size_t)len + 1;
	}
}

/* How many bytes at the start of s need not be escaped. */
static size_t plain_len(struct slice s)
{
	size_t len = 0;
	while (len < s.len && s.data[len] >= 0x20 && s.data[len] <= 0x7e)
		len++;
	return len;
}

void buf_add_escaped(struct buf *b, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (;;) {
		size_t plain = plain_len(s);
		buf_add(b, slice_to(s, plain));
		if (plain == s.len)
			return;
		uint8_t c = s.data[plain], *at = buf_reserve(b, 4);
		at[0] = '\\';
		at[1] = 'x';
		at[2] = (uint8_t)hex[c >> 4];
		at[3] = (uint8_t)hex[c & 15];
		b->len += 4;
		s = slice_from(s, plain + 1);
	}
}

void buf_add_hex(struct buf *b, struct slice s)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t *to = buf_reserve(b, 2 * s.len);
	for (size_t i = 0; i < s.len; i++) {
		*to++ = (uint8_t)hex[s.data[i] >> 4];
		*to++ = (uint8_t)hex[s.data[i] & 15];
	}
	b->len += 2 * s.len;
}

struct slice buf_slice(const struct buf *b)
{
	return (struct slice){b->data, b->len};
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

struct reader reader_of(struct slice s)
{
	return (struct reader){s.data, s.len ? s.data + s.len : s.data, false};
}

size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The place of n bytes, stepped over; NULL and short_read if they are not
 * there. */
static const uint8_t *step(struct reader *r, size_t n)
{
	if (r->short_read || n > reader_left(r)) {
		r->short_read = true;
		return NULL;
	}
	const uint8_t *at = r->at;
	if (n)
		r->at += n;
	return at;
}

static uint64_t big_endian(struct reader *r, size_t n)
{
	const uint8_t *at = step(r, n);
	uint64_t value = 0;
	for (size_t i = 0; at && i < n; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)big_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)big_endian(r, 4);
}

void reader_skip(struct reader *r, size_t n)
{
	step(r, n);
}

struct slice reader_take(struct reader *r, size_t n)
{
	const uint8_t *at = step(r, n);
	return (struct slice){at, at ? n : 0};
}

struct slice reader_rest(const struct reader *r)
{
	return (struct slice){r->at, r->short_read ? 0 : reader_left(r)};
}

static void *checked(void *p)
{
	if (!p)
		log_fatal("out of memory");
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xreallocarray(void *p, size_t count, size_t size)
{
	if (!count || !size)
		count = size = 1;
	return checked(reallocarray(p, count, size));
}

#define LARGE_PAGE ((size_t)2 << 20)

/* From page to page outside of it: that is all of what the allocator mapped for
 * it, which in parts of two kinds could not be moved as a whole any more. */
void *expect_full(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)p & ~(page - 1);
	uintptr_t to = ((uintptr_t)p + size + page - 1) & ~(page - 1);
	/* a system without them says no, and nothing is lost */
	if (size >= 2 * LARGE_PAGE)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
	return p;
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}
