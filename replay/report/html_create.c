/* The file that a report is written to. */
#include "html.h"

#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *why(const char *path, int error)
{
	char target[1];
	if (error == EEXIST && readlink(path, target, sizeof target) >= 0)
		return "is a symbolic link";
	return error == EEXIST ? "exists; a report is never written over a file"
			       : strerror(error);
}

int html_create(const char *path)
{
	bool standard = !strcmp(path, "-");
	int fd =
	    standard
		? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
		: open(path,
		       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       0600);
	if (fd < 0)
		log_warn("%s: %s", standard ? "standard output" : path,
			 why(path, errno));
	return fd;
}
