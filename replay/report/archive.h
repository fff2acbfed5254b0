/* Where extracted files go: a directory, or a zip file. Nothing that is there
 * is written over or followed. */
#ifndef REPORT_ARCHIVE_H
#define REPORT_ARCHIVE_H

#include "capture/bytes.h"

#define ARCHIVE_PASSWORD "infected" /* of the zip: the field's custom */
#define ARCHIVE_INDEX "index.tsv"

struct archive;

/* Opens it, before anything hostile is read: a directory, made with mode 0700
 * if there is none; a zip file that is new, mode 0600. NULL after having said
 * why not, also if the directory has an index already. path is borrowed. */
struct archive *archive_open_directory(const char *path);
struct archive *archive_open_zip(const char *path);

/* The directory in which files will be made; -1: none will. */
int archive_directory(const struct archive *a);

/* A file to be, one of a zip is asked for its bytes at the end: see
 * locked_file. */
struct archive_file {
	const char *name; /* one of ours */
	int64_t time;     /* ns since the epoch; in a directory it is now */
	struct slice bytes;
	struct slice (*again)(void *context); /* the same, valid until done */
	void (*done)(void *context);
	void *context;
};

enum archive_result {
	ARCHIVE_DONE,
	ARCHIVE_EXISTS, /* there is a file of that name, which was left alone */
	ARCHIVE_FAILED, /* no more can be written */
};

/* Makes a file, mode 0600. Says what went wrong. */
enum archive_result archive_add(struct archive *a,
				const struct archive_file *f);

/* Ends it, the index last, and frees. time: the index's in a zip. Returns 0, or
 * -1 after having said what went wrong, now or before. */
int archive_end(struct archive *a, struct slice index, int64_t time);
/* Ends one in which nothing was put, and says what of it is left. NULL is fine.
 */
void archive_drop(struct archive *a);

#endif
