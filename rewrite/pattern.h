/* Regular expressions of rules: PCRE2, compiled once, and matched so that no
 * expression and no body can hold the program up.
 *
 * Two words are added to PCRE2's language:
 *
 *   {ip}    an IP address in any written form that browsers accept as a host
 *           (WHATWG URL 3.5), also behind HTML character references, escapes
 *           of JSON and scripts, and percent encoding. The whole host must be
 *           the address: {ip} does not match inside "1.2.3.4.example", after
 *           a letter, digit, '.' or '-', nor where it is user information
 *           ("http://192.0.2.7@host/").
 *   {link}  what stands before the host of a link: "://" behind a scheme
 *           (which is not part of what matches), or "//" alone behind a
 *           quote, '(', '=' and the like, also hidden in these ways or with
 *           backslashes; and user information, if there is some.
 *
 * Neither captures: put them in parentheses for that. Not known are PCRE2's
 * callouts, \C, \G, (*SKIP), (*COMMIT) and settings like (*LIMIT_MATCH=1). */
#ifndef REWRITE_PATTERN_H
#define REWRITE_PATTERN_H

#include "capture/bytes.h"

enum pattern_flag {
	PATTERN_NOCASE = 1,    /* i */
	PATTERN_MULTILINE = 2, /* m */
	PATTERN_DOTALL = 4,    /* s */
	PATTERN_EXTENDED = 8,  /* x */
	PATTERN_UTF = 16,      /* u: characters, else bytes */
};

/* A mistake in what a person wrote. {0} is an empty one. */
struct fault {
	struct buf text; /* one line in words, without place */
	size_t at;       /* where, an offset in what was parsed */
};

struct pattern;

/* Returns NULL and sets *fault if text is no expression. flags: of enum
 * pattern_flag. The text is not kept. A pattern may be used by several threads
 * at once, each with its own matcher. */
struct pattern *pattern_new(struct slice text, unsigned flags,
			    struct fault *fault);
void pattern_free(struct pattern *p);

bool pattern_utf(const struct pattern *p);        /* flag u */
unsigned pattern_groups(const struct pattern *p); /* the highest number */
/* The number of a named group; 0 if there is none. */
unsigned pattern_group(const struct pattern *p, struct slice name);

/* What matching needs, one for each thread. */
struct matcher;
struct matcher *matcher_new(void);
void matcher_free(struct matcher *m);

/* Before each new answer, request or other thing of its own: its time is full
 * again. seconds: processor time that all look-ups until the next call may
 * take together. */
void matcher_begin(struct matcher *m, double seconds);

enum pattern_result {
	PATTERN_NONE,
	PATTERN_FOUND,
	PATTERN_LIMIT,   /* a limit on steps, heap, depth or time was met */
	PATTERN_NOT_UTF, /* with PATTERN_UTF, and subject is not UTF-8 */
};

/* The first match that begins at or after from. again: an empty match at from
 * itself does not count (to go on after an empty match). From one call to the
 * next with the same subject and from > 0, its bytes must not change. */
enum pattern_result pattern_find(const struct pattern *p, struct matcher *m,
				 struct slice subject, size_t from, bool again);

/* Of the last match: group 0 is all of it; data NULL: it took no part.
 * Borrows the subject. */
struct slice matcher_group(const struct matcher *m, unsigned group);

#endif
