/* A live connection as those see it who speak HTTP on it: what comes in, what
 * goes out, in clear or by TLS, and its end. */
#ifndef SITE_CLIENT_WIRE_H
#define SITE_CLIENT_WIRE_H

#include "client.h"
#include "reply.h"

#include <sys/types.h>

struct bufferevent;
struct evbuffer;
struct timeval;

/* Of what clients say, HTTP/1 and HTTP/2 alike. */
#define HEAD_MAX (256U << 10)
#define BODY_MAX (64U << 20)
#define IDLE_SECONDS 120 /* between any two bytes */
#define HEAD_SECONDS 60  /* for a whole head */
#define BODY_SECONDS 60  /* for a body, and one for each BODY_RATE bytes */
#define BODY_RATE 512

/* Who speaks on a connection. */
struct speaker {
	/* The socket takes more. Returns whether the client is there and what
	 * it said may be looked at. */
	bool (*writable)(struct client *c);
	/* Whether the client waits for us, so that its silence is none. */
	bool (*busy)(const struct client *c);
	/* Now and then: ends a request that takes too long. Returns whether
	 * the client is there. idle: it has been silent for a while, so what
	 * memory can be had again is given back. */
	bool (*look)(struct client *c, bool idle);
	/* The site stops: to end after what is in hand. */
	void (*stop)(struct client *c);
	/* Frees what it keeps in c->talk; reason: see line_end. */
	void (*release)(struct client *c, const char *reason);
};

struct client {
	struct clients *all;
	struct client *next, *before;
	struct bufferevent *events; /* what comes in: the wire */
	struct evbuffer *in;        /* what the client says: the wire's input,
				       or in TLS what comes out of it */
	struct tls *tls;            /* NULL: in clear */
	struct event *writable;     /* the socket takes more */
	struct arrival arrival;
	int fd;

	const struct speaker *speaker; /* NULL: nobody yet */
	void *talk;                    /* the speaker's */
	/* What is done with input; NULL while none is wanted. Returns whether
	 * it got further, and the client is still there. */
	bool (*work)(struct client *c);
	/* Finds out who is to speak: the first work of a connection, or of what
	 * a tunnel carries; and then of what comes out of TLS. */
	bool (*first)(struct client *c);
	bool (*opened)(struct client *c);

	int64_t since;   /* when it came, or shaking hands or lingering
			    began */
	bool lately;     /* something came or went since the last look */
	bool wire_ended; /* the wire will bring no more */
	bool ended;      /* the client will send no more */
	bool silent;     /* TLS does not say that it ends */
	size_t lingered;
	size_t turn; /* bytes sent since others last had their turn */
};

/* Takes the socket. Nothing is done before client_run. NULL: it was closed,
 * since the system has no room for it. */
struct client *client_open(struct clients *all, int fd,
			   const struct arrival *arrival);
/* Every client ends here. */
void client_close(struct client *c, const char *reason);
/* Nothing more is said; the client closes, or is closed soon. For work. */
bool client_end(struct client *c);
bool client_reset(struct client *c);
/* Whether that was said. */
bool client_ends(const struct client *c);
/* Does what can be done with what came. */
void client_run(struct client *c);

/* A new speaker; the one before, if any, is released. */
void client_speak(struct client *c, const struct speaker *s, void *talk);

/* From here on it is TLS, and opened what is done in it. For work. */
bool client_begin_tls(struct client *c);
/* The line of a handshake that failed, and the end. For work. */
bool client_tls_failed(struct client *c, const struct tls_told *told);

int64_t client_now(const struct client *c); /* microseconds since the epoch */
/* For durations: microseconds by a clock that nobody sets. */
int64_t client_ticks(void);
/* Whether so many seconds went by since; since: of client_ticks. */
bool client_past(int64_t since, int64_t seconds);
/* Whether a body of which len bytes came comes too slowly. */
bool client_body_slow(int64_t since, uint64_t len);
/* Many connections wait as long: libevent keeps these in a queue. */
const struct timeval *client_timeout(const struct client *c, int seconds);

/* Whether more waits on the wire, behind what was unsealed at once. */
bool client_has_more(const struct client *c);
/* The next bytes that stand in one piece; empty if there are none. */
struct slice client_piece(struct evbuffer *in);

/* Sends some of the pieces, from their start on. Returns how many bytes were
 * taken, -1 on an error. *all: more may be sent at once; not if the socket
 * takes no more, nor after TURN_MAX bytes, since who reads as fast as is
 * written would keep all others waiting. */
ssize_t client_send(struct client *c, const struct slice *pieces, size_t count,
		    bool *all);
/* Calls the speaker when the socket takes more; or the client is closed, if
 * that cannot be waited for. */
void client_await(struct client *c);
/* Whether nothing is left for the wire, and the client still there. What is
 * left goes out when the socket takes it. */
bool client_drained(struct client *c);

/* The line of an answer is whole. */
void client_line_end(const struct client *c, struct line *line, uint64_t bytes,
		     const char *reason);

#endif
