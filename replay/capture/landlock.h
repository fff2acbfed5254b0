/* Linux's Landlock: which files a process may open, by where they lie. */
#ifndef CAPTURE_LANDLOCK_H
#define CAPTURE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* What stays allowed of files that are not open yet. Nothing may be executed,
 * nor TCP ports bound or connected to, nor processes outside signalled, as far
 * as the running kernel can forbid that. */
struct landlock_allowed {
	bool read;                /* any file or directory */
	const char *const *temps; /* directories for temporary files: existing
				     ones that may be written */
	size_t temp_count;
	bool make;            /* ... in which files are also made and removed */
	bool bind;            /* TCP ports */
	const int *directory; /* one that is open, below which files are made
				 and written; NULL: none */
};

/* Confines the calling thread and those that it will start, for good. Needs
 * no_new_privs. Returns whether it did: false, having told it at LOG_VERBOSE,
 * where the kernel has no Landlock. */
bool landlock_confine(const struct landlock_allowed *allowed);

#endif
