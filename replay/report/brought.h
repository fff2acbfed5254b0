/* What the victim's client brought along, so that a fresh one lacks it, and
 * what such a visit leaves in a client, so that each run needs a fresh one. */
#ifndef REPORT_BROUGHT_H
#define REPORT_BROUGHT_H

#include "chain.h"
#include "findings.h"
#include "roll.h"

enum brought_kind {
	/* brought along */
	BROUGHT_CACHE,   /* 304, and no body: text is the URL */
	BROUGHT_COOKIE,  /* sent, and no recorded Set-Cookie had set it before:
			    text is its name, never its value */
	BROUGHT_LOGIN,   /* Authorization, Proxy-Authorization: text is the
			    scheme alone */
	BROUGHT_REFERER, /* from a page that was not recorded: text is it */
	/* left behind */
	BROUGHT_WORKER,   /* a service worker is registered: text is the URL */
	BROUGHT_HSTS,     /* Strict-Transport-Security: text is the value */
	BROUGHT_REDIRECT, /* 301, 308: text is where to */
};
#define BROUGHT_KINDS (BROUGHT_REDIRECT + 1)

struct brought {
	/* place is the host; of redirects the URL, of Referers empty. */
	struct roll kinds[BROUGHT_KINDS];
	/* The first answer whose script sets cookies: those sent later may be
	 * of a script. UINT32_MAX: none. */
	uint32_t script_cookies;
};

void brought_collect(struct brought *b, const struct findings *f,
		     const struct chain *c);
void brought_release(struct brought *b);

/* "cache", "cookie" ... */
const char *brought_kind_name(enum brought_kind kind);

#endif
