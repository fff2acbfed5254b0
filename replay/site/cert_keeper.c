/* The certificate authority of the usual place is made by a process of its
 * own. */
#include "cert_keeper.h"

#include "cert.h"

#include "capture/confine.h"
#include "capture/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDER 'm'
#define MADE 'y'

/* Our end; -1: there is no such process. */
static int keeper = -1;

/* ---- the process ---- */

/* Signals are replay's, which a terminal sends to both. */
static void stand_aside(void)
{
	static const int others[] = {SIGINT,  SIGTERM, SIGHUP,
				     SIGQUIT, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		signal(others[i], SIG_IGN);
}

static bool make(void)
{
	struct buf directory = {0};
	struct authority *a = NULL;
	if (authority_place(&directory)) {
		buf_add_byte(&directory, 0);
		a = authority_open((const char *)directory.data);
	}
	buf_release(&directory);
	authority_free(a);
	return a;
}

static void run(int from)
{
	char order, answer = 0;
	stand_aside();
	if (confine(CONFINE_KEEPING, false))
		return;
	if (read(from, &order, 1) != 1 || order != ORDER)
		return;
	if (make())
		answer = MADE;
	if (write(from, &answer, 1) != 1)
		return; /* nobody waits any more */
}

int cert_keeper_start(void)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		log_warn("no pair of sockets: %s", strerror(errno));
		return -1;
	}
	signal(SIGCHLD, SIG_IGN); /* nobody asks how it ended */
	pid_t child = fork();
	if (!child) {
		close(ends[0]);
		run(ends[1]);
		_exit(EXIT_SUCCESS);
	}
	close(ends[1]);
	if (child < 0) {
		log_warn("cannot start a process: %s", strerror(errno));
		close(ends[0]);
		return -1;
	}
	keeper = ends[0];
	return 0;
}

/* ---- whoever orders ---- */

bool cert_keeper_make(void)
{
	char order = ORDER, answer = 0;
	ssize_t n;
	if (keeper < 0 || send(keeper, &order, 1, MSG_NOSIGNAL) != 1)
		return false;
	do
		n = recv(keeper, &answer, 1, 0);
	while (n < 0 && errno == EINTR);
	cert_keeper_end();
	return n == 1 && answer == MADE;
}

void cert_keeper_end(void)
{
	if (keeper >= 0)
		close(keeper);
	keeper = -1;
}
