/* Byte ranges (RFC 9110 14): one asked for, one recorded. */
#include "range.h"

#define MAX INT64_MAX

bool range_asked(struct slice field, uint64_t total, struct range *r)
{
	struct slice unit = SLICE("bytes=");
	if (!slice_starts_nocase(field, unit) || !total)
		return false;
	struct slice spec = slice_trim(slice_from(field, unit.len));
	size_t dash = slice_find(spec, '-');
	struct slice from = slice_to(spec, dash);
	struct slice to = slice_from(spec, dash + 1);
	if (dash == spec.len)
		return false;
	r->total = total;
	r->last = total - 1;
	if (!from.len) {
		uint64_t suffix;
		if (!slice_number(to, MAX, &suffix) || !suffix)
			return false;
		r->first = suffix < total ? total - suffix : 0;
		return true;
	}
	uint64_t last;
	if (!slice_number(from, MAX, &r->first) || r->first >= total)
		return false;
	if (!to.len)
		return true;
	if (!slice_number(to, MAX, &last) || last < r->first)
		return false;
	if (last < r->last)
		r->last = last;
	return true;
}

bool range_recorded(struct slice field, struct range *r)
{
	struct slice unit = SLICE("bytes ");
	if (!slice_starts_nocase(field, unit))
		return false;
	struct slice spec = slice_trim(slice_from(field, unit.len));
	size_t dash = slice_find(spec, '-'), slash = slice_find(spec, '/');
	if (dash >= slash || slash == spec.len)
		return false;
	struct slice last = slice_from(slice_to(spec, slash), dash + 1);
	return slice_number(slice_to(spec, dash), MAX, &r->first) &&
	       slice_number(last, MAX, &r->last) &&
	       slice_number(slice_from(spec, slash + 1), MAX, &r->total) &&
	       r->first <= r->last && r->last < r->total;
}
