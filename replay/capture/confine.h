/* What the process may still ask of the system: a list of system calls
 * (seccomp) and of files (Landlock), each stage narrower than the one before.
 * Whatever is not on the list ends the process at once, by SIGSYS.
 *
 * No stage executes a program, starts a process, traces or signals another one,
 * connects, or makes memory executable but for PCRE2's own. */
#ifndef CAPTURE_CONFINE_H
#define CAPTURE_CONFINE_H

#include <stdbool.h>

enum confine_stage {
	/* Captures and rule files become text on descriptors that are open.
	 * Any file may be opened for reading, as far as the user may; none for
	 * writing but unlinked temporary ones. No sockets. */
	CONFINE_READING,
	/* replay before it serves: the same of files, and ports are bound,
	 * root's rights given up. */
	CONFINE_STARTING,
	/* replay serves: connections are accepted, read and written. Nothing is
	 * opened: an attempt to read fails with EACCES, one to write ends the
	 * process. */
	CONFINE_SERVING,
	/* The process of opener.h: opens files for reading, hands them over. */
	CONFINE_OPENER,
	/* The process of site/cert_keeper.h, and --ca-cert: files are made and
	 * read. No sockets, nothing hostile. */
	CONFINE_KEEPING,
};

/* What a stage may also do. */
struct confine_also {
	bool compile; /* PCRE2 may compile expressions to machine code */
	/* CONFINE_READING: a directory that is open, in which new files may be
	 * made and written (O_EXCL, O_NOFOLLOW: nothing that is there, nothing
	 * that a link leads to). That they lie in it is Landlock's to keep.
	 * NULL: none. */
	const int *directory;
};

/* Enters the stage, for good, with no_new_privs. compiles: see confine_also, of
 * which there is nothing else then.
 *
 * CONFINE_SERVING also makes the process one that other processes of the user
 * may not look into (PR_SET_DUMPABLE), and must come before the threads that
 * serve: Landlock holds for the calling thread and those that it starts later,
 * the list of system calls for all. Returns 0, or -1 after having said why. */
int confine(enum confine_stage stage, bool compiles);
int confine_with(enum confine_stage stage, const struct confine_also *also);

#endif
