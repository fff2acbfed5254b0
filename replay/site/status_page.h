/* The page of the running server as it is sent: style and script in it, and
 * the head that lets nothing else run. */
#ifndef SITE_STATUS_PAGE_H
#define SITE_STATUS_PAGE_H

#include "capture/http.h"

struct status_page {
	struct buf html;
	struct buf policy; /* of the page: Content-Security-Policy */
};

void status_page_make(struct status_page *p);
void status_page_release(struct status_page *p);

enum status_wish {
	WISH_PAGE,
	WISH_JSON,
	WISH_NOTHING,  /* 404 */
	WISH_METHOD,   /* 405 */
	WISH_STRANGER, /* 403: under a name that is not this machine's own */
};

/* What is wished for. A browser that looks at some other site could be led here
 * under that site's name (DNS rebinding), and then its scripts would read what
 * is answered: so only an address or localhost is taken for us, and what
 * another site's page has the browser ask is refused. */
enum status_wish status_wish(const struct message *m);

/* Appends the whole answer. head: the head alone, for HEAD. json: of
 * WISH_JSON. */
void status_answer(const struct status_page *p, enum status_wish wish,
		   struct slice json, bool head, struct buf *out);

#endif
