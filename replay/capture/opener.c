/* Rule files are opened by a process of their own. */
#include "opener.h"

#include "beside.h"
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FOLDERS_MAX 256  /* as many as there may be rule files */
#define FAILURES_MAX 100 /* in a row, to hear a question */
#define OPENING (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* A question is one of these, then a path with its NUL. */
enum question { QUESTION_OPEN = 'o', QUESTION_SEAL = 's' };

/* Our end; -1: there is no such process. */
static int opener = -1;
static bool owed; /* an answer that could not be taken, and is still to come */

/* ---- the process ---- */

struct folders {
	char *names[FOLDERS_MAX]; /* "" the current one, else with its slash */
	size_t count;
	bool sealed;
};

/* Of the path without its last component. */
static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

static bool has_folder(const struct folders *f, const char *path, size_t len)
{
	for (size_t i = 0; i < f->count; i++)
		if (strlen(f->names[i]) == len &&
		    !memcmp(f->names[i], path, len))
			return true;
	return false;
}

/* A last component of ".." is a directory, and no file to be opened. */
static bool may_open(struct folders *f, const char *path)
{
	size_t len = folder_len(path);
	if (has_folder(f, path, len))
		return true;
	if (f->sealed || f->count == FOLDERS_MAX)
		return false;
	f->names[f->count] = strndup(path, len);
	return f->names[f->count++];
}

/* The descriptor goes with the answer, which is what open left in errno. */
static bool send_answer(int to, int error, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof fd)];
	} control;
	struct iovec value = {&error, sizeof error};
	struct msghdr message = {.msg_iov = &value, .msg_iovlen = 1};
	if (!error) {
		memset(&control, 0, sizeof control);
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(head), &fd, sizeof fd);
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) >= 0;
}

/* Whoever asked waits: for an answer, or for our end. */
static void answer(int to, int error, int fd)
{
	if (send_answer(to, error, fd) || send_answer(to, errno, -1))
		return;
	_exit(EXIT_FAILURE);
}

static void open_for(int asker, struct folders *f, const char *path)
{
	int fd = -1;
	errno = EACCES;
	if (may_open(f, path))
		fd = open(path, OPENING);
	answer(asker, fd < 0 ? errno : 0, fd);
	if (fd >= 0)
		close(fd);
}

/* Nobody is to wait for the end of our output. */
static void close_output(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

static void run(int asker)
{
	static struct folders folders;
	char question[PATH_MAX + 2];
	ssize_t n;
	close_output();
	if (confine(CONFINE_OPENER, false))
		return;
	/* memory may be short for a while; n is 0 when replay has ended */
	for (int failures = 0; failures < FAILURES_MAX;) {
		n = recv(asker, question, sizeof question - 1, 0);
		if (!n)
			return;
		failures = n < 0 ? failures + 1 : 0;
		if (n < 0)
			continue;
		question[n] = '\0';
		if (question[0] == QUESTION_SEAL)
			folders.sealed = true;
		else
			open_for(asker, &folders, question + 1);
	}
}

int opener_start(void)
{
	opener = beside_start(SOCK_SEQPACKET, run);
	return opener < 0 ? -1 : 0;
}

/* ---- whoever asks it ---- */

static bool ask(enum question q, const char *path)
{
	char question[PATH_MAX + 1];
	size_t len = strlen(path) + 1;
	if (len > PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	question[0] = (char)q;
	memcpy(question + 1, path, len);
	return send(opener, question, len + 1, MSG_NOSIGNAL) >= 0;
}

static int take_answer(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	int error = 0, fd = -1;
	struct iovec value = {&error, sizeof error};
	struct msghdr message = {.msg_iov = &value,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	ssize_t n;
	do
		n = recvmsg(opener, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	owed = n < 0;
	if (n != sizeof error) {
		errno = n < 0 ? errno : EPIPE;
		return -1;
	}
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (!error && head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof fd);
	errno = error ? error : EMFILE; /* ours, if none came with it */
	return fd;
}

void opener_seal(void)
{
	if (opener >= 0)
		ask(QUESTION_SEAL, "");
}

/* Each answer is to its own question. */
static bool take_owed(void)
{
	if (!owed)
		return true;
	int fd = take_answer();
	if (fd >= 0)
		close(fd);
	return !owed;
}

int opener_open(const char *path)
{
	if (opener < 0)
		return open(path, OPENING);
	if (!take_owed())
		return -1;
	return ask(QUESTION_OPEN, path) ? take_answer() : -1;
}
