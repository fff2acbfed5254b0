/* How the programs show what they tell. */
#include "display.h"

#include "log.h"
#include "terminal.h"

#include <unistd.h>

static enum colour_when take_when(const char *value)
{
	if (!strcmp(value, "always"))
		return COLOUR_ALWAYS;
	if (!strcmp(value, "never"))
		return COLOUR_NEVER;
	if (strcmp(value, "auto"))
		log_usage("--color %s: neither always, never nor auto", value);
	return COLOUR_AUTO;
}

/* Of -q and -v the last one counts for messages. */
bool display_take(struct display *d, int key, const char *value)
{
	if (key == 'q') {
		d->quiet = true;
		log_set_level(LOG_QUIET);
	} else if (key == 'v') {
		d->verbose = true;
		log_set_level(LOG_VERBOSE);
	} else if (key == DISPLAY_COLOUR) {
		d->when = take_when(value);
	} else {
		return false;
	}
	return true;
}

void display_begin(struct display *d)
{
	terminal_begin();
	log_set_colours(colour_wanted(d->when, STDERR_FILENO));
	d->colour = colour_wanted(d->when, STDOUT_FILENO);
	if (isatty(STDOUT_FILENO))
		d->width = terminal_width(STDOUT_FILENO);
	if (!d->quiet && terminal_is(STDERR_FILENO) &&
	    terminal_is_ours(STDERR_FILENO))
		d->progress = progress_new();
}

void display_release(struct display *d)
{
	progress_free(d->progress);
	d->progress = NULL;
}
