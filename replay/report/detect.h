/* What a file is by its bytes, as file(1) tells it. */
#ifndef REPORT_DETECT_H
#define REPORT_DETECT_H

#include "capture/bytes.h"

/* The first bytes are enough; what follows is not looked at. */
#define DETECT_LEN ((size_t)1 << 20)

struct detector;

/* Loads libmagic's table. NULL, after having said why, if that fails. */
struct detector *detector_new(void);
void detector_free(struct detector *d);

/* The media type, "application/x-dosexec"; valid until the next call. d NULL,
 * or nothing to be told: NULL. */
const char *detector_type(struct detector *d, struct slice bytes);

#endif
