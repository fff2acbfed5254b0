/* The size of a picture, from its first bytes: nothing is decoded. */
#ifndef REPORT_HTML_IMAGE_H
#define REPORT_HTML_IMAGE_H

#include "capture/bytes.h"

struct image_size {
	uint32_t width, height; /* pixels */
};

/* PNG, GIF, JPEG, WebP, BMP, ICO (its first picture). False if it is none of
 * these, or what tells the size is missing. */
bool image_size_read(struct slice bytes, struct image_size *size);

#endif
