/* Text as it stands in a page, with whatever hides it: HTML character
 * references, escapes of JSON and scripts, percent encoding. */
#ifndef REWRITE_WRITTEN_H
#define REWRITE_WRITTEN_H

#include "capture/address.h"
#include "capture/bytes.h"

/* Appends what a browser would make of written, at most one layer of each way
 * of hiding; what hides nothing is kept. */
void written_read(struct slice written, struct buf *out);

/* The address that a host written in a page stands for; without port. A dot
 * at its end is accepted. */
bool written_address(struct slice written, struct address *a);

/* Whether a host may begin at offset at of text: what stands before, hidden or
 * not, is no part of one. */
bool written_boundary(struct slice text, size_t at);

#endif
