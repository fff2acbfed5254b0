/* HTTP messages as servers and browsers of the time wrote them. */
#ifndef CAPTURES_SITE_H
#define CAPTURES_SITE_H

#include "str.h"

enum coding { PLAIN, GZIP, DEFLATE, BROTLI, ZSTD };
enum framing { LENGTH, CHUNKED, UNTIL_CLOSE, NO_BODY };

/* A request. What is NULL or zero gets a believable value. */
struct ask {
	const char *method; /* GET */
	const char *host;
	const char *target;
	const char *agent;  /* User-Agent */
	const char *fields; /* more field lines, each with its CR LF */
	const void *body;
	size_t body_len; /* Content-Length is written if body is not NULL */
};

struct answer {
	int status; /* 0: 200 */
	const char *type;
	const char *fields;
	const void *body; /* before the content coding */
	size_t body_len;
	enum coding coding;
	enum framing framing;
	size_t chunk; /* bytes a chunk, 0: 4096 */
};

void ask_write(struct str *wire, const struct ask *a);
/* payload: the body as content coded, the transfer coding off. */
void answer_write(struct str *wire, struct str *payload,
		  const struct answer *a);

void chunks_write(struct str *wire, const void *data, size_t len, size_t chunk);
void body_code(struct str *out, enum coding coding, const void *data,
	       size_t len);
const char *status_reason(int status);

/* A page of about len bytes: title, then inner as it is, then words chosen
 * by seed. */
void page_write(struct str *out, const char *title, const char *inner,
		size_t len, uint64_t seed);
/* Words alone. */
void words_write(struct str *out, size_t len, uint64_t seed);

#endif
