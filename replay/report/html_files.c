/* The style and the script of a report's page. */
#include "html_files.h"

#include "site/embedded.h"

EMBEDDED(report_page_css, "replay/report/page.css");
EMBEDDED(report_page_js, "replay/report/page.js");

struct slice html_style(void)
{
	return EMBEDDED_SLICE(report_page_css);
}

struct slice html_script(void)
{
	return EMBEDDED_SLICE(report_page_js);
}
