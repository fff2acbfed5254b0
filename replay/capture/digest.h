/* Digests: SHA-256 of bytes that come in pieces, several kinds of bytes that
 * are all there; and base64, in which they are written. */
#ifndef CAPTURE_DIGEST_H
#define CAPTURE_DIGEST_H

#include "bytes.h"

/* First of all, in a program that uses OpenSSL: without memory it ends the
 * program as bytes.h does. Some of its functions go on with what they did not
 * get. */
void digest_memory(void);

#define DIGEST_LEN 32

/* {0} before the first digest_start. One struct serves any number of
 * messages, one after the other. */
struct digest {
	void *state; /* OpenSSL's */
};

void digest_start(struct digest *d); /* drops what was unfinished */
void digest_add(struct digest *d, struct slice bytes);
void digest_finish(struct digest *d, uint8_t out[DIGEST_LEN]);
void digest_release(struct digest *d); /* and leaves {0} */

enum digest_kind {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA384,
	DIGEST_SHA512,
};
#define DIGEST_MAX 64

/* Returns how many bytes the digest has; 0 if OpenSSL is set up to refuse that
 * kind, as it may MD5. */
size_t digest_of(enum digest_kind kind, struct slice bytes,
		 uint8_t out[DIGEST_MAX]);

/* Appends bytes in base64 (RFC 4648 4), padded. */
void base64_add(struct buf *out, struct slice bytes);
/* Appends what text stands for: base64 or base64url (RFC 4648 5), padded or
 * not. False, with nothing appended, if it is neither. */
bool base64_read(struct slice text, struct buf *out);

#endif
