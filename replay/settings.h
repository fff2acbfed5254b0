/* What replay is asked to do: its options, read into one struct. */
#ifndef REPLAY_SETTINGS_H
#define REPLAY_SETTINGS_H

#include "report/list.h"
#include "site/site.h"

#include "capture/display.h"
#include "capture/inputs.h"

/* Strings are those of argv. */
struct settings {
	struct site_options site; /* whole, but for the user */
	struct listen *listens;
	size_t listen_count;
	struct listen status;
	const char **rules;
	size_t rule_count;
	char **supplements;
	size_t supplement_count;
	struct buf zone;
	const char *filter;
	struct inputs inputs;
	struct display display;
	const char *user;      /* NULL: the default */
	const char **replayed; /* captures to compare */
	size_t replayed_count;
	const char *extract, *extract_zip; /* a directory; a zip file */
	const char *report; /* file of the page, NULL: none is made */
	int report_fd;      /* main.c opens it */
	bool list, check, verbose, no_digest, strict, ca_cert;
	enum list_format format;
	char **captures;
	size_t capture_count;
};

/* Exits with EXIT_USAGE, after having said why, if the arguments are unusable;
 * with EXIT_SUCCESS after --help and --version. */
void settings_read(struct settings *s, int argc, char **argv);
/* Whether it is to serve, and nothing else. */
bool settings_serve(const struct settings *s);
/* Whether it is to extract bodies. */
bool settings_extract(const struct settings *s);
void settings_release(struct settings *s);

#endif
