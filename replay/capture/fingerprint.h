/* What a TLS client's first message tells of the client: JA3 and JA4, the
 * fingerprints that this field exchanges. */
#ifndef CAPTURE_FINGERPRINT_H
#define CAPTURE_FINGERPRINT_H

#include "bytes.h"

#define JA3_LEN 32 /* MD5 in hexadecimal digits */
#define JA4_LEN 36

struct fingerprint {
	char ja3[JA3_LEN + 1];
	char ja4[JA4_LEN + 1];
	uint16_t version;  /* the highest that it offers: 0x0303 is TLS 1.2 */
	struct slice alpn; /* the first protocol it offers, data NULL: none;
			      points into the stream */
};

/* Reads the first bytes of a client's TCP stream. False if they are no whole
 * ClientHello (RFC 8446 4.1.2). */
bool fingerprint_read(struct slice stream, struct fingerprint *f);

#endif
