/* The style and the script of a report's page, as they stand beside this file:
 * put into the program when it is built. */
#ifndef REPORT_HTML_FILES_H
#define REPORT_HTML_FILES_H

#include "capture/bytes.h"

struct slice html_style(void);  /* page.css */
struct slice html_script(void); /* page.js */

#endif
