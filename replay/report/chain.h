/* Who led to whom: for each exchange of a recording the one that made the
 * client ask for it, found from the recording alone. A forest: causes stand
 * before what they cause. */
#ifndef REPORT_CHAIN_H
#define REPORT_CHAIN_H

#include "capture/recording.h"

#define CHAIN_NONE UINT32_MAX

/* What explains an exchange, the best evidence first. */
enum chain_by {
	CHAIN_REDIRECT, /* Location or Refresh of the cause, or a meta refresh
			   in its body */
	CHAIN_LINK,     /* a link in the cause's body leads to its URL; to
			   /favicon.ico every page has one */
	CHAIN_REFERER,  /* its Referer names the cause, in which no such link
			   was found: a form, or a script made the URL */
	CHAIN_OUTSIDE,  /* its Referer names a page that was not recorded */
	CHAIN_OWN,      /* clients ask that on their own: see own.h */
	CHAIN_START,    /* nothing recorded explains it */
};
#define CHAIN_BYS (CHAIN_START + 1)

/* What a link does when its page is shown. */
enum follow_kind {
	FOLLOW_LOADED,   /* a browser fetches it by itself: src, stylesheet,
			    frame, redirect */
	FOLLOW_CLICKED,  /* a person has to do something: <a href>, forms */
	FOLLOW_SCRIPTED, /* an absolute URL in a script or in data, or what a
			    browser fetches only if it needs to: srcset, url()
			    of styles, <noscript> */
};

struct chain_link {
	uint32_t cause; /* exchange; CHAIN_NONE: none is known */
	enum chain_by by;
	enum follow_kind follow; /* CHAIN_LINK: what the link is */
};

/* A link in a recorded answer that leads to what was not recorded. */
struct unfollowed {
	uint32_t exchange; /* whose answer holds it */
	enum follow_kind kind;
	struct slice url; /* absolute; hostile bytes; the chain's */
};

struct chain {
	const struct recording *recording; /* borrowed */
	struct chain_link *links;          /* one for each exchange */
	uint32_t count;

	/* The page that a client has to open for all of it to follow: the
	 * start of the tree that holds most exchanges among those that begin
	 * with a page or a redirect; CHAIN_NONE if there is none. */
	uint32_t first_page;

	/* Each URL once, in the order of their exchanges; bounded. */
	struct unfollowed *unfollowed;
	size_t unfollowed_count;
	size_t unfollowed_all[FOLLOW_SCRIPTED + 1]; /* also those not listed */

	struct chain_store *store; /* private */
};

void chain_build(struct chain *c, const struct recording *r);
void chain_release(struct chain *c);

/* "redirect", "link", "referer", "outside", "own", "start". */
const char *chain_by_name(enum chain_by by);
const char *follow_kind_name(enum follow_kind kind); /* "loaded" ... */

#endif
