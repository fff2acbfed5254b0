/* The page of the running server, its style and its script. */
#include "status_files.h"

#include "embedded.h"

EMBEDDED(site_status_css, "replay/site/status.css");
EMBEDDED(site_status_js, "replay/site/status.js");
EMBEDDED(site_status_html, "replay/site/status.html");

struct slice status_style(void)
{
	return EMBEDDED_SLICE(site_status_css);
}

struct slice status_script(void)
{
	return EMBEDDED_SLICE(site_status_js);
}

struct slice status_body(void)
{
	return EMBEDDED_SLICE(site_status_html);
}
