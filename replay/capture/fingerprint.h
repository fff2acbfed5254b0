/* What a TLS client's first message tells of the client: JA3 and JA4, the
 * fingerprints that this field exchanges. */
#ifndef CAPTURE_FINGERPRINT_H
#define CAPTURE_FINGERPRINT_H

#include "bytes.h"

#define JA3_LEN 32 /* MD5 in hexadecimal digits */
#define JA4_LEN 36
#define ALPN_MAX 32 /* the longest registered name has 18 bytes */

struct fingerprint {
	char ja3[JA3_LEN + 1]; /* empty where OpenSSL refuses MD5 */
	char ja4[JA4_LEN + 1];
	uint16_t version; /* the highest that it offers: 0x0303 is TLS 1.2 */
	uint8_t alpn_len; /* 0: it offers no protocol */
	uint8_t alpn[ALPN_MAX]; /* the first that it offers, any bytes; cut
				   where it is longer */
};

/* Reads the first bytes of a client's TCP stream. False if they are no whole
 * ClientHello (RFC 8446 4.1.2). */
bool fingerprint_read(struct slice stream, struct fingerprint *f);

/* The same of the message itself, as it comes over QUIC. */
bool fingerprint_quic(struct slice message, struct fingerprint *f);

#endif
