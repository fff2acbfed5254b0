/* Digests by which a page vouches for bytes that a rule changes: integrity=
 * (Subresource Integrity) and the hashes of Content-Security-Policy, both
 * written "sha256-BASE64" (also sha384, sha512). */
#ifndef REWRITE_INTEGRITY_H
#define REWRITE_INTEGRITY_H

#include "capture/bytes.h"

/* From the digests of bytes as recorded to those of what they became. */
struct digest_map;
struct digest_map *digest_map_new(void);
void digest_map_free(struct digest_map *m);
/* All three digests. Of the same bytes recorded twice the first call counts. */
void digest_map_add(struct digest_map *m, struct slice recorded,
		    struct slice changed);

/* Whether text holds anything of the form: the algorithm in any case, then
 * base64 or base64url of just the digest's length, padded or not. '-', digits
 * and '=' may be hidden by HTML character references or escapes of scripts. */
bool integrity_named(struct slice text);

/* Appends text with each digest that is in the map replaced, in plain base64
 * with as much padding as there was. Returns how many; if none, nothing is
 * appended. */
size_t integrity_mend(const struct digest_map *m, struct slice text,
		      struct buf *out);

/* Adds the inline scripts and styles of an HTML page that differ between the
 * two: the n-th of one became the n-th of the other. Nothing is added if their
 * numbers differ; of very many that differ only the first. */
void integrity_add_inline(struct digest_map *m, struct slice recorded,
			  struct slice changed);

#endif
