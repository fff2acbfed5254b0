/* The content of an answer as text for rules: content coding taken off, UTF-16
 * as UTF-8. */
#ifndef REWRITE_CONTENT_H
#define REWRITE_CONTENT_H

#include "charset.h"
#include "coding.h"
#include "original.h"

/* So much of it is enough for sniff_type. */
#define CONTENT_START_LEN 4096

struct content {
	const struct original *original; /* NULL: empty */
	size_t max;                      /* bytes of it, coding off */
	struct coding *coding;
	struct buf encoding; /* as named; empty: none, or none was applied */
	bool misnamed;       /* a coding was named, but not applied */
	bool ended;          /* all was read */
	bool odd;            /* UTF-16 with half a character */
	enum coding_result result;
	struct buf raw; /* what was fed, as long as the coding may prove to
			   be none */
	bool keep_raw;

	struct buf plain; /* coding off: as much as was read */
	enum charset charset;
	struct buf converted; /* UTF-16 as UTF-8 */
};

/* encoding: value of Content-Encoding. original NULL: an empty content. False
 * if it cannot be worked on; then as after every other false content_trouble
 * tells why. To be released in any case. */
bool content_open(struct content *c, const struct original *original,
		  struct slice encoding, size_t max);
void content_release(struct content *c);

/* Reads on until plain has that many bytes, or to the end. */
bool content_read(struct content *c, size_t enough);

/* After the end: finds the character set. See charset_of. */
bool content_convert(struct content *c, struct slice content_type,
		     struct slice type);
/* After that; borrowed. */
struct slice content_text(const struct content *c);

void content_trouble(const struct content *c, struct buf *told);

#endif
