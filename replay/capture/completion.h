/* Scripts that complete a program's options in a shell, from the table that
 * its parser and --help come from. */
#ifndef CAPTURE_COMPLETION_H
#define CAPTURE_COMPLETION_H

#include "options.h"

/* Prints the script for "bash", "zsh" or "fish" to standard output. specs: all
 * options of the program. Returns false if the shell is none of these; nothing
 * is printed then.
 *
 * What a value may be is told by its name in the table: FILE, CAPTURE and
 * REPLAYED are files, DIR is a folder, words in lower case or digits are
 * themselves ("tsv|json", "404"), and of any other nothing is known. Operands
 * are files. */
bool completion_print(const char *shell, const char *program,
		      const struct option_spec *specs);

#endif
