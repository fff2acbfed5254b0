/* A zip file, encrypted: libzip's, on a descriptor that is open. */
#include "locked_zip.h"

#include "capture/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define LEVEL 6 /* zlib's own; libzip's, 9, takes three times as long */

struct locked_zip {
	zip_t *zip;
	const char *password;
	int fd;
	int error; /* of the first write that failed; 0: none */
};

/* ---- what libzip writes to ---- */

static zip_int64_t write_all(struct locked_zip *z, const void *bytes,
			     zip_uint64_t len)
{
	const uint8_t *at = bytes;
	zip_uint64_t left = len;
	while (left) {
		ssize_t n = write(z->fd, at, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			z->error = z->error ? z->error : n ? errno : EIO;
			return -1;
		}
		at += n;
		left -= (zip_uint64_t)n;
	}
	return (zip_int64_t)len;
}

static zip_int64_t seek(struct locked_zip *z, void *data, zip_uint64_t len)
{
	const zip_source_args_seek_t *to =
	    ZIP_SOURCE_GET_ARGS(zip_source_args_seek_t, data, len, NULL);
	return to && lseek(z->fd, to->offset, to->whence) >= 0 ? 0 : -1;
}

static zip_int64_t tell_error(int code, int system, void *data,
			      zip_uint64_t len)
{
	zip_error_t e;
	zip_error_init(&e);
	zip_error_set(&e, code, system);
	zip_int64_t result = zip_error_to_data(&e, data, len);
	zip_error_fini(&e);
	return result;
}

/* There is nothing in it yet that could be read, which libzip wants to be told
 * as a file that is not there. */
static zip_int64_t on_output(void *context, void *data, zip_uint64_t len,
			     zip_source_cmd_t command)
{
	struct locked_zip *z = context;
	switch (command) {
	case ZIP_SOURCE_SUPPORTS:
		return ZIP_SOURCE_SUPPORTS_WRITABLE;
	case ZIP_SOURCE_ERROR:
		return tell_error(z->error ? ZIP_ER_WRITE : ZIP_ER_READ,
				  z->error ? z->error : ENOENT, data, len);
	case ZIP_SOURCE_BEGIN_WRITE:
	case ZIP_SOURCE_COMMIT_WRITE:
	case ZIP_SOURCE_ROLLBACK_WRITE:
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_FREE:
		return 0;
	case ZIP_SOURCE_WRITE:
		return write_all(z, data, len);
	case ZIP_SOURCE_SEEK_WRITE:
		return seek(z, data, len);
	case ZIP_SOURCE_TELL_WRITE:
		return lseek(z->fd, 0, SEEK_CUR);
	default:
		return -1;
	}
}

/* ---- what it reads from ---- */

struct entry {
	struct locked_file file;
	struct slice left; /* of the bytes, not yet read */
};

static zip_int64_t entry_read(struct entry *e, void *data, zip_uint64_t len)
{
	struct slice some = slice_to(e->left, len);
	if (some.len)
		memcpy(data, some.data, some.len);
	e->left = slice_from(e->left, some.len);
	return (zip_int64_t)some.len;
}

static zip_int64_t entry_stat(const struct entry *e, zip_stat_t *st)
{
	zip_stat_init(st);
	st->size = e->file.len;
	st->mtime = (time_t)(e->file.time / NS_PER_SECOND);
	st->valid = ZIP_STAT_SIZE | ZIP_STAT_MTIME;
	return sizeof *st;
}

static zip_int64_t on_entry(void *context, void *data, zip_uint64_t len,
			    zip_source_cmd_t command)
{
	struct entry *e = context;
	switch (command) {
	case ZIP_SOURCE_SUPPORTS:
		return ZIP_SOURCE_SUPPORTS_READABLE;
	case ZIP_SOURCE_OPEN:
		e->left = e->file.open(e->file.context);
		return 0;
	case ZIP_SOURCE_READ:
		return entry_read(e, data, len);
	case ZIP_SOURCE_CLOSE:
		e->file.close(e->file.context);
		return 0;
	case ZIP_SOURCE_STAT:
		return entry_stat(e, data);
	case ZIP_SOURCE_ERROR:
		return tell_error(ZIP_ER_OK, 0, data, len);
	case ZIP_SOURCE_FREE:
		free(e);
		return 0;
	default:
		return -1;
	}
}

/* ---- the zip ---- */

struct locked_zip *locked_zip_new(int fd, const char *password)
{
	struct locked_zip *z = xcalloc(1, sizeof *z);
	z->fd = fd;
	z->password = password;
	zip_source_t *output = zip_source_function_create(on_output, z, NULL);
	if (output)
		z->zip = zip_open_from_source(output, ZIP_CREATE | ZIP_TRUNCATE,
					      NULL);
	if (!z->zip)
		log_fatal("out of memory");
	return z;
}

void locked_zip_add(struct locked_zip *z, const struct locked_file *f)
{
	struct entry *e = xcalloc(1, sizeof *e);
	e->file = *f;
	zip_source_t *source = zip_source_function(z->zip, on_entry, e);
	zip_int64_t i = -1;
	if (source)
		i = zip_file_add(z->zip, f->name, source, ZIP_FL_ENC_UTF_8);
	zip_uint64_t at = (zip_uint64_t)i;
	if (i < 0 ||
	    zip_set_file_compression(z->zip, at, ZIP_CM_DEFLATE, LEVEL) ||
	    zip_file_set_encryption(z->zip, at, ZIP_EM_TRAD_PKWARE,
				    z->password) ||
	    zip_file_set_external_attributes(z->zip, at, 0, ZIP_OPSYS_UNIX,
					     (zip_uint32_t)(S_IFREG | 0600)
						 << 16))
		log_fatal("out of memory");
}

static int error_of(struct locked_zip *z)
{
	zip_error_t *e = zip_get_error(z->zip);
	int system = zip_error_code_system(e);
	if (z->error)
		return z->error;
	log_debug("libzip: %s", zip_error_strerror(e));
	return system ? system : EIO;
}

int locked_zip_end(struct locked_zip *z)
{
	int error = 0;
	if (zip_close(z->zip)) {
		error = error_of(z);
		zip_discard(z->zip);
	}
	free(z);
	return error;
}

void locked_zip_drop(struct locked_zip *z)
{
	zip_discard(z->zip);
	free(z);
}
