/* One live connection, from its first byte to client_close. */
#ifndef SITE_CLIENT_H
#define SITE_CLIENT_H

#include "reply.h"

struct event;
struct event_base;
struct client;

/* The connections of one event loop, and what they need of it. */
struct clients {
	struct site site;
	struct event_base *base;
	struct event *flush; /* to be made active when log lines wait */
	struct event *look;  /* at all of them, while there are any */
	struct client *first;
	size_t count;
	bool stopping;               /* each ends after the answer in hand */
	void (*left)(void *context); /* one did, but for the last ones */
	void (*none_left)(void *context); /* while stopping */
	void *context;
};

/* Takes the socket. */
void client_new(struct clients *all, int fd, const struct arrival *arrival);
/* Ends the connections that wait for a request, and the others after the
 * answer in hand. */
void clients_stop(struct clients *all);
/* Ends all of them now. */
void clients_free(struct clients *all);

#endif
