/* The certificate authority of the usual place is made by a process of its
 * own. */
#include "cert_keeper.h"

#include "cert.h"

#include "capture/beside.h"
#include "capture/confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDER 'm'
#define MADE 'y'

/* Our end; -1: there is no such process. */
static int keeper = -1;

/* ---- the process ---- */

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
	signal(SIGCHLD, SIG_IGN); /* nobody asks how it ended */
	keeper = beside_start(SOCK_STREAM, run);
	return keeper < 0 ? -1 : 0;
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
