/* The character set of a body, so far as rules must know it. */
#ifndef REWRITE_CHARSET_H
#define REWRITE_CHARSET_H

#include "capture/bytes.h"

enum charset {
	CHARSET_BYTES, /* anything in which ASCII is ASCII, or not known */
	CHARSET_UTF8,  /* the body says so */
	CHARSET_UTF16_LE,
	CHARSET_UTF16_BE,
};

/* What body is said to be: by a byte order mark, else by charset= of
 * Content-Type (data NULL: none), else by what its own start says (<meta>, an
 * XML declaration, @charset; JSON is UTF-8). type: media type, lower case. */
enum charset charset_of(struct slice content_type, struct slice type,
			struct slice body);

bool charset_is_utf16(enum charset c);

/* UTF-16 as UTF-8 and back; a byte order mark is a character like others. Both
 * lose nothing: a lone surrogate becomes the three bytes of its number, and
 * back. False if there is an odd byte at the end; out is then as it was. */
bool charset_decode(enum charset from, struct slice body, struct buf *out);
/* False if text is not what charset_decode could have made. */
bool charset_encode(enum charset to, struct slice text, struct buf *out);

#endif
