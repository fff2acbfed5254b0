/* A connection to the status page: one request, one answer. */
#ifndef SITE_STATUS_VISITOR_H
#define SITE_STATUS_VISITOR_H

#include "status_page.h"

struct bufferevent;
struct event;
struct event_base;

#define VISITORS_MAX 32    /* at a time; one more is not let in */
#define VISITOR_SECONDS 20 /* for all of it */
#define VISITOR_HEAD_MAX ((size_t)16 << 10)

struct visitor {
	struct visitors *all;
	struct visitor *next, *before;
	struct bufferevent *events;
	struct event *late;
	enum status_wish wish;
	bool head;    /* HEAD */
	bool waits;   /* for the JSON */
	bool leaving; /* once all is sent */
};

struct visitors {
	struct event_base *base;
	const struct status_page *page;
	struct visitor *first;
	size_t count;
	/* One more wants to know; visitors_answer has to follow. */
	void (*ask)(void *context);
	void *context;
};

/* Takes the socket. */
void visitors_let_in(struct visitors *v, int fd);
/* Answers those that wait. */
void visitors_answer(struct visitors *v, struct slice json);
void visitors_free(struct visitors *v); /* all of them, now */

#endif
