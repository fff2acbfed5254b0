/* SHA-256 of bytes that come in pieces. */
#ifndef CAPTURE_DIGEST_H
#define CAPTURE_DIGEST_H

#include "bytes.h"

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

#endif
