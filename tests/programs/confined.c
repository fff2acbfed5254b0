/* Tries from inside what a confined process may not do: each call in a child of
 * its own, which has to die by it. And what it must still be able to do.
 *
 *     confined DIR      a directory that may be written in, with DIR/in/file
 *                       and DIR/out/file
 *
 * Prints a line for each, "good" or "BAD" first; exits 1 if any is bad. */
#include "capture/confine.h"
#include "capture/landlock.h"
#include "capture/log.h"
#include "capture/opener.h"
#include "capture/spool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PAGE 4096
#define NOT_REFUSED 200 /* exit status, above any errno */

#if defined __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

static const char *top;
static int bad;

static struct sockaddr *somewhere(void)
{
	static struct sockaddr_in in = {.sin_family = AF_INET};
	in.sin_port = htons(9);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (struct sockaddr *)&in;
}

/* ---- what no stage may do. Each returns what the call did ---- */

static long do_exec(void)
{
	char *arguments[] = {(char *)"true", NULL};
	return execve("/bin/true", arguments, NULL);
}

static long do_execveat(void)
{
	char *arguments[] = {(char *)"true", NULL};
	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments, NULL, 0);
}

/* glibc takes clone, not fork. */
static long do_fork(void)
{
	pid_t child = fork();
	if (!child)
		_exit(0);
	return child;
}

static long do_own_fork(void)
{
#ifdef SYS_fork
	long child = syscall(SYS_fork);
	if (!child)
		_exit(0);
	return child;
#else
	return do_fork();
#endif
}

static long do_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long do_process_read(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {&byte, 1};
	return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static long do_kill(void)
{
	return kill(1, 0);
}

static long do_connect(void)
{
	return connect(STDIN_FILENO, somewhere(), sizeof(struct sockaddr_in));
}

static long do_sendto(void)
{
	return sendto(STDIN_FILENO, "", 1, 0, somewhere(),
		      sizeof(struct sockaddr_in));
}

static long do_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* By which glibc asks for addresses when it resolves a name. */
static long do_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long do_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long do_code(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static long do_written_code(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static long do_late_code(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(p, PAGE, PROT_READ | PROT_EXEC);
}

static long do_openat2(void)
{
	uint64_t how[3] = {O_RDONLY, 0, 0};
	return syscall(SYS_openat2, AT_FDCWD, "/dev/null", how, sizeof how);
}

static long do_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static long do_memfd(void)
{
	return memfd_create("x", 0);
}

static long do_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long do_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long do_keyctl(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long do_perf(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0);
}

static long do_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0);
}

static long do_mount(void)
{
	return syscall(SYS_mount, "none", "/", "none", 0UL, NULL);
}

static long do_chroot(void)
{
	return chroot("/");
}

static long do_old_calls(void)
{
#ifdef __x86_64__
	long number = 20, result; /* getpid, for 32 bits */
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
	return result;
#else
	raise(SIGSYS);
	return 0;
#endif
}

/* ---- what only the start of replay may do, or who makes an authority ---- */

static long do_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long do_bind(void)
{
	return bind(STDIN_FILENO, somewhere(), sizeof(struct sockaddr_in));
}

static long do_accept(void)
{
	return accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);
}

static long do_listen(void)
{
	return listen(STDIN_FILENO, 1);
}

static long do_write_open(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static long do_read_write_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static long do_create(void)
{
	return open("made", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long do_create_own(void)
{
	return open("made", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static long do_truncate(void)
{
	return open("in/file", O_RDONLY | O_TRUNC | O_CLOEXEC);
}

/* Such a file could be given a name. */
static long do_nameless(void)
{
	return open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

#ifdef SYS_creat
static long do_creat(void)
{
	return syscall(SYS_creat, "made", 0600);
}
#endif

static long do_mkdir(void)
{
	return mkdir("made", 0700);
}

static long do_link(void)
{
	return link("in/file", "made");
}

static long do_unlink(void)
{
	return unlink("out/file");
}

static long do_setuid(void)
{
	return setuid(0);
}

static long do_limit(void)
{
	uint64_t limit[2] = {64, 64};
	return syscall(SYS_prlimit64, 0, 7, limit, NULL);
}

/* ---- in no stage at all, of files ---- */

static long do_rename(void)
{
	return rename("in/file", "made");
}

static long do_symlink(void)
{
	return symlink("in/file", "made");
}

static long do_chmod(void)
{
	return chmod("in/file", 0777);
}

static long do_truncate_path(void)
{
	return truncate("in/file", 0);
}

#define STAGE(name) (1U << CONFINE_##name)
#define READING STAGE(READING)
#define STARTING STAGE(STARTING)
#define SERVING STAGE(SERVING)
#define OPENER STAGE(OPENER)
#define KEEPING STAGE(KEEPING)
#define ALL (READING | STARTING | SERVING | OPENER | KEEPING)

static const char *const stage_names[] = {
    [CONFINE_READING] = "reading", [CONFINE_STARTING] = "starting",
    [CONFINE_SERVING] = "serving", [CONFINE_OPENER] = "opener",
    [CONFINE_KEEPING] = "keeping",
};

/* The leak checker of a sanitized build needs those marked. */
static const struct {
	const char *name;
	long (*call)(void);
	unsigned stages;
	bool unsanitized;
} forbidden[] = {
    {"execve", do_exec, ALL, false},
    {"execveat", do_execveat, ALL, false},
    {"fork by clone", do_fork, ALL, true},
    {"fork", do_own_fork, ALL, false},
    {"ptrace", do_ptrace, ALL, true},
    {"process_vm_readv", do_process_read, ALL, false},
    {"kill", do_kill, ALL, true},
    {"connect", do_connect, ALL, false},
    {"sendto an address", do_sendto, ALL, false},
    {"a UNIX socket", do_unix_socket, ALL, false},
    {"a netlink socket", do_netlink_socket, ALL, false},
    {"a packet socket", do_packet_socket, ALL, false},
    {"memory to execute", do_code, ALL, false},
    {"PCRE2's memory without rules", do_written_code, ALL, false},
    {"mprotect to execute", do_late_code, ALL, false},
    {"openat2", do_openat2, ALL, false},
    {"unshare", do_unshare, ALL, false},
    {"memfd_create", do_memfd, ALL, false},
    {"io_uring_setup", do_io_uring, ALL, false},
    {"bpf", do_bpf, ALL, false},
    {"keyctl", do_keyctl, ALL, false},
    {"perf_event_open", do_perf, ALL, false},
    {"userfaultfd", do_userfaultfd, ALL, false},
    {"mount", do_mount, ALL, false},
    {"chroot", do_chroot, ALL, false},
    {"a call of 32 bits", do_old_calls, ALL, false},
    {"rename", do_rename, ALL, false},
    {"symlink", do_symlink, ALL, false},
    {"chmod", do_chmod, ALL, false},
    {"truncate", do_truncate_path, ALL, false},
    {"socket", do_socket, ALL & ~STARTING, false},
    {"accept", do_accept, READING | OPENER | KEEPING, false},
    {"bind", do_bind, ALL & ~STARTING, false},
    {"listen", do_listen, ALL & ~STARTING, false},
    {"open to write", do_write_open, ALL & ~KEEPING, false},
    {"open to read and write", do_read_write_open, ALL & ~KEEPING, false},
    {"open to create", do_create, ALL & ~KEEPING, false},
    {"open to create one's own", do_create_own, ALL & ~KEEPING, false},
    {"open to truncate", do_truncate, ALL & ~KEEPING, false},
    {"a file to be named later", do_nameless, ALL & ~KEEPING, false},
#ifdef SYS_creat
    {"creat", do_creat, ALL, false},
#endif
    {"mkdir", do_mkdir, ALL & ~KEEPING, false},
    {"link", do_link, ALL & ~KEEPING, false},
    {"unlink", do_unlink, ALL & ~KEEPING, false},
    {"setuid", do_setuid, ALL & ~STARTING, false},
    {"setrlimit", do_limit, ALL & ~STARTING, true},
};

/* ---- what must go on ---- */

static void *nothing(void *context)
{
	return context;
}

static bool can_thread(void)
{
	pthread_t thread;
	return !pthread_create(&thread, NULL, nothing, NULL) &&
	       !pthread_join(thread, NULL);
}

static bool can_read(void)
{
	int fd = open("in/file", O_RDONLY | O_CLOEXEC);
	char byte;
	return fd >= 0 && read(fd, &byte, 1) == 1;
}

/* Not even a mistake of a library's ends us. */
static bool cannot_read(void)
{
	return open("in/file", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES;
}

static bool can_spool(void)
{
	struct spool *s = spool_new();
	bool kept = spool_put(s, SLICE("kept"), 0);
	spool_free(s);
	return kept && spool_file() >= 0;
}

static bool can_compile(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool can_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = {.sin_family = AF_INET};
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&in, sizeof in) &&
	       !listen(fd, 1);
}

/* As an authority is made. */
static bool can_keep(void)
{
	int fd = open("kept", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0 && !mkdir("keeping", 0700) && !fsync(fd) &&
	       !link("kept", "keeping/kept") && !unlink("keeping/kept") &&
	       !unlink("kept") && can_read();
}

/* As replay does it: the rest of its start, then the narrower list. */
static bool can_go_on(void)
{
	return can_listen() && !confine(CONFINE_SERVING, true) &&
	       can_thread() && can_compile() && (SANITIZED || cannot_read());
}

static const struct {
	const char *name;
	bool (*can)(void);
	enum confine_stage stage;
	bool compiles;
	bool unsanitized;
} allowed[] = {
    {"threads", can_thread, CONFINE_READING, false, false},
    {"open to read", can_read, CONFINE_READING, false, false},
    {"temporary files", can_spool, CONFINE_READING, false, false},
    {"PCRE2's memory", can_compile, CONFINE_READING, true, false},
    {"open to read", can_read, CONFINE_STARTING, false, false},
    {"temporary files", can_spool, CONFINE_STARTING, false, false},
    {"the next stage", can_go_on, CONFINE_STARTING, true, false},
    {"threads", can_thread, CONFINE_SERVING, false, false},
    {"a mild answer to open", cannot_read, CONFINE_SERVING, false, true},
    {"PCRE2's memory", can_compile, CONFINE_SERVING, true, false},
    {"open to read", can_read, CONFINE_OPENER, false, false},
    {"files of its own", can_keep, CONFINE_KEEPING, false, false},
};

static void tell(bool good, const char *stage, const char *name, int status)
{
	printf("%s %s: %s", good ? "good" : "BAD", stage, name);
	if (!good && WIFSIGNALED(status))
		printf(" (signal %d)", WTERMSIG(status));
	else if (!good)
		printf(" (exit status %d)", WEXITSTATUS(status));
	putchar('\n');
	bad += !good;
}

static int wait_for(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void try_forbidden(size_t i, enum confine_stage stage)
{
	pid_t child = fork();
	if (!child) {
		if (confine(stage, false))
			_exit(NOT_REFUSED);
		long result = forbidden[i].call();
		_exit(result < 0 ? errno : NOT_REFUSED);
	}
	int status = wait_for(child);
	tell(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	     stage_names[stage], forbidden[i].name, status);
}

static void try_allowed(size_t i)
{
	pid_t child = fork();
	if (!child)
		_exit(confine(allowed[i].stage, allowed[i].compiles) ||
		      !allowed[i].can());
	int status = wait_for(child);
	tell(status == 0, stage_names[allowed[i].stage], allowed[i].name,
	     status);
}

/* ---- Landlock without the list of calls ---- */

static bool is_refused(long result)
{
	return result < 0 && errno == EACCES;
}

static int try_landlock(bool read)
{
	const char *const temps[] = {"out"};
	const struct landlock_allowed a = {
	    .read = read, .temps = temps, .temp_count = read ? 1 : 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !landlock_confine(&a))
		return NOT_REFUSED;
	int kept = open("out", O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	return !is_refused(do_write_open()) || !is_refused(do_create()) ||
	       !is_refused(do_exec()) || !is_refused(do_mkdir()) ||
	       read != can_read() || read != (kept >= 0);
}

static void check_landlock(bool read)
{
	const char *name = read ? "only to read" : "no file";
	pid_t child = fork();
	if (!child)
		_exit(try_landlock(read));
	int status = wait_for(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_REFUSED)
		printf("skip Landlock: %s (not in this kernel)\n", name);
	else
		tell(status == 0, "Landlock", name, status);
}

/* ---- the process that opens ---- */

static bool opens(const char *path)
{
	char byte;
	int fd = opener_open(path);
	bool works = fd >= 0 && read(fd, &byte, 1) == 1;
	if (fd >= 0)
		close(fd);
	return works;
}

static bool is_denied(const char *path)
{
	return opener_open(path) < 0 && errno == EACCES;
}

/* What it may be asked for is decided before it is sealed. */
static int try_opener(void)
{
	if (opener_start() || !opens("in/file") || opener_open("in/none") >= 0)
		return 1;
	opener_seal();
	if (confine(CONFINE_SERVING, false))
		return 2;
	if (!opens("in/file") || !opens("in/other"))
		return 3;
	if (opener_open("in/none") >= 0 || errno != ENOENT)
		return 4;
	static const char *const outside[] = {
	    "out/file", "in/../out/file", "/etc/passwd", "./in/file", "", "in"};
	for (size_t i = 0; i < COUNT(outside); i++)
		if (!is_denied(outside[i]))
			return 5 + (int)i;
	return 0;
}

static void check_opener(void)
{
	pid_t child = fork();
	if (!child)
		_exit(try_opener());
	int status = wait_for(child);
	tell(status == 0, "opener", "folders of before", status);
}

int main(int argc, char **argv)
{
	log_init(argv[0]);
	if (argc != 2)
		log_usage("one directory");
	top = argv[1];
	if (chdir(top))
		log_fatal("%s: %s", top, strerror(errno));
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < COUNT(forbidden); i++)
		for (int stage = CONFINE_READING; stage <= CONFINE_KEEPING;
		     stage++)
			if (forbidden[i].stages & 1U << stage &&
			    !(SANITIZED && forbidden[i].unsanitized))
				try_forbidden(i, (enum confine_stage)stage);
	for (size_t i = 0; i < COUNT(allowed); i++)
		if (!(SANITIZED && allowed[i].unsanitized))
			try_allowed(i);
	check_landlock(true);
	check_landlock(false);
	check_opener();
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
