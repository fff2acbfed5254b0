/* What the process may still ask of the system. */
#include "confine.h"

#include "landlock.h"
#include "log.h"
#include "spool.h"
#include "tls_cipher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The leak checker of a sanitized build is a process that traces us, and the
 * reporter reads /proc. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||     \
    __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#if !defined SANITIZED &&                                                      \
    (defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__)
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* Stages, as bits. */
#define READING (1 << CONFINE_READING)
#define STARTING (1 << CONFINE_STARTING)
#define SERVING (1 << CONFINE_SERVING)
#define OPENER (1 << CONFINE_OPENER)
#define KEEPING (1 << CONFINE_KEEPING)
#define ALL (READING | STARTING | SERVING | OPENER | KEEPING)
#define NETWORK (STARTING | SERVING)
#define CAPTURES (READING | STARTING) /* are read */
#define FILES (CAPTURES | KEEPING)
#define SANITIZER (SANITIZED ? ALL : 0)

/* Calls that are allowed whatever their arguments. */
static const struct {
	int call;
	int stages;
} plain[] = {
    /* descriptors that are open */
    {SCMP_SYS(read), ALL},
    {SCMP_SYS(readv), ALL},
    {SCMP_SYS(pread64), ALL},
    {SCMP_SYS(write), ALL},
    {SCMP_SYS(writev), ALL},
    {SCMP_SYS(pwrite64), FILES},
    {SCMP_SYS(lseek), ALL},
    {SCMP_SYS(fstat), ALL},
    {SCMP_SYS(newfstatat), ALL}, /* glibc's fstat */
    {SCMP_SYS(statx), ALL},
    {SCMP_SYS(fcntl), ALL},
    {SCMP_SYS(close), ALL},
    {SCMP_SYS(fallocate), FILES},
    {SCMP_SYS(ftruncate), FILES},
    {SCMP_SYS(fadvise64), FILES},

    /* files */
    {SCMP_SYS(stat), FILES | SANITIZER},
    {SCMP_SYS(lstat), FILES | SANITIZER},
    {SCMP_SYS(access), FILES | SANITIZER},
    {SCMP_SYS(faccessat), FILES | SANITIZER},
    {SCMP_SYS(readlink), FILES | SANITIZER},
    {SCMP_SYS(readlinkat), FILES | SANITIZER},
    {SCMP_SYS(open), KEEPING},
    {SCMP_SYS(openat), KEEPING},
    {SCMP_SYS(mkdir), KEEPING},
    {SCMP_SYS(mkdirat), KEEPING},
    {SCMP_SYS(link), KEEPING},
    {SCMP_SYS(linkat), KEEPING},
    {SCMP_SYS(unlink), KEEPING},
    {SCMP_SYS(unlinkat), KEEPING},
    {SCMP_SYS(fsync), KEEPING},

    /* memory; mmap and mprotect below */
    {SCMP_SYS(brk), ALL},
    {SCMP_SYS(munmap), ALL},
    {SCMP_SYS(mremap), ALL},
    {SCMP_SYS(madvise), ALL},

    /* threads; clone below */
    {SCMP_SYS(futex), ALL},
    {SCMP_SYS(set_robust_list), ALL},
    {SCMP_SYS(rseq), ALL},
    {SCMP_SYS(gettid), ALL},
    {SCMP_SYS(getpid), ALL},
    {SCMP_SYS(setpriority), SERVING}, /* threads made nicer */
    {SCMP_SYS(sched_yield), ALL},
    {SCMP_SYS(sched_getaffinity), ALL},
    {SCMP_SYS(exit), ALL},
    {SCMP_SYS(exit_group), ALL},

    /* who we are: OpenSSL, before it trusts the environment */
    {SCMP_SYS(getuid), ALL},
    {SCMP_SYS(geteuid), ALL},
    {SCMP_SYS(getgid), ALL},
    {SCMP_SYS(getegid), ALL},

    /* signals and clocks */
    {SCMP_SYS(rt_sigaction), ALL},
    {SCMP_SYS(rt_sigprocmask), ALL},
    {SCMP_SYS(rt_sigreturn), ALL},
    {SCMP_SYS(sigaltstack), ALL},
    {SCMP_SYS(restart_syscall), ALL},
    {SCMP_SYS(clock_gettime), ALL},
    {SCMP_SYS(clock_getres), ALL},
    {SCMP_SYS(clock_nanosleep), ALL},
    {SCMP_SYS(nanosleep), ALL},
    {SCMP_SYS(gettimeofday), ALL},
    {SCMP_SYS(time), ALL},
    {SCMP_SYS(getrusage), ALL},
    {SCMP_SYS(sysinfo), ALL}, /* glibc's qsort */
    {SCMP_SYS(getrandom), ALL},

    /* waiting for events */
    {SCMP_SYS(poll), ALL},
    {SCMP_SYS(epoll_create1), NETWORK},
    {SCMP_SYS(epoll_create), NETWORK}, /* libevent's, where that fails */
    {SCMP_SYS(epoll_ctl), NETWORK},
    {SCMP_SYS(epoll_wait), NETWORK},
    {SCMP_SYS(epoll_pwait), NETWORK},
    {SCMP_SYS(epoll_pwait2), NETWORK},
    {SCMP_SYS(eventfd2), NETWORK},
    {SCMP_SYS(pipe2), NETWORK},
    {SCMP_SYS(timerfd_create), NETWORK},
    {SCMP_SYS(timerfd_settime), NETWORK},

    /* sockets; socket and sendto below */
    {SCMP_SYS(bind), STARTING},
    {SCMP_SYS(listen), STARTING},
    {SCMP_SYS(accept), SERVING},
    {SCMP_SYS(accept4), SERVING},
    {SCMP_SYS(recvfrom), NETWORK | OPENER},
    {SCMP_SYS(recvmsg), NETWORK | OPENER},
    {SCMP_SYS(sendmsg), OPENER},
    {SCMP_SYS(shutdown), NETWORK},
    {SCMP_SYS(setsockopt), NETWORK},
    {SCMP_SYS(getsockopt), NETWORK},
    {SCMP_SYS(getsockname), NETWORK},
    {SCMP_SYS(getpeername), NETWORK},

    /* the way into the next stage */
    {SCMP_SYS(prlimit64), STARTING | SANITIZER},
    {SCMP_SYS(setrlimit), STARTING},
    {SCMP_SYS(setgroups), STARTING},
    {SCMP_SYS(setresuid), STARTING},
    {SCMP_SYS(setresgid), STARTING},
    {SCMP_SYS(setuid), STARTING},
    {SCMP_SYS(setgid), STARTING},
    {SCMP_SYS(getresuid), STARTING},
    {SCMP_SYS(getresgid), STARTING},
    {SCMP_SYS(getgroups), STARTING},
    {SCMP_SYS(capset), STARTING},
    {SCMP_SYS(prctl), STARTING | SANITIZER},
    {SCMP_SYS(seccomp), STARTING},
    {SCMP_SYS(landlock_create_ruleset), STARTING},
    {SCMP_SYS(landlock_add_rule), STARTING},
    {SCMP_SYS(landlock_restrict_self), STARTING},

    {SCMP_SYS(clone), SANITIZER},
    {SCMP_SYS(ptrace), SANITIZER},
    {SCMP_SYS(wait4), SANITIZER},
    {SCMP_SYS(getppid), SANITIZER},
    {SCMP_SYS(getdents), SANITIZER},
    {SCMP_SYS(getdents64), SANITIZER},
    {SCMP_SYS(kill), SANITIZER},
    {SCMP_SYS(tgkill), SANITIZER},
    {SCMP_SYS(tkill), SANITIZER},
};

/* ---- calls that are allowed by their arguments ---- */

struct build {
	scmp_filter_ctx filter;
	const struct confine_also *also;
	int stage; /* as a bit */
	int error; /* the first, negative */
};

static void add(struct build *b, uint32_t action, int call, unsigned count,
		const struct scmp_arg_cmp *tests)
{
	int error =
	    seccomp_rule_add_array(b->filter, action, call, count, tests);
	/* A call that this processor does not have needs no rule, nor one that
	 * does what every other call does. */
	if (error && error != -EACCES && error != -EDOM && !b->error)
		b->error = error;
}

/* The bits of mask in an argument are these. */
static void allow_bits(struct build *b, int call, unsigned argument,
		       uint64_t mask, uint64_t bits)
{
	struct scmp_arg_cmp test =
	    SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, bits);
	add(b, SCMP_ACT_ALLOW, call, 1, &test);
}

#define UNNAMED (O_TMPFILE & ~O_DIRECTORY)
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC | UNNAMED)

/* flags: which argument they are. To read, and files without a name that will
 * never have one: O_EXCL with O_TMPFILE says so. */
static void allow_open(struct build *b, int call, unsigned flags,
		       bool named_temps)
{
	struct scmp_arg_cmp reads =
	    SCMP_CMP64(flags, SCMP_CMP_MASKED_EQ, WRITING, O_RDONLY);
	if (b->stage == SERVING && !SANITIZED) {
		add(b, SCMP_ACT_ERRNO(EACCES), call, 1, &reads);
		return;
	}
	add(b, SCMP_ACT_ALLOW, call, 1, &reads);
	if (!(b->stage & CAPTURES))
		return;
	allow_bits(b, call, flags, WRITING | O_EXCL, O_RDWR | O_EXCL | UNNAMED);
	if (named_temps)
		allow_bits(b, call, flags, WRITING | O_EXCL,
			   O_RDWR | O_CREAT | O_EXCL);
}

/* New files, by the descriptor of their directory. Where a path begins that is
 * not relative to it cannot be seen. */
static void allow_making(struct build *b)
{
	const uint64_t make = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
	if (b->stage != READING || !b->also->directory)
		return;
	const struct scmp_arg_cmp tests[] = {
	    SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)*b->also->directory, 0),
	    SCMP_A2_64(SCMP_CMP_MASKED_EQ, WRITING | O_EXCL | O_NOFOLLOW, make),
	    /* readable by nobody else, and never to be executed */
	    SCMP_A3_64(SCMP_CMP_EQ, 0600, 0),
	};
	add(b, SCMP_ACT_ALLOW, SCMP_SYS(openat), 3, tests);
}

/* PCRE2 asks for such memory; nothing else may be executable that was not when
 * the program began. */
static void allow_memory(struct build *b, bool compiles)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	const struct scmp_arg_cmp code[] = {
	    SCMP_A2_64(SCMP_CMP_EQ, PROT_READ | PROT_WRITE | PROT_EXEC, 0),
	    SCMP_A3_64(SCMP_CMP_EQ, (uint64_t)anonymous, 0),
	    SCMP_A4_32(SCMP_CMP_EQ, UINT32_MAX, 0),
	};
	allow_bits(b, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	allow_bits(b, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	if (compiles)
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 3, code);
}

/* Threads, no processes. What clone3 is asked for lies in memory, where it
 * cannot be seen: glibc then takes clone. */
static void allow_threads(struct build *b)
{
	const uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	const uint64_t other = CLONE_PTRACE | CLONE_VFORK | CLONE_NEWNS |
			       CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
			       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
	if (b->stage & (OPENER | KEEPING))
		return;
	if (!SANITIZED)
		allow_bits(b, SCMP_SYS(clone), 0, thread | other, thread);
	add(b, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

static void allow_sockets(struct build *b)
{
	/* Without an address: on connections that there are. */
	const struct scmp_arg_cmp nowhere = SCMP_A4_64(SCMP_CMP_EQ, 0, 0);
	static const int families[] = {AF_INET, AF_INET6};
	if (!(b->stage & NETWORK))
		return;
	add(b, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, &nowhere);
	for (int i = 0; i < 2 && b->stage == STARTING; i++) {
		struct scmp_arg_cmp family =
		    SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)families[i], 0);
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &family);
	}
}

/* How much there is to be read; whether it is a terminal, and how wide. */
static void allow_ioctl(struct build *b)
{
	static const unsigned long requests[] = {FIONREAD, TCGETS, TIOCGWINSZ};
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		struct scmp_arg_cmp request =
		    SCMP_A1_64(SCMP_CMP_EQ, requests[i], 0);
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &request);
	}
}

/* Limits are looked at, not set; abort ends us and nobody else. */
static void allow_self(struct build *b)
{
	const struct scmp_arg_cmp none = SCMP_A2_64(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp us =
	    SCMP_A0_64(SCMP_CMP_EQ, (uint64_t)getpid(), 0);
	if (b->stage != STARTING && !SANITIZED)
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, &none);
	if (!SANITIZED)
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &us);
}

static int fill(struct build *b, bool named_temps)
{
	/* The lists of both stages hold for the later one. */
	int stages = b->stage == STARTING ? STARTING | SERVING : b->stage;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].stages & stages)
			add(b, SCMP_ACT_ALLOW, plain[i].call, 0, NULL);
	if (b->stage != KEEPING) {
		allow_open(b, SCMP_SYS(open), 1, named_temps);
		allow_open(b, SCMP_SYS(openat), 2, named_temps);
	}
	if (b->stage & CAPTURES && named_temps)
		add(b, SCMP_ACT_ALLOW, SCMP_SYS(unlink), 0, NULL);
	allow_making(b);
	allow_memory(b, b->also->compile);
	allow_threads(b);
	allow_sockets(b);
	allow_ioctl(b);
	allow_self(b);
	return b->error;
}

static int filter_calls(int stage, const struct confine_also *also,
			bool named_temps)
{
	struct build b = {.filter = seccomp_init(SCMP_ACT_KILL_PROCESS),
			  .also = also,
			  .stage = stage};
	if (!b.filter)
		return -ENOMEM;
	int error = seccomp_attr_set(b.filter, SCMP_FLTATR_ACT_BADARCH,
				     SCMP_ACT_KILL_PROCESS);
	if (!error)
		error = seccomp_attr_set(b.filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!error)
		error = fill(&b, named_temps);
	if (!error)
		error = seccomp_load(b.filter);
	seccomp_release(b.filter);
	return error;
}

static void forbid_files(int stage, const struct confine_also *also,
			 bool named_temps)
{
	const char *temps[SPOOL_PLACES];
	struct landlock_allowed allowed = {
	    .read = stage != SERVING || SANITIZED,
	    .temps = temps,
	    .temp_count = stage & CAPTURES ? SPOOL_PLACES : 0,
	    .make = named_temps,
	    .bind = stage == STARTING,
	    .directory = stage == READING ? also->directory : NULL,
	};
	spool_places(temps);
	/* An authority may lie anywhere. */
	if (stage != KEEPING)
		landlock_confine(&allowed);
}

int confine(enum confine_stage stage, bool compiles)
{
	const struct confine_also also = {.compile = compiles};
	return confine_with(stage, &also);
}

int confine_with(enum confine_stage stage, const struct confine_also *also)
{
	int bit = 1 << stage;
	bool named = bit & CAPTURES && spool_needs_names();
	int error = 0;
	if (bit & FILES)
		tls_library_preload();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		error = -errno;
	/* Who checks for leaks has to look into us. */
	if (!error && bit == SERVING && prctl(PR_SET_DUMPABLE, SANITIZED))
		error = -errno;
	if (!error) {
		forbid_files(bit, also, named);
		error = filter_calls(bit, also, named);
	}
	if (!error)
		return 0;
	log_warn("cannot be confined (seccomp): %s", strerror(-error));
	return -1;
}
