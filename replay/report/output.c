/* What is written to standard output. */
#include "output.h"

#include "capture/log.h"

#include <errno.h>

int output_flush(struct buf *out)
{
	bool well = !out->len || fwrite(out->data, out->len, 1, stdout) == 1;
	if (!well || fflush(stdout)) {
		if (errno != EPIPE)
			log_warn("cannot write to standard output: %s",
				 strerror(errno));
		return -1;
	}
	buf_clear(out);
	return 0;
}
