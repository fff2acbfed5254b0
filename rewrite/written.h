/* Text as it stands in a page, with whatever hides it: HTML character
 * references, escapes of JSON, scripts and style sheets, percent encoding. */
#ifndef REWRITE_WRITTEN_H
#define REWRITE_WRITTEN_H

#include "capture/address.h"
#include "capture/bytes.h"

/* A character and how much of the text stands for it. */
struct written {
	uint32_t value; /* a byte, or the number of a character */
	bool byte;      /* value is a byte; from 0x80 on: of some character set,
			   most often UTF-8 */
	size_t len;     /* 0: there is none */
};

/* The character at offset at of text. It is undone in the order in which
 * browsers do: references, then escapes, then percent encoding, each once. */
struct written written_next(struct slice text, size_t at);
/* The same with character references undone alone, and with both references and
 * escapes, but no percent encoding, which belongs to a URL. */
struct written written_reference(struct slice text, size_t at);
struct written written_escape(struct slice text, size_t at);
/* The character that ends at offset at. */
struct written written_before(struct slice text, size_t at);

/* Appends what a browser would make of written, at most one layer of each way
 * of hiding; what hides nothing is kept. */
void written_read(struct slice written, struct buf *out);

/* Appends a character: a byte as it is, others as UTF-8. */
void written_add(struct buf *out, struct written c);

/* How much of text from offset at on may be one host, right or wrong: all that
 * can stand in one, or something in brackets. Without port; 0: none. breaks:
 * also over references to tabs and line breaks ("&#10;"), which browsers drop
 * from URLs, but which may end the host of a text as well. */
size_t written_host(struct slice text, size_t at, bool breaks);

/* The address that a host written in a page stands for; without port. A dot
 * at its end is accepted. */
bool written_address(struct slice written, struct address *a);

/* Whether a host may begin at offset at of text: what stands before, hidden or
 * not, is no part of one. */
bool written_boundary(struct slice text, size_t at);

#endif
