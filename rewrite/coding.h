/* Content codings (RFC 9110 8.4) taken off and put on: gzip, deflate, br, zstd,
 * and any row of them. */
#ifndef REWRITE_CODING_H
#define REWRITE_CODING_H

#include "capture/bytes.h"

enum coding_result {
	CODING_OK,
	CODING_TRAILING, /* whole, but bytes that belong to no member follow:
			    browsers ignore them */
	CODING_CUT,      /* the input ends before the coding does */
	CODING_BROKEN,   /* not in that coding, damaged, or a wrong check sum */
	CODING_TOO_LARGE, /* past max, or a bomb */
	CODING_UNKNOWN,   /* a coding that nobody knows here, or too many */
};

/* "is cut" and the like; NULL of the two that are whole. */
const char *coding_trouble(enum coding_result result);

/* More output than this, and more than CODING_RATIO_MAX times the input, is a
 * bomb, at whatever stage of a row of codings. */
#define CODING_FREE_LEN ((size_t)1 << 20)
#define CODING_RATIO_MAX 1000

/* Decodes a body in pieces. content_encoding is the value of the field, of
 * several fields the values joined by commas (RFC 9110 5.3); empty or
 * "identity" changes nothing. Without CODING_UNKNOWN *c is set, to be freed by
 * coding_free. max bounds the output. */
struct coding;
enum coding_result coding_open(struct coding **c, struct slice content_encoding,
			       size_t max);

/* Appends what in decodes to. CODING_OK: so far. After any other result but
 * CODING_TRAILING more input changes nothing. */
enum coding_result coding_feed(struct coding *c, struct slice in,
			       struct buf *out);

/* After the last piece: whether the body was whole. */
enum coding_result coding_finish(const struct coding *c);

void coding_free(struct coding *c);

/* All of it at once; appends to out. Only after CODING_OK and CODING_TRAILING
 * out has the whole body; otherwise it has what came before the trouble. */
enum coding_result coding_decode(struct slice content_encoding,
				 struct slice body, size_t max,
				 struct buf *out);

/* Appends body in that coding. deflate is written in the zlib format. False,
 * with nothing appended, if a coding is not known. */
bool coding_encode(struct slice content_encoding, struct slice body,
		   struct buf *out);

/* Whether a client with that Accept-Encoding value (data NULL: it sent none,
 * and takes anything) accepts every coding named in content_encoding
 * (RFC 9110 12.5.3). */
bool coding_accepted(struct slice accept_encoding,
		     struct slice content_encoding);

#endif
