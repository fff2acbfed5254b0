/* The two ways to print a survey; see check.h. For check.c alone. */
#ifndef REPORT_CHECK_PRINT_H
#define REPORT_CHECK_PRINT_H

#include "survey.h"

#include "capture/display.h"

/* To standard output. */
void check_text(const struct survey *s, bool verbose);
/* The same as the display wants it: wrapped, with colours. */
void check_text_for(const struct display *d, const struct survey *s,
		    bool verbose);
void check_json(const struct survey *s, const char *capture);

#endif
