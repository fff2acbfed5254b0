/* What a file is by its bytes, as file(1) tells it. */
#include "detect.h"

#include "capture/log.h"

#include <magic.h>
#include <stdlib.h>

struct detector {
	magic_t cookie;
};

/* Nothing is unpacked: for that libmagic would start programs. Any lines are
 * comma-separated values to it. */
struct detector *detector_new(void)
{
	magic_t cookie = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS |
				    MAGIC_NO_CHECK_CSV);
	if (!cookie)
		log_fatal("out of memory");
	if (magic_load(cookie, NULL)) {
		log_warn("types are not detected: %s", magic_error(cookie));
		magic_close(cookie);
		return NULL;
	}
	struct detector *d = xcalloc(1, sizeof *d);
	d->cookie = cookie;
	return d;
}

void detector_free(struct detector *d)
{
	if (!d)
		return;
	magic_close(d->cookie);
	free(d);
}

const char *detector_type(struct detector *d, struct slice bytes)
{
	if (!d)
		return NULL;
	bytes = slice_to(bytes, DETECT_LEN);
	return magic_buffer(d->cookie, bytes.len ? bytes.data : NULL,
			    bytes.len);
}
