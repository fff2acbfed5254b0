/* Preloaded into a program under test: makes calls of the C library fail when
 * a test says so, shortens reads and writes, and sets the clocks. The test
 * says it in the file that FAULTS names, which holds a struct faults.
 *
 * Where off_t has 64 bits by itself no program or library asks for names that
 * end in 64 (nm -D), but libcrypto for fopen64. Not covered: that one, what
 * glibc calls inside (stdio, opendir, getpwnam, its threads' futexes), what
 * goes by syscall(), as Landlock does, and setting users, groups and the
 * confinement, without which replay does not begin. */
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static struct faults *faults; /* NULL: the test says nothing */

/* By the system itself: the calls below are ours already. */
__attribute__((constructor)) static void map_faults(void)
{
	const char *path = getenv("FAULTS");
	long fd = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0) : -1;
	if (fd < 0)
		return;
	long at = syscall(SYS_mmap, NULL, sizeof *faults,
			  PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	syscall(SYS_close, fd);
	if (at > 0)
		faults = (struct faults *)at;
}

static bool fails(enum fault_call call)
{
	if (!faults)
		return false;
	__atomic_fetch_add(&faults->calls[call], 1, __ATOMIC_RELAXED);
	if (!faults->error || faults->call != (int32_t)call ||
	    __atomic_sub_fetch(&faults->skip, 1, __ATOMIC_RELAXED) >= 0 ||
	    __atomic_sub_fetch(&faults->times, 1, __ATOMIC_RELAXED) < 0)
		return false;
	__atomic_fetch_add(&faults->done, 1, __ATOMIC_RELAXED);
	errno = faults->error;
	return true;
}

static size_t shorter(size_t len)
{
	size_t max = faults ? (size_t)faults->shorten : 0;
	return max && len > max ? max : len;
}

/* The function behind ours, of whatever library comes next. */
#define REAL(name)                                                             \
	static __typeof__(name) *real;                                         \
	if (!real)                                                             \
	real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* name(parameters), called with arguments, returns failed when it fails. */
#define FAULT(type, name, parameters, arguments, failed)                       \
	type name parameters                                                   \
	{                                                                      \
		REAL(name);                                                    \
		return fails(FAULT_##name) ? (failed) : real arguments;        \
	}

FAULT(int, accept4, (int fd, struct sockaddr *a, socklen_t *l, int f),
      (fd, a, l, f), -1)
FAULT(ssize_t, read, (int fd, void *b, size_t n), (fd, b, shorter(n)), -1)
FAULT(ssize_t, recv, (int fd, void *b, size_t n, int f), (fd, b, shorter(n), f),
      -1)
FAULT(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, shorter(n)),
      -1)
FAULT(ssize_t, send, (int fd, const void *b, size_t n, int f),
      (fd, b, shorter(n), f), -1)
FAULT(ssize_t, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f), -1)
FAULT(ssize_t, recvmsg, (int fd, struct msghdr *m, int f), (fd, m, f), -1)
FAULT(int, socketpair, (int domain, int type, int protocol, int fds[2]),
      (domain, type, protocol, fds), -1)
FAULT(pid_t, fork, (void), (), -1)
FAULT(int, mkostemp, (char *name, int flags), (name, flags), -1)
FAULT(int, mkdir, (const char *path, mode_t mode), (path, mode), -1)
FAULT(int, link, (const char *old, const char *new), (old, new), -1)
FAULT(int, unlink, (const char *path), (path), -1)
FAULT(int, fsync, (int fd), (fd), -1)
FAULT(ssize_t, pread, (int fd, void *b, size_t n, off_t at),
      (fd, b, shorter(n), at), -1)
FAULT(ssize_t, pwrite, (int fd, const void *b, size_t n, off_t at),
      (fd, b, shorter(n), at), -1)
FAULT(int, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n), errno)
FAULT(int, shutdown, (int fd, int how), (fd, how), -1)
FAULT(int, setsockopt,
      (int fd, int level, int name, const void *v, socklen_t n),
      (fd, level, name, v, n), -1)
FAULT(int, getsockopt, (int fd, int level, int name, void *v, socklen_t *n),
      (fd, level, name, v, n), -1)
FAULT(int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n),
      -1)
FAULT(int, socket, (int domain, int type, int protocol),
      (domain, type, protocol), -1)
FAULT(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n),
      -1)
FAULT(int, listen, (int fd, int n), (fd, n), -1)
FAULT(int, epoll_create1, (int flags), (flags), -1)
FAULT(int, epoll_wait, (int fd, struct epoll_event *e, int n, int ms),
      (fd, e, n, ms), -1)
FAULT(int, pipe2, (int fds[2], int flags), (fds, flags), -1)
FAULT(int, eventfd, (unsigned n, int flags), (n, flags), -1)
FAULT(int, fstat, (int fd, struct stat *s), (fd, s), -1)
FAULT(int, stat, (const char *path, struct stat *s), (path, s), -1)
FAULT(off_t, lseek, (int fd, off_t at, int from), (fd, at, from), -1)
FAULT(void *, mmap, (void *at, size_t n, int p, int f, int fd, off_t o),
      (at, n, p, f, fd, o), MAP_FAILED)
FAULT(int, munmap, (void *at, size_t n), (at, n), -1)
FAULT(int, madvise, (void *at, size_t n, int what), (at, n, what), -1)
FAULT(int, ftruncate, (int fd, off_t n), (fd, n), -1)
FAULT(ssize_t, getrandom, (void *b, size_t n, unsigned f), (b, n, f), -1)
FAULT(int, sigaction, (int n, const struct sigaction *s, struct sigaction *old),
      (n, s, old), -1)
FAULT(int, getrlimit, (__rlimit_resource_t what, struct rlimit *r), (what, r),
      -1)
FAULT(int, setrlimit, (__rlimit_resource_t what, const struct rlimit *r),
      (what, r), -1)
FAULT(int, pthread_create,
      (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *c),
      (t, a, f, c), errno)

/* Only what is added needs memory. */
int epoll_ctl(int fd, int op, int on, struct epoll_event *e)
{
	REAL(epoll_ctl);
	if (op == EPOLL_CTL_ADD && fails(FAULT_epoll_ctl))
		return -1;
	return real(fd, op, on, e);
}

/* A descriptor is closed even where close says that it failed. */
int close(int fd)
{
	REAL(close);
	bool failed = fails(FAULT_close);
	int error = errno, result = real(fd);
	if (failed)
		errno = error;
	return failed ? -1 : result;
}

/* Of several pieces the first alone, shortened, if they are to be short. */
ssize_t readv(int fd, const struct iovec *v, int n)
{
	REAL(readv);
	struct iovec first = *v;
	if (fails(FAULT_readv))
		return -1;
	first.iov_len = shorter(first.iov_len);
	return faults && faults->shorten ? real(fd, &first, 1) : real(fd, v, n);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	REAL(writev);
	struct iovec first = *v;
	if (fails(FAULT_writev))
		return -1;
	first.iov_len = shorter(first.iov_len);
	return faults && faults->shorten ? real(fd, &first, 1) : real(fd, v, n);
}

/* Those with arguments that may be there or not. */
static void *last_argument(va_list args)
{
	return va_arg(args, void *);
}

#define FAULT_OPEN(name, parameters, arguments)                                \
	int name parameters                                                    \
	{                                                                      \
		REAL(name);                                                    \
		va_list args;                                                  \
		va_start(args, last);                                          \
		void *more = last_argument(args);                              \
		va_end(args);                                                  \
		return fails(FAULT_##name) ? -1 : real arguments;              \
	}

FAULT_OPEN(open, (const char *path, int last, ...),
	   (path, last, (mode_t)(uintptr_t)more))
FAULT_OPEN(openat, (int at, const char *path, int last, ...),
	   (at, path, last, (mode_t)(uintptr_t)more))
FAULT_OPEN(fcntl, (int fd, int last, ...), (fd, last, more))
FAULT_OPEN(ioctl, (int fd, unsigned long last, ...), (fd, last, more))

void *mremap(void *old, size_t size, size_t new, int flags, ...)
{
	if (fails(FAULT_mremap))
		return MAP_FAILED;
	return (void *)syscall(SYS_mremap, old, size, new, flags, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	REAL(clock_gettime);
	int result = real(clock, t);
	if (result || !faults)
		return result;
	bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	bool steady = clock == CLOCK_MONOTONIC ||
		      clock == CLOCK_MONOTONIC_COARSE ||
		      clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME;
	int64_t all = t->tv_sec * INT64_C(1000000000) + t->tv_nsec +
		      (wall     ? faults->wall
		       : steady ? faults->steady
				: 0);
	t->tv_sec = all / 1000000000;
	t->tv_nsec = all % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec t;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	tv->tv_sec = t.tv_sec;
	tv->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

#ifdef FAULTS_MALLOC
/* The sanitizers have an allocator of their own. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *old, size_t n);

void *malloc(size_t n)
{
	return fails(FAULT_malloc) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
	return fails(FAULT_malloc) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *old, size_t n)
{
	return fails(FAULT_malloc) ? NULL : __libc_realloc(old, n);
}
#endif
