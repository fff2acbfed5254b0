/* HTTP/2 written plainly (RFC 9113): frames, and fields that no table and no
 * Huffman code shortens (RFC 7541 6.2.2). */
#ifndef CAPTURES_H2_H
#define CAPTURES_H2_H

#include "str.h"

#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_DATA 0
#define H2_HEADERS 1
#define H2_SETTINGS 4
#define H2_SETTINGS_ACK 1 /* flag */
#define H2_END_STREAM 1
#define H2_END_HEADERS 4
#define H2_PAYLOAD_MAX 16384

/* Appends. */
void h2_frame(struct str *out, uint8_t type, uint8_t flags, uint32_t stream,
	      const void *payload, size_t len);
/* Name and value are shorter than 127. */
void h2_field(struct str *block, const char *name, const char *value);
/* A request without body, as HEADERS. */
void h2_get(struct str *out, uint32_t stream, const char *scheme,
	    const char *host, const char *target);
/* An answer of that type: HEADERS, then DATA in as many frames as it takes. */
void h2_answer(struct str *out, uint32_t stream, const char *type,
	       const void *body, size_t len);

#endif
