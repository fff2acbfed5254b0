/* What ends a program, done in a child. */
#ifndef TESTS_UNIT_FORKED_H
#define TESTS_UNIT_FORKED_H

#include "unit.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs it with standard output and standard error in one pipe, whose text goes
 * to text. Returns the exit status; what comes back from it exits with 42. */
static inline int forked(void (*ends)(void *context), void *context, char *text,
			 size_t size)
{
	int ends_of_pipe[2], status;
	size_t len = 0;
	ssize_t n;
	fflush(stdout);
	assert_int_equal(pipe(ends_of_pipe), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(ends_of_pipe[1], STDOUT_FILENO);
		dup2(ends_of_pipe[1], STDERR_FILENO);
		close(ends_of_pipe[0]);
		ends(context);
		fflush(stdout);
		exit(42);
	}
	close(ends_of_pipe[1]);
	while ((n = read(ends_of_pipe[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(ends_of_pipe[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif
