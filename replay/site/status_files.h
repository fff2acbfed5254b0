/* The page of the running server, its style and its script, as they stand
 * beside this file: put into the program when it is built. */
#ifndef SITE_STATUS_FILES_H
#define SITE_STATUS_FILES_H

#include "capture/bytes.h"

struct slice status_style(void);  /* status.css */
struct slice status_script(void); /* status.js */
struct slice status_body(void);   /* status.html: what is in the body */

#endif
