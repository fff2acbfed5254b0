/* One event loop of the pseudo web site: its listeners, its connections, and
 * what other threads have it do.
 *
 * Each loop is one thread's and has an event base, connections and a site of
 * its own; no two loops touch the same of these. What another thread wants of
 * a loop it orders: a bit is set and an eventfd written, and the loop does it
 * at its next turn, between two answers. */
#ifndef SITE_SERVER_LOOP_H
#define SITE_SERVER_LOOP_H

#include "client.h"

#include <pthread.h>
#include <stdatomic.h>

enum order {
	ORDER_STOP = 1,     /* listens no more; ends each connection after the
			       answer in hand, then says drained */
	ORDER_LEAVE = 2,    /* leaves at once */
	ORDER_EDITION = 4,  /* see loop_hand */
	ORDER_RELOADED = 8, /* says reloaded */
	ORDER_ROOM = 16,    /* looks whether there is room */
	ORDER_NOTES = 32,   /* says noted */
};

struct loop;

/* What a loop says; on its thread. */
struct loop_hears {
	void (*drained)(void *context);
	void (*took)(void *context); /* the edition handed to it */
	void (*reloaded)(void *context);
	void (*room)(void *context); /* there is none any more, or some again */
	void (*failed)(void *context); /* its thread ended before it should */
	/* what it noted may be looked at now */
	void (*noted)(void *context, const struct loop *l);
};

/* How many connections there may be, in all loops together. */
struct room {
	size_t max;
	atomic_size_t taken;
	atomic_bool full; /* and loops wait for one to end */
	atomic_bool told;
};

struct listener;

struct loop {
	struct clients clients;
	struct listener *listeners;
	size_t listening;      /* of them */
	struct room *room;     /* all loops' */
	size_t counted;        /* connections, there */
	bool paused;           /* for want of room */
	struct event *retry;   /* after the system had no descriptor left */
	struct event *collect; /* what workers made; NULL without them */
	struct event *wake;
	int wake_fd; /* -1: none */
	atomic_uint orders;
	_Atomic(struct edition *) handed;
	const struct loop_hears *hears;
	void *context;
	pthread_t thread;
	bool runs; /* in that thread */
};

/* clients.site is set before, hears, context and room at any time before it
 * runs.
 * Returns 0, or -1 after having said why. */
int loop_init(struct loop *l);
/* Has clients accepted that arrive so, at each of the listeners. Takes the
 * socket, which is bound; at->local is its address. Returns 0, or -1 with
 * errno. */
int loop_listen(struct loop *l, int fd, const struct arrival *at);
/* Goes on until it is ordered to leave. In the caller's thread; in one of its
 * own, in which no signal is caught: returns 0, or -1 after having said why. */
int loop_run(struct loop *l);
int loop_start(struct loop *l);
void loop_join(struct loop *l); /* if it was started */

/* For any thread. */
void loop_order(struct loop *l, enum order order);
/* Takes the edition, which the loop then has; of two the later. */
void loop_hand(struct loop *l, struct edition *e);

/* Ends all connections; not the site. When it does not run. */
void loop_release(struct loop *l);

#endif
