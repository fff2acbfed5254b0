/* URL references made absolute (RFC 3986 5.2, read as browsers do: WHATWG URL
 * 4.4), http and https alone, so that links can be held against recorded URLs.
 * Pure. */
#ifndef REPORT_RESOLVE_H
#define REPORT_RESOLVE_H

#include "capture/bytes.h"

/* Longer references, and URLs that would be longer, are none. */
#define RESOLVE_MAX ((size_t)8192)

/* Appends the URL that reference means on a page at base: scheme and host in
 * lower case, an address in its usual form, no user information, no default
 * port, no dot segments, no fragment; what may not stand in a URL percent
 * encoded. base is a URL written by this function, or empty: then only
 * absolute references are any. reference is as it stands once references and
 * escapes of the text round it are undone. False, with nothing appended, for
 * another scheme, a host that is none, one in other letters than ASCII. */
bool resolve(struct slice base, struct slice reference, struct buf *out);

/* Appends such a URL with its percent encoding in normal form (RFC 3986 6.2.2):
 * two that differ only in that become equal. */
void resolve_normal(struct slice url, struct buf *out);

#endif
