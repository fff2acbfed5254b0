/* Steering names in what a client asks, put back to the addresses for which
 * they stand. */
#include "steered.h"

#include "rewrite/steer.h"

#include <string.h>

#define LABEL_MAX 39 /* eight groups of four digits, and dashes */

bool steered_maybe(struct slice text, struct slice zone)
{
	return text.len && memmem(text.data, text.len, zone.data, zone.len);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool is_in_name(uint8_t c)
{
	return is_digit(c) || c == '-' || c == '_' || c == '.' ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Whether a percent-encoded byte ends at an offset. */
static bool is_behind_percent(struct slice text, size_t at)
{
	return at >= 3 && text.data[at - 3] == '%' &&
	       is_hex(text.data[at - 2]) && is_hex(text.data[at - 1]);
}

/* Where the label that ends at an offset begins. */
static size_t label_begin(struct slice text, size_t end)
{
	size_t at = end;
	while (at > 0 && end - at < LABEL_MAX && !is_behind_percent(text, at) &&
	       (is_hex(text.data[at - 1]) || text.data[at - 1] == '-'))
		at--;
	return at;
}

/* Whether a host may begin and end there. */
static bool is_whole(struct slice text, size_t begin, size_t end)
{
	if (begin > 0 && !is_behind_percent(text, begin) &&
	    is_in_name(text.data[begin - 1]))
		return false;
	if (end < text.len && text.data[end] == '.')
		end++; /* the root's dot, or that of a sentence */
	return end == text.len || !is_in_name(text.data[end]);
}

static void add_address(struct buf *out, const struct address *a, bool encoded)
{
	struct buf plain = {0};
	address_print(&plain, a);
	if (a->version == 6)
		buf_add_string(out, encoded ? "%5B" : "[");
	for (size_t i = 0; i < plain.len; i++)
		if (plain.data[i] == ':' && encoded)
			buf_add_string(out, "%3A");
		else
			buf_add_byte(out, plain.data[i]);
	if (a->version == 6)
		buf_add_string(out, encoded ? "%5D" : "]");
	buf_release(&plain);
}

bool steered_back(struct slice text, struct slice zone, struct buf *out)
{
	size_t copied = 0, from = 0;
	const uint8_t *at;
	while (from < text.len &&
	       (at = memmem(text.data + from, text.len - from, zone.data,
			    zone.len))) {
		size_t dot = (size_t)(at - text.data) - 1;
		from = dot + 1 + zone.len;
		if (at == text.data || text.data[dot] != '.')
			continue;
		size_t begin = label_begin(text, dot);
		struct slice name = slice_from(slice_to(text, from), begin);
		struct address a;
		if (begin < copied || !is_whole(text, begin, from) ||
		    !steer_address(name, zone, &a))
			continue;
		buf_add(out, slice_from(slice_to(text, begin), copied));
		add_address(out, &a, is_behind_percent(text, begin));
		copied = from;
	}
	if (copied)
		buf_add(out, slice_from(text, copied));
	return copied;
}
