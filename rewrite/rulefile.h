/* A rule file: its bytes, its lines with continued ones joined, and the places
 * in it. */
#ifndef REWRITE_RULEFILE_H
#define REWRITE_RULEFILE_H

#include "capture/bytes.h"

#include <sys/types.h>

#define RULEFILE_MAX ((size_t)16 << 20)

struct rulefile {
	struct slice name; /* as it was named; borrowed */
	dev_t device;      /* with inode: which file it is */
	ino_t inode;
	bool pipe;

	struct slice line; /* joined, in text; white space at both ends kept */
	unsigned number;   /* of the first line that it was joined from */

	struct buf bytes; /* as read */
	struct buf text;  /* what lines point into; it never moves */
	size_t next;      /* where in bytes the next line begins */
	struct slice raw; /* what line was joined from */
	unsigned lines;   /* that were taken */
};

/* Where something stands. */
struct place {
	unsigned line;     /* from 1 */
	struct slice text; /* the line, without its end; in bytes */
	size_t at;         /* offset in it */
};

/* Reads the file. path stays the caller's. False, with a few words appended to
 * why and nothing to be released, if it cannot be read, is larger than
 * RULEFILE_MAX, holds a NUL byte, or is a pipe with nothing in it (any more:
 * a reload must not take that for no rules). included: nor if it is anything
 * but a regular file, since a rule file may come from anywhere, and must not
 * make us wait for a terminal. */
bool rulefile_open(struct rulefile *f, const char *path, bool included,
		   struct buf *why);
void rulefile_release(struct rulefile *f);

/* The next line, into f->line. False at the end. */
bool rulefile_next(struct rulefile *f);

/* Of a byte of f->line, or of its end. */
struct place rulefile_place(const struct rulefile *f, const uint8_t *byte);

/* The first line that belongs to the comment at that byte of f->line only since
 * the line before it ends with a backslash, although it looks like no comment;
 * 0 if there is none. */
unsigned rulefile_swallowed(const struct rulefile *f, const uint8_t *comment);

#endif
