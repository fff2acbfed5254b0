/* What an exchange brought, in the few words of a picture. */
#ifndef REPORT_HTML_KIND_H
#define REPORT_HTML_KIND_H

#include "capture/exchange.h"

enum html_kind {
	HTML_PAGE,
	HTML_REDIRECT, /* 3xx with a Location */
	HTML_SCRIPT,
	HTML_STYLE,
	HTML_IMAGE,
	HTML_FILE,   /* program, archive, anything binary */
	HTML_PLUGIN, /* Flash, Java, Silverlight, PDF */
	HTML_MEDIA,  /* sound, film, fonts */
	HTML_DATA,   /* JSON, XML, text */
	HTML_EMPTY,  /* an answer without a body */
	HTML_NOTHING /* no answer */
};
#define HTML_KINDS (HTML_NOTHING + 1)

/* type: media type of the body as its bytes show it, lower case; bytes: of the
 * body. */
enum html_kind html_kind_of(const struct exchange *e, struct slice type,
			    uint64_t bytes);

/* "page", "redirect" ... */
const char *html_kind_name(enum html_kind kind);

#endif
