/* The page of the running server, its style and its script, put in by the
 * assembler: make runs in the folder from which their paths count. */
#include "status_files.h"

#define INCLUDED(name, path)                                                   \
	extern const uint8_t name[], name##_end[];                             \
	__asm__(".pushsection .rodata\n" #name ": .incbin \"" path             \
		"\"\n" #name "_end: .byte 0\n.popsection\n")

INCLUDED(site_status_css, "replay/site/status.css");
INCLUDED(site_status_js, "replay/site/status.js");
INCLUDED(site_status_html, "replay/site/status.html");

static struct slice between(const uint8_t *from, const uint8_t *to)
{
	return (struct slice){from, (size_t)(to - from)};
}

struct slice status_style(void)
{
	return between(site_status_css, site_status_css_end);
}

struct slice status_script(void)
{
	return between(site_status_js, site_status_js_end);
}

struct slice status_body(void)
{
	return between(site_status_html, site_status_html_end);
}
