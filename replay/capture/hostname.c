/* The written forms of a host. */
#include "hostname.h"

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.data[i]))
			return false;
	return true;
}

struct slice hostname_of(struct slice authority)
{
	size_t start = 0;
	if (authority.len && authority.data[0] == '[')
		start = slice_find(authority, ']');
	struct slice tail = slice_from(authority, start);
	size_t colon = start + slice_find(tail, ':');
	if (!all_digits(slice_from(authority, colon + 1)))
		return authority;
	return slice_to(authority, colon);
}

bool hostname_authority(struct slice target, struct slice *authority)
{
	size_t i = 0;
	while (i < target.len &&
	       (is_alpha(target.data[i]) ||
		(i && (is_digit(target.data[i]) || target.data[i] == '+' ||
		       target.data[i] == '-' || target.data[i] == '.'))))
		i++; /* scheme: RFC 3986 3.1 */
	struct slice rest = slice_from(target, i);
	if (!i || !slice_starts(rest, SLICE("://")))
		return false;
	rest = slice_from(rest, 3);
	for (i = 0; i < rest.len; i++)
		if (rest.data[i] == '/' || rest.data[i] == '?' ||
		    rest.data[i] == '#')
			break;
	*authority = slice_to(rest, i);
	while ((i = slice_find(*authority, '@')) < authority->len)
		*authority = slice_from(*authority, i + 1);
	return true;
}

static bool label_valid(struct slice label)
{
	if (!label.len || label.len > LABEL_MAX || label.data[0] == '-' ||
	    label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.data[i];
		if (!is_alpha(c) && !is_digit(c) && c != '-' && c != '_')
			return false;
	}
	return true;
}

const char *hostname_fault(struct slice name)
{
	struct slice label;
	if (!name.len || name.len > HOSTNAME_MAX)
		return "not a DNS name";
	for (;;) {
		size_t dot = slice_find(name, '.');
		label = slice_to(name, dot);
		if (!label_valid(label))
			return "not a DNS name";
		if (dot == name.len)
			break;
		name = slice_from(name, dot + 1);
		if (!name.len)
			return "not a DNS name";
	}
	/* RFC 1123 2.1; browsers take such a host for a broken address and
	 * never ask DNS (WHATWG URL, "ends in a number checker"). */
	return all_digits(label) ? "its last part is a number, yet it is no "
				   "address"
				 : NULL;
}
