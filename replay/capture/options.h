/* One table of options a program: getopt_long's arrays, the text of --help and
 * completion in shells come from it. */
#ifndef CAPTURE_OPTIONS_H
#define CAPTURE_OPTIONS_H

#include <stdbool.h>

struct option_spec {
	int key;          /* a short option's letter, or any number >= 256 */
	const char *name; /* long name, NULL ends the table */
	const char *arg;  /* what the value is called in --help, as completion.h
			     reads it; NULL: none */
	const char *help; /* lines after the first are indented by the table */
};

struct options {
	const struct option_spec *specs;
	const char
	    *synopsis;     /* "[OPTIONS] CAPTURE...", may hold several lines */
	const char *about; /* one sentence */
	/* Called for each option; value is NULL for one without argument and
	 * otherwise belongs to argv. */
	void (*take)(void *context, int key, const char *value);
};

/* Parses argv, --help, --version and --completion included (they print to
 * standard output and exit 0). Returns the index of the first operand. Unknown
 * options exit with EXIT_USAGE. */
int options_parse(const struct options *o, void *context, int argc,
		  char **argv);

#endif
