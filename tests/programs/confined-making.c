/* Tries from inside what a process may make that extracts files: new ones in
 * one directory, and nothing else. Each try is a child of its own.
 *
 *     confined-making DIR    a directory that may be written in, with DIR/in,
 *                            DIR/out/file and DIR/out/link, a symbolic link
 *                            that leads nowhere
 *
 * Prints a line for each, "good", "skip" or "BAD" first; exits 1 if any is
 * bad. */
#include "capture/confine.h"
#include "capture/landlock.h"
#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOT_REFUSED 200 /* exit status, above any errno */
#define MAKE (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

static int in, out, bad;
static char elsewhere[4096]; /* an absolute name of DIR/in/made */

static long make_here(void)
{
	return open("made", MAKE, 0600);
}

static long make_in_another(void)
{
	return openat(in, "made", MAKE, 0600);
}

static long make_not_exclusive(void)
{
	return openat(out, "made", MAKE & ~O_EXCL, 0600);
}

static long make_following(void)
{
	return openat(out, "made", MAKE & ~O_NOFOLLOW, 0600);
}

static long make_to_read_too(void)
{
	return openat(out, "made", (MAKE & ~O_WRONLY) | O_RDWR, 0600);
}

static long make_truncating(void)
{
	return openat(out, "made", MAKE | O_TRUNC, 0600);
}

static long make_for_others(void)
{
	return openat(out, "made", MAKE, 0644);
}

static long make_to_execute(void)
{
	return openat(out, "made", MAKE, 0700);
}

static long write_old(void)
{
	return openat(out, "file", O_WRONLY | O_CLOEXEC);
}

static long truncate_old(void)
{
	return openat(out, "file", O_RDONLY | O_TRUNC | O_CLOEXEC);
}

static long make_nameless(void)
{
	return openat(out, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static long make_directory(void)
{
	return mkdirat(out, "made", 0700);
}

static long remove_old(void)
{
	return unlinkat(out, "file", 0);
}

static long link_old(void)
{
	return linkat(out, "file", out, "made", 0);
}

static long rename_old(void)
{
	return renameat(out, "file", out, "made");
}

static long link_symbolic(void)
{
	return symlinkat("file", out, "made");
}

static long change_mode(void)
{
	return fchmodat(out, "file", 0777, 0);
}

static const struct {
	const char *name;
	long (*call)(void);
} forbidden[] = {
    {"a file elsewhere", make_here},
    {"a file in another directory", make_in_another},
    {"a file without O_EXCL", make_not_exclusive},
    {"a file without O_NOFOLLOW", make_following},
    {"a file to read too", make_to_read_too},
    {"a file truncated", make_truncating},
    {"a file for others", make_for_others},
    {"a file to execute", make_to_execute},
    {"an old file to write", write_old},
    {"an old file truncated", truncate_old},
    {"a file to be named later", make_nameless},
    {"a directory", make_directory},
    {"unlink", remove_old},
    {"link", link_old},
    {"rename", rename_old},
    {"symlink", link_symbolic},
    {"chmod", change_mode},
};

/* ---- what the list of calls cannot see: names ---- */

static bool gives(const char *name, int error)
{
	return openat(out, name, MAKE, 0600) < 0 && errno == error;
}

static bool leaves_old(void)
{
	return gives("file", EEXIST) && gives("link", EEXIST);
}

static bool makes(void)
{
	struct stat st;
	int fd = openat(out, "made", MAKE, 0600);
	return fd >= 0 && write(fd, "made\n", 5) == 5 && !fstat(fd, &st) &&
	       st.st_mode == (S_IFREG | 0600) && !close(fd);
}

static bool stays_inside(void)
{
	return gives("../in/made", EACCES) && gives(elsewhere, EACCES);
}

static const struct {
	const char *name;
	bool (*well)(void);
	bool by_landlock;
} kept[] = {
    {"what is there is left alone", leaves_old, false},
    {"a new file", makes, false},
    {"no name leads out", stays_inside, true},
};

static int confine_here(void)
{
	const struct confine_also also = {.directory = &out};
	return confine_with(CONFINE_READING, &also);
}

static int wait_for(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void tell(bool good, const char *name, int status)
{
	printf("%s %s (status %x)\n", good ? "good" : "BAD", name,
	       (unsigned)status);
	bad += !good;
}

static void try_forbidden(size_t i)
{
	pid_t child = fork();
	if (!child)
		_exit(confine_here() || forbidden[i].call() >= 0 ? NOT_REFUSED
								 : errno);
	int status = wait_for(child);
	tell(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	     forbidden[i].name, status);
}

static bool has_landlock(void)
{
	const struct landlock_allowed none = {.read = true};
	pid_t child = fork();
	if (!child)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		      !landlock_confine(&none));
	return wait_for(child) == 0;
}

static void try_kept(size_t i)
{
	if (kept[i].by_landlock && !has_landlock()) {
		printf("skip %s (no Landlock in this kernel)\n", kept[i].name);
		return;
	}
	pid_t child = fork();
	if (!child)
		_exit(confine_here() || !kept[i].well());
	int status = wait_for(child);
	tell(status == 0, kept[i].name, status);
}

int main(int argc, char **argv)
{
	log_init(argv[0]);
	if (argc != 2)
		log_usage("one directory");
	char here[2048];
	if (chdir(argv[1]) || !getcwd(here, sizeof here))
		log_fatal("%s: %s", argv[1], strerror(errno));
	snprintf(elsewhere, sizeof elsewhere, "%s/in/made", here);
	in = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	out = open("out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in < 0 || out < 0)
		log_fatal("no directories in and out");
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < COUNT(forbidden); i++)
		try_forbidden(i);
	for (size_t i = 0; i < COUNT(kept); i++)
		try_kept(i);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
