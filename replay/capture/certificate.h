/* What an X.509 certificate (RFC 5280) says, for people: read as far as it can
 * be, whoever made it. */
#ifndef CAPTURE_CERTIFICATE_H
#define CAPTURE_CERTIFICATE_H

#include "bytes.h"

/* Longer texts are cut. */
#define CERTIFICATE_NAME_MAX ((size_t)4096)

/* {0} before the first certificate_read; one struct serves any number. */
struct certificate {
	/* "C=US, O=Widgets, CN=www.widgets.example", in its own order, escaped
	 * as RFC 4514 2.4 has it and control bytes too; in UTF-8 where the
	 * certificate keeps its own rules, else any bytes above 0x7f. */
	struct buf subject, issuer;
	bool has_times;                /* that are dates */
	int64_t not_before, not_after; /* seconds since the epoch */
};

/* False if the bytes are no certificate: nothing is known of it then. */
bool certificate_read(struct certificate *c, struct slice der);
void certificate_release(struct certificate *c);

#endif
