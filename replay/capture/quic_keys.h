/* The protection of QUIC's Initial packets: RFC 9001 5, with the salts of RFC
 * 9369 and of the drafts that were in use. Its keys are made of what stands in
 * the packets themselves, so that anybody can open them. */
#ifndef CAPTURE_QUIC_KEYS_H
#define CAPTURE_QUIC_KEYS_H

#include "bytes.h"

#define QUIC_V1 0x00000001U
#define QUIC_V2 0x6b3343cfU /* RFC 9369 3.1 */

#define QUIC_KEY_LEN 16
#define QUIC_IV_LEN 12
#define QUIC_SAMPLE_LEN 16 /* RFC 9001 5.4.2 */
#define QUIC_TAG_LEN 16

struct quic_keys {
	uint8_t key[QUIC_KEY_LEN], iv[QUIC_IV_LEN], header[QUIC_KEY_LEN];
};

/* Whether Initial packets of that version can be opened here. */
bool quic_version_known(uint32_t version);

/* What a client of that version protects its Initial packets with if id is the
 * Destination Connection ID of its first one, or of the first one after a Retry
 * (RFC 9001 5.2). False if the version is not known, or if OpenSSL refuses, as
 * below. */
bool quic_client_keys(uint32_t version, struct slice id, struct quic_keys *out);

/* The mask of a packet's header: its first byte, then its number (5.4.3). */
bool quic_mask(const struct quic_keys *keys,
	       const uint8_t sample[QUIC_SAMPLE_LEN], uint8_t mask[5]);

/* Opens what stands behind the head, its tag at the end; out has room for
 * sealed.len bytes, sealed.len - QUIC_TAG_LEN of which are the frames. False if
 * the tag does not verify: nothing in out is to be used then. */
bool quic_open(const struct quic_keys *keys, uint64_t number, struct slice head,
	       struct slice sealed, uint8_t *out);

#endif
