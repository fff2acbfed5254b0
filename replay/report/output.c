/* Tables and what else is written to standard output. */
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

void output_text(struct buf *out, struct slice text)
{
	if (text.len)
		buf_add_escaped(out, text);
	else
		buf_add_byte(out, '-');
}

void output_cell(struct buf *out, struct slice text)
{
	output_text(out, text);
	buf_add_byte(out, '\t');
}
