/* What an exchange brought, in the few words of a picture. */
#include "html_kind.h"

#include "opened.h"

const char *html_kind_name(enum html_kind kind)
{
	static const char *const names[HTML_KINDS] = {
	    [HTML_PAGE] = "page",       [HTML_REDIRECT] = "redirect",
	    [HTML_SCRIPT] = "script",   [HTML_STYLE] = "style",
	    [HTML_IMAGE] = "image",     [HTML_FILE] = "file",
	    [HTML_PLUGIN] = "plug-in",  [HTML_MEDIA] = "media",
	    [HTML_DATA] = "data",       [HTML_EMPTY] = "empty",
	    [HTML_NOTHING] = "nothing",
	};
	return names[kind];
}

/* Parts of media types, the first that occurs counts. */
static const struct {
	const char *part;
	enum html_kind kind;
} parts[] = {
    {"text/html", HTML_PAGE},     {"xhtml", HTML_PAGE},
    {"javascript", HTML_SCRIPT},  {"ecmascript", HTML_SCRIPT},
    {"text/css", HTML_STYLE},     {"image/", HTML_IMAGE},
    {"font", HTML_MEDIA},         {"audio/", HTML_MEDIA},
    {"video/", HTML_MEDIA},       {"shockwave", HTML_PLUGIN},
    {"silverlight", HTML_PLUGIN}, {"java", HTML_PLUGIN},
    {"pdf", HTML_PLUGIN},         {"json", HTML_DATA},
    {"xml", HTML_DATA},           {"urlencoded", HTML_DATA},
    {"grpc", HTML_DATA},          {"ocsp", HTML_DATA},
    {"pkix", HTML_DATA},          {"text/", HTML_DATA},
};

static bool redirects(const struct exchange *e)
{
	return e->status >= 300 && e->status < 400 &&
	       http_field(opened_fields(e), SLICE("Location")).len;
}

enum html_kind html_kind_of(const struct exchange *e, struct slice type,
			    uint64_t bytes)
{
	if (!e->status)
		return HTML_NOTHING;
	if (redirects(e))
		return HTML_REDIRECT;
	if (!bytes)
		return HTML_EMPTY;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (memmem(type.data, type.len, parts[i].part,
			   strlen(parts[i].part)))
			return parts[i].kind;
	return HTML_FILE;
}
