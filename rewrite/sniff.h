/* What a body is, whatever its Content-Type says. */
#ifndef REWRITE_SNIFF_H
#define REWRITE_SNIFF_H

#include "capture/bytes.h"

/* The media type that rules see, in lower case, static or borrowed from out.
 * Content-Type's (data NULL: none) without parameters, but
 *  - where there is none: what the body's first bytes show (text/html,
 *    text/xml, text/plain, application/octet-stream ...);
 *  - where a type of text is given but the body is binary (a program, archive,
 *    image, document or font by its first bytes, or full of control bytes):
 *    application/octet-stream. Payloads are sent as text/html on purpose, and
 *    their digest is evidence.
 * body: as much as there is, at least 1445 bytes of it (WHATWG MIME Sniffing
 * 7), content coding off. */
struct slice sniff_type(struct slice content_type, struct slice body,
			struct buf *out);

/* Content-Type's media type alone, in lower case; borrows from out. Empty if
 * there is none, or none that says anything. */
struct slice sniff_declared(struct slice content_type, struct buf *out);

#endif
