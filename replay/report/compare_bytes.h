/* Where the bytes of two answers first differ, in words. */
#ifndef REPORT_COMPARE_BYTES_H
#define REPORT_COMPARE_BYTES_H

#include "capture/bytes.h"

/* An answer as it is sent: interim responses, head and body, raw. */
struct wire {
	/* The next bytes; data NULL: so many are missing. False at the end. */
	bool (*next)(void *context, struct slice *bytes);
	void (*rewind)(void *context); /* to the first byte */
	void *context;
};

struct wire_terms {
	struct slice method; /* of the request */
	const char *wanted;  /* what the other side is called: "recorded" */
	/* The client waited for an interim response (RFC 9110 10.1.1): that
	 * there is another one is no difference. */
	bool any_interim;
};

/* Whether asked says other bytes than wanted. Where they first differ, one
 * place, is appended to where: hostile bytes are in it, but no more than
 * some. Status and fields are told by their names, bytes of a body without the
 * framing that its head announces, from 0. */
bool wires_differ(const struct wire *asked, const struct wire *wanted,
		  const struct wire_terms *terms, struct buf *where);

#endif
