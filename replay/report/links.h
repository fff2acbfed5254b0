/* The links of a recorded answer: in its fields, in HTML, SVG, XML, in style
 * sheets, and in the strings of scripts, JSON and text. What a script computes
 * is not found, nor what stands in Flash, Java or PDF files. */
#ifndef REPORT_LINKS_H
#define REPORT_LINKS_H

#include "capture/exchange.h"

/* No more of a body is looked at, its content coding off. */
#define LINKS_BODY_MAX ((size_t)4 << 20)
/* And no more of all bodies that one struct links has looked into; past that no
 * more than the start of each is. */
#define LINKS_BUDGET ((uint64_t)1 << 30)
#define LINKS_BODY_MIN ((size_t)4 << 10)
/* No more links of one answer are told. */
#define LINKS_COUNT_MAX 200000U

enum link_kind {
	LINK_REDIRECT, /* Location of a redirect, Refresh, <meta> refresh */
	LINK_LOADED,   /* a browser fetches it by itself */
	LINK_CLICKED,  /* a person has to do something */
	/* A browser fetches it if it needs to: url() of styles, srcset, what
	 * stands in <noscript> and in conditional comments. */
	LINK_CONDITIONAL,
	LINK_SCRIPTED, /* an absolute URL in a script or in data */
	/* Text that would be this URL if it was one. It explains an exchange
	 * that was recorded; that nobody asked for it means nothing. */
	LINK_POSSIBLE,
};

/* What the body of an answer is to a browser. */
enum answer_form {
	ANSWER_OTHER,
	ANSWER_PAGE, /* HTML */
	ANSWER_STYLE,
	ANSWER_TEXT, /* scripts, data, SVG, XML, text */
};

/* url is absolute, as resolve writes it; valid during the call only. */
typedef void link_taker(void *context, enum link_kind kind, struct slice url);

/* What finding needs, to be used again and again. */
struct links;
struct links *links_new(void);
void links_free(struct links *l);

/* Calls take for each link, in linear time; the same URL may come again. */
enum answer_form links_find(struct links *l, const struct exchange *e,
			    link_taker *take, void *context);

/* The URL that was asked for, as resolve writes it; the server's address where
 * the request names no host. False, with nothing appended, if there is none
 * ("OPTIONS *", CONNECT). */
bool links_asked(const struct exchange *e, struct buf *out);

#endif
