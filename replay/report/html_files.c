/* The style and the script of a report's page, put in by the assembler: make
 * runs in the folder from which their paths count. */
#include "html_files.h"

#define INCLUDED(name, path)                                                   \
	extern const uint8_t name[], name##_end[];                             \
	__asm__(".pushsection .rodata\n" #name ": .incbin \"" path             \
		"\"\n" #name "_end: .byte 0\n.popsection\n")

INCLUDED(report_page_css, "replay/report/page.css");
INCLUDED(report_page_js, "replay/report/page.js");

static struct slice between(const uint8_t *from, const uint8_t *to)
{
	return (struct slice){from, (size_t)(to - from)};
}

struct slice html_style(void)
{
	return between(report_page_css, report_page_css_end);
}

struct slice html_script(void)
{
	return between(report_page_js, report_page_js_end);
}
