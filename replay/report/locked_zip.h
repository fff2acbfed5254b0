/* A zip file of which each file is encrypted with one password by the
 * traditional method (APPNOTE 6.1): it keeps scanners and careless clicks away,
 * not secrets. */
#ifndef REPORT_LOCKED_ZIP_H
#define REPORT_LOCKED_ZIP_H

#include "capture/bytes.h"

struct locked_zip;

/* Its bytes are asked for when the zip is written, one file after the other, so
 * that no two have to be in memory. */
struct locked_file {
	const char *name; /* kept */
	int64_t time;     /* ns since the epoch */
	uint64_t len;
	struct slice (*open)(void *context); /* valid until close */
	void (*close)(void *context);
	void *context;
};

/* Begins one on an empty file; borrows fd and password. */
struct locked_zip *locked_zip_new(int fd, const char *password);
void locked_zip_add(struct locked_zip *z, const struct locked_file *f);
/* Writes all of it, mode 0600 each, and frees. Returns 0, or the error of
 * errno.h that kept it from being whole. */
int locked_zip_end(struct locked_zip *z);
/* Frees without having written anything. */
void locked_zip_drop(struct locked_zip *z);

#endif
