/* What replay is asked to do: its options, read into one struct. */
#ifndef REPLAY_SETTINGS_H
#define REPLAY_SETTINGS_H

#include "report/list.h"
#include "site/site.h"

#include "capture/display.h"
#include "capture/inputs.h"

enum mode {
	MODE_SERVE, /* nothing else was asked for */
	MODE_LIST,
	MODE_CHECK,
	MODE_COMPARE,
	MODE_REPORT, /* of the comparison too, if captures to compare are named
		      */
	MODE_EXTRACT,
	MODE_EXTRACT_ZIP,
	MODE_CA_CERT, /* has no captures */
};

/* Strings are those of argv. */
struct settings {
	enum mode mode;
	const char *output;       /* of a report or an extraction: a file, for
				     MODE_EXTRACT a directory */
	struct site_options site; /* whole, but for the user */
	struct listen *listens;
	size_t listen_count;
	struct listen status;
	const char **rules;
	size_t rule_count;
	const char **supplements;
	size_t supplement_count;
	struct buf zone;
	const char *filter;
	struct inputs inputs;
	struct display display;
	const char *user;      /* NULL: the default */
	const char **replayed; /* captures to compare */
	size_t replayed_count;
	bool no_digest, strict;
	enum list_format format;
	char **captures;
	size_t capture_count;
};

/* Exits with EXIT_USAGE, after having said why, if the arguments are unusable;
 * with EXIT_SUCCESS after --help and --version. */
void settings_read(struct settings *s, int argc, char **argv);
void settings_release(struct settings *s);

#endif
