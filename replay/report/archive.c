/* Where extracted files go: a directory, or a zip file. */
#include "archive.h"

#include "locked_zip.h"

#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The only flags with which the list of system calls lets a file be made: see
 * confine_making. */
#define MAKE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

struct archive {
	const char *path;
	int directory; /* -1: a zip file */
	int file;      /* the index; or the zip file */
	struct locked_zip *zip;
	bool well; /* nothing went wrong so far */
};

static void say(const char *path, const char *name)
{
	log_warn("%s%s%s: %s", path, *name ? "/" : "", name,
		 errno == ELOOP ? "is a symbolic link" : strerror(errno));
}

static struct archive *archive_new(const char *path)
{
	struct archive *a = xcalloc(1, sizeof *a);
	a->path = path;
	a->directory = a->file = -1;
	a->well = true;
	return a;
}

static void archive_free(struct archive *a)
{
	if (a->file >= 0)
		close(a->file);
	if (a->directory >= 0)
		close(a->directory);
	free(a);
}

/* With O_DIRECTORY a link that is not followed is no directory. */
static void tell_link(const char *path)
{
	char target[1];
	int error = errno;
	bool link = readlink(path, target, sizeof target) >= 0;
	errno = link ? ELOOP : error;
}

struct archive *archive_open_directory(const char *path)
{
	struct archive *a = archive_new(path);
	if (!mkdir(path, 0700) || errno == EEXIST)
		a->directory =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->directory < 0) {
		tell_link(path);
		say(path, "");
		archive_free(a);
		return NULL;
	}
	a->file = openat(a->directory, ARCHIVE_INDEX, MAKE, 0600);
	if (a->file >= 0)
		return a;
	say(path, ARCHIVE_INDEX);
	archive_free(a);
	return NULL;
}

struct archive *archive_open_zip(const char *path)
{
	struct archive *a = archive_new(path);
	a->file = open(path, MAKE, 0600);
	if (a->file >= 0) {
		a->zip = locked_zip_new(a->file, ARCHIVE_PASSWORD);
		return a;
	}
	say(path, "");
	archive_free(a);
	return NULL;
}

int archive_directory(const struct archive *a)
{
	return a->directory;
}

/* ---- files ---- */

static int write_all(int fd, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

static int make(const struct archive *a, const char *name, struct slice bytes)
{
	int fd = openat(a->directory, name, MAKE, 0600);
	if (fd < 0)
		return -1;
	int result = write_all(fd, bytes);
	int error = errno;
	if (close(fd) && !result) {
		result = -1;
		error = errno;
	}
	errno = error == EEXIST ? EIO : error;
	return result;
}

enum archive_result archive_add(struct archive *a, const struct archive_file *f)
{
	if (a->zip) {
		const struct locked_file file = {f->name,      f->time,
						 f->bytes.len, f->again,
						 f->done,      f->context};
		locked_zip_add(a->zip, &file);
		return ARCHIVE_DONE;
	}
	if (!make(a, f->name, f->bytes))
		return ARCHIVE_DONE;
	bool exists = errno == EEXIST;
	a->well = false;
	say(a->path, f->name);
	return exists ? ARCHIVE_EXISTS : ARCHIVE_FAILED;
}

/* ---- the end ---- */

static struct slice index_again(void *context)
{
	return *(struct slice *)context;
}

static void index_done(void *context)
{
	(void)context;
}

static int end_zip(struct archive *a, struct slice index, int64_t time)
{
	const struct locked_file file = {ARCHIVE_INDEX, time,       index.len,
					 index_again,   index_done, &index};
	locked_zip_add(a->zip, &file);
	errno = locked_zip_end(a->zip);
	return errno ? -1 : 0;
}

/* A disk that is far away tells only then that it is full. */
static int close_file(struct archive *a)
{
	int fd = a->file;
	a->file = -1;
	return close(fd);
}

int archive_end(struct archive *a, struct slice index, int64_t time)
{
	if ((a->zip ? end_zip(a, index, time) : write_all(a->file, index)) ||
	    close_file(a)) {
		a->well = false;
		say(a->path, a->zip ? "" : ARCHIVE_INDEX);
	}
	bool well = a->well;
	archive_free(a);
	return well ? 0 : -1;
}

void archive_drop(struct archive *a)
{
	if (!a)
		return;
	if (a->zip)
		locked_zip_drop(a->zip);
	log_warn("%s%s: nothing is in it, to be removed", a->path,
		 a->zip ? "" : "/" ARCHIVE_INDEX);
	archive_free(a);
}
