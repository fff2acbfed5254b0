/* IP literals and the DNS names that stand for them. */
#include "steer.h"

#include "capture/hostname.h"

#include <string.h>

#define PARTS_MAX 4

bool steer_zone(const char *text, struct buf *zone)
{
	struct slice name = slice_of(text);
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	if (hostname_fault(name) || name.len > STEER_ZONE_MAX)
		return false;
	buf_clear(zone);
	buf_add_lower(zone, name);
	return true;
}

void steer_name(struct buf *out, const struct address *a, struct slice zone)
{
	const uint8_t *b = a->bytes;
	if (a->version == 4)
		buf_printf(out, "%u-%u-%u-%u", b[0], b[1], b[2], b[3]);
	for (size_t i = 0; a->version == 6 && i < 16; i += 2)
		buf_printf(out, "%s%x", i ? "-" : "", b[i] << 8 | b[i + 1]);
	buf_add_byte(out, '.');
	buf_add(out, zone);
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits of a base that fill s whole; none are 0. */
static bool read_number(struct slice s, unsigned base, uint64_t max,
			uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < s.len; i++) {
		int digit = digit_value(s.data[i]);
		if (digit < 0 || (unsigned)digit >= base)
			return false;
		*value = *value * base + (unsigned)digit;
		if (*value > max)
			return false;
	}
	return true;
}

/* The number before the next separator, which is stepped over. Canonical: no
 * leading zeros. */
static bool next_group(struct slice *label, unsigned base, uint64_t max,
		       uint64_t *value)
{
	struct slice group = slice_to(*label, slice_find(*label, '-'));
	*label = slice_from(*label, group.len + 1);
	return group.len && (group.len == 1 || group.data[0] != '0') &&
	       read_number(group, base, max, value);
}

static size_t count_byte(struct slice s, uint8_t c)
{
	size_t count = 0;
	for (size_t i = 0; i < s.len; i++)
		count += s.data[i] == c;
	return count;
}

static bool read_label(struct slice label, struct address *a)
{
	uint64_t value;
	size_t dashes = count_byte(label, '-');
	*a = (struct address){0};
	if (dashes != 3 && dashes != 7)
		return false;
	a->version = dashes == 3 ? 4 : 6;
	for (size_t i = 0; i <= dashes; i++) {
		if (a->version == 4) {
			if (!next_group(&label, 10, 0xff, &value))
				return false;
			a->bytes[i] = (uint8_t)value;
			continue;
		}
		if (!next_group(&label, 16, 0xffff, &value))
			return false;
		a->bytes[2 * i] = (uint8_t)(value >> 8);
		a->bytes[2 * i + 1] = (uint8_t)value;
	}
	return true;
}

bool steer_address(struct slice name, struct slice zone, struct address *a)
{
	size_t dot = slice_find(name, '.');
	struct slice rest = slice_from(name, dot + 1);
	if (rest.len && rest.data[rest.len - 1] == '.')
		rest.len--;
	return dot < name.len && slice_equal_nocase(rest, zone) &&
	       read_label(slice_to(name, dot), a);
}

/* One part of an IPv4 literal: "0x" alone is 0, as the standard has it. */
static bool read_part(struct slice part, uint64_t *value)
{
	if (!part.len)
		return false;
	if (slice_starts_nocase(part, SLICE("0x")))
		return read_number(slice_from(part, 2), 16, UINT32_MAX, value);
	if (part.len > 1 && part.data[0] == '0')
		return read_number(slice_from(part, 1), 8, UINT32_MAX, value);
	return read_number(part, 10, UINT32_MAX, value);
}

static bool read_ipv4(struct slice host, struct address *a)
{
	uint64_t parts[PARTS_MAX];
	size_t count = 0;
	if (host.len > 1 && host.data[host.len - 1] == '.')
		host.len--;
	for (;; count++) {
		size_t dot = slice_find(host, '.');
		if (count == PARTS_MAX ||
		    !read_part(slice_to(host, dot), &parts[count]))
			return false;
		if (dot == host.len)
			break;
		host = slice_from(host, dot + 1);
	}
	/* The last part fills all bytes that the others leave. */
	if (parts[count] >= (uint64_t)1 << (8 * (PARTS_MAX - count)))
		return false;
	uint64_t whole = parts[count];
	for (size_t i = 0; i < count; i++) {
		if (parts[i] > 0xff)
			return false;
		whole |= parts[i] << (8 * (PARTS_MAX - 1 - i));
	}
	a->version = 4;
	for (size_t i = 0; i < PARTS_MAX; i++)
		a->bytes[i] = (uint8_t)(whole >> (8 * (PARTS_MAX - 1 - i)));
	return true;
}

bool steer_literal(struct slice host, struct address *a)
{
	*a = (struct address){0};
	if (host.len > 2 && host.data[0] == '[' &&
	    host.data[host.len - 1] == ']') {
		struct slice inner = slice_from(host, 1);
		inner.len--;
		return address_parse(inner, a) && a->version == 6;
	}
	return read_ipv4(host, a);
}
