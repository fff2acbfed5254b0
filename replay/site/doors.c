/* What serving needs of the file system. */
#include "doors.h"

#include "cert.h"
#include "cert_keeper.h"

#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Not through a symbolic link: what the lab's user may write need not be what
 * root would overwrite. */
static int open_to_append(const char *path)
{
	int fd = open(path,
		      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
			  O_NOCTTY,
		      0600);
	if (fd < 0)
		log_warn("%s: %s", path,
			 errno == ELOOP ? "is a symbolic link"
					: strerror(errno));
	return fd;
}

static int open_log(const char *path)
{
	if (strcmp(path, "-") != 0)
		return open_to_append(path);
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		log_warn("standard output: %s", strerror(errno));
	return fd;
}

/* Of the usual place. Whoever has secrets told expects TLS, so it is made. */
static int open_usual(struct tls_options *o)
{
	struct buf directory = {0};
	bool missing = false;
	if (authority_place(&directory)) {
		buf_add_byte(&directory, 0);
		const char *place = (const char *)directory.data;
		errno = 0;
		o->authority =
		    o->secrets ? authority_open(place) : authority_kept(place);
		missing = !o->authority && !o->secrets && errno == ENOENT;
	}
	buf_release(&directory);
	return missing ? cert_keeper_start() : 0;
}

static int open_authority(struct tls_options *o)
{
	if (!o->ca)
		return open_usual(o);
	o->authority = authority_open(o->ca);
	return o->authority ? 0 : -1;
}

int doors_open(struct site_options *o)
{
	if (o->log && (o->log_fd = open_log(o->log)) < 0)
		return -1;
	if (o->tls.secrets &&
	    (o->tls.secrets_fd = open_to_append(o->tls.secrets)) < 0)
		return -1;
	return open_authority(&o->tls);
}

void doors_close(struct site_options *o)
{
	cert_keeper_end();
	authority_free(o->tls.authority);
	o->tls.authority = NULL;
}
