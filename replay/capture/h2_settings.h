/* SETTINGS_HEADER_TABLE_SIZE as one side of an HTTP/2 connection told it (RFC
 * 9113 6.5): it holds for the other side's header blocks from the place on at
 * which that acknowledges it. */
#ifndef CAPTURE_H2_SETTINGS_H
#define CAPTURE_H2_SETTINGS_H

#include "h2_frames.h"

struct h2_settings {
	struct cursor c; /* at a frame of the side that tells */
	bool lost;       /* frames are missing from here on */
};

enum h2_setting {
	H2_SETTING_FOUND,
	H2_SETTING_NONE,    /* that SETTINGS frame has none */
	H2_SETTING_UNKNOWN, /* it was not captured */
};

/* Of the SETTINGS frame that the next acknowledgement is for. */
enum h2_setting h2_settings_next(struct h2_settings *s, uint32_t *size);

/* The same of a payload, as HTTP2-Settings holds it too. */
enum h2_setting h2_settings_read(struct slice payload, uint32_t *size);

#endif
