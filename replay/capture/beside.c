/* A process of its own beside this one. */
#include "beside.h"

#include "log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void ignore_signals(void)
{
	static const int others[] = {SIGINT,  SIGTERM, SIGHUP,
				     SIGQUIT, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		signal(others[i], SIG_IGN);
}

int beside_start(int type, void (*run)(int socket))
{
	int ends[2];
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends)) {
		log_warn("no pair of sockets: %s", strerror(errno));
		return -1;
	}
	pid_t child = fork();
	if (!child) {
		close(ends[0]);
		ignore_signals();
		run(ends[1]);
		_exit(EXIT_SUCCESS);
	}
	int error = errno;
	close(ends[1]);
	if (child > 0)
		return ends[0];
	log_warn("cannot start a process: %s", strerror(error));
	close(ends[0]);
	return -1;
}
