/* replay --report: what the table holds, for people, as one page of HTML that
 * needs nothing beside it.
 *
 * Nothing of the capture runs, whatever it is: all of it is escaped text, no
 * URL of it is a link, and the page's own policy (Content-Security-Policy)
 * allows its own style and script by their digests and nothing else, no request
 * of any kind among it.
 *
 * The page is bounded: exchanges are told one by one up to HTML_LISTED_MAX,
 * those of the first page's tree, and those that do not come back, before
 * others; bodies, fields and differences share HTML_BODIES_MAX,
 * HTML_FIELDS_MAX and HTML_DIFFS_MAX bytes of the page. What is left out is
 * told in its place. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "compare.h"

#define HTML_LISTED_MAX 5000U
#define HTML_BODIES_MAX ((size_t)4 << 20)
#define HTML_FIELDS_MAX ((size_t)8 << 20)
#define HTML_DIFFS_MAX ((size_t)1 << 20)

struct html_options {
	char *const *captures; /* names, as given */
	size_t capture_count;
	char *const *replayed; /* of the comparison */
	size_t replayed_count;
	const struct rules *rules;         /* NULL: none */
	const struct comparison *compared; /* NULL: none */
	bool shift_dates;                  /* as the replay would be told */
};

/* Makes the file, for its owner alone; "-" is standard output. Before the
 * sandbox closes. Returns a descriptor, or -1 after having said why: a file of
 * that name is never written over, nor a symbolic link followed. */
int html_create(const char *path);

/* Writes the page to fd, which it closes. Returns 0, or -1 if it cannot be
 * written (said). */
int html_print(const struct recording *r, const struct html_options *o, int fd);

#endif
