/* The text of a rule, read from left to right: words, and texts between
 * delimiters. */
#ifndef REWRITE_SCAN_H
#define REWRITE_SCAN_H

#include "pattern.h"

struct scan {
	struct slice line;
	size_t at;
	struct fault *fault; /* the first one; {0} before */
};

/* Steps over white space. */
void scan_space(struct scan *s);
/* Whether nothing but a comment is left here. */
bool scan_done(const struct scan *s);
/* What stands before the next white space; steps over it. Empty if there is
 * white space here, or the end. */
struct slice scan_word(struct scan *s);
struct slice scan_rest(const struct scan *s);

/* Notes what is wrong at that offset of the line. Returns false. */
bool scan_fault(struct scan *s, size_t at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* For "%.*s" in scan_fault: a word, cut to what fits into a line. */
#define SCAN_WORD(s) (int)((s).len > 40 ? 40 : (s).len), (const char *)(s).data

/* Whether c may begin a text between delimiters. */
bool scan_delimiter(uint8_t c);

/* Text between delimiters. A backslash takes the next byte along; brackets
 * nest. */
struct delimited {
	uint8_t open, close; /* the same but for brackets */
	size_t begin;        /* of the text, in the line */
	struct slice text;   /* as it stands there */
};

/* At the opening delimiter; steps behind the closing one. what: "pattern", for
 * the fault. */
bool scan_delimited(struct scan *s, const char *what, struct delimited *d);
/* The same behind another such text, whose closing delimiter opens this one. */
bool scan_second(struct scan *s, const char *what, uint8_t delimiter,
		 struct delimited *d);

/* Appends the text for whoever reads it next: "\/" between slashes becomes
 * "/". It stays as it is if the byte without backslash is one of meaningful. */
void delimited_plain(const struct delimited *d, const char *meaningful,
		     struct buf *out);
/* Where in the line the byte at that offset of the plain text stands. */
size_t delimited_place(const struct delimited *d, const char *meaningful,
		       size_t at);

/* What a regular expression tells apart from the same byte escaped. */
#define SCAN_MEANING_REGEX "\\^$.[]|()?*+{}-#"
/* The same for what replaces a match. */
#define SCAN_MEANING_TEMPLATE "\\$"

/* The pattern in d, with flags as in the rule. NULL: see the fault. */
struct pattern *scan_pattern(struct scan *s, const struct delimited *d,
			     unsigned flags);

/* Letters that stand here, behind the delimiter close; steps over them: i m s x
 * u as of enum pattern_flag; g only if all is not NULL. */
bool scan_flags(struct scan *s, uint8_t close, unsigned *flags, bool *all);

#endif
