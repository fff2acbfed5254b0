/* replay --check on a terminal: its text wrapped, with colours. */
#include "check_print.h"

#include "prose.h"

#include "capture/log.h"

#include <stdlib.h>

static const struct prose_heading headings[] = {
    {"comes back", COLOUR_GOOD},
    {"does not come back", COLOUR_BAD},
    {"mind also", COLOUR_DOUBT},
    {0},
};

/* All sections write to stdout. It is a variable of glibc, which may be set
 * (glibc manual, 12.2): so they write to memory while this runs. */
static void collect(const struct survey *s, bool verbose, char **text,
		    size_t *len)
{
	FILE *terminal = stdout, *memory = open_memstream(text, len);
	if (memory) {
		stdout = memory;
		check_text(s, verbose);
		stdout = terminal;
	}
	if (!memory || fclose(memory))
		log_fatal("out of memory");
}

void check_text_for(const struct display *d, const struct survey *s,
		    bool verbose)
{
	struct buf out = {0};
	char *text = NULL;
	size_t len = 0;
	if (!d || (!d->width && !d->colour)) {
		check_text(s, verbose);
		return;
	}
	const struct prose p = {d->width, d->colour, headings};
	collect(s, verbose, &text, &len);
	prose_add(&out, &p, (struct slice){(uint8_t *)text, len});
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	free(text);
}
