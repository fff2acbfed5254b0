/* The event loops of the pseudo web site, and the signals.
 *
 * One loop a thread, options->threads of them. The first runs in the caller's
 * thread and alone catches signals; it orders the others: see server_loop.h. To
 * stop, each loop drains by itself, and the last one that has has all leave. A
 * new edition is made by the first loop for each of the others and taken by
 * them at their own turns: see reload.h. A new run begins for all at once: see
 * place.h. The threads are started when everything is open that will be. */
#ifndef SITE_SERVER_H
#define SITE_SERVER_H

#include "site.h"

/* To be called before captures are read: what asks a server for something,
 * SIGHUP and SIGUSR1, waits from now on until server_run answers it. */
void server_hold_signals(void);

/* Serves until a signal ends it. Returns 0, or -1 if it cannot begin, after
 * having said why. Takes rules, which may be NULL.
 *
 * supplement, which may be NULL, is a second recording. It answers requests
 * that name one of its hosts: if the recording has that host, only what the
 * recording has no answer for, be it a guess; if not, before the recording is
 * searched for the address that was meant. Rules do not apply to it. */
int server_run(const struct recording *recording,
	       const struct recording *supplement, struct rules *rules,
	       const struct site_options *options);

#endif
