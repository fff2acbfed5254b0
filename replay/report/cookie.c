/* The parts of Cookie and Set-Cookie fields. */
#include "cookie.h"

struct slice cookie_next(struct slice *rest)
{
	size_t end = slice_find(*rest, ';');
	struct slice part = slice_trim(slice_to(*rest, end));
	*rest = slice_from(*rest, end + 1);
	return part;
}

struct slice cookie_name(struct slice part)
{
	return slice_trim(slice_to(part, slice_find(part, '=')));
}

struct slice cookie_value(struct slice part)
{
	return slice_trim(slice_from(part, slice_find(part, '=') + 1));
}
