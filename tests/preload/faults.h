/* What a test tells the preloaded library, in a file that both map. */
#ifndef TESTS_PRELOAD_FAULTS_H
#define TESTS_PRELOAD_FAULTS_H

#include <stdint.h>

/* X(name): calls of the C library that can be made to fail. */
#define FAULT_CALLS(X)                                                         \
	X(accept4)                                                             \
	X(read)                                                                \
	X(readv)                                                               \
	X(recv)                                                                \
	X(write)                                                               \
	X(writev)                                                              \
	X(send)                                                                \
	X(sendmsg)                                                             \
	X(recvmsg)                                                             \
	X(socketpair)                                                          \
	X(fork)                                                                \
	X(close)                                                               \
	X(shutdown)                                                            \
	X(ioctl)                                                               \
	X(fcntl)                                                               \
	X(setsockopt)                                                          \
	X(getsockopt)                                                          \
	X(getsockname)                                                         \
	X(socket)                                                              \
	X(bind)                                                                \
	X(listen)                                                              \
	X(epoll_create1)                                                       \
	X(epoll_ctl)                                                           \
	X(epoll_wait)                                                          \
	X(pipe2)                                                               \
	X(eventfd)                                                             \
	X(open)                                                                \
	X(openat)                                                              \
	X(mkostemp)                                                            \
	X(mkdir)                                                               \
	X(link)                                                                \
	X(unlink)                                                              \
	X(fsync)                                                               \
	X(pread)                                                               \
	X(pwrite)                                                              \
	X(posix_fallocate)                                                     \
	X(fstat)                                                               \
	X(stat)                                                                \
	X(lseek)                                                               \
	X(mmap)                                                                \
	X(munmap)                                                              \
	X(mremap)                                                              \
	X(madvise)                                                             \
	X(ftruncate)                                                           \
	X(getrandom)                                                           \
	X(sigaction)                                                           \
	X(getrlimit)                                                           \
	X(setrlimit)                                                           \
	X(pthread_create)                                                      \
	X(malloc)

enum fault_call {
#define FAULT_ENUM(name) FAULT_##name,
	FAULT_CALLS(FAULT_ENUM)
#undef FAULT_ENUM
	    FAULT_COUNT
};

/* All zero: nothing is done. Numbers as the machine has them. */
struct faults {
	int32_t call;         /* which of them fails, */
	int32_t error;        /* with this errno; 0: none does */
	int32_t skip;         /* so many calls pass before */
	int32_t times;        /* that fail then */
	int32_t done;         /* that did */
	int32_t shorten;      /* reads and writes take so many bytes at most */
	int64_t wall, steady; /* nanoseconds that the clocks are ahead */
	int32_t calls[64];    /* how often each was called */
};

#endif
