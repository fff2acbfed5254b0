/* From a request to its answer and its line in the log; no input or output. */
#ifndef SITE_REPLY_H
#define SITE_REPLY_H

#include "site.h"

struct tls_told;

struct reply {
	struct match match;
	struct answer answer;
	struct line line; /* begun; whoever sends the answer ends it */

	/* Held from the look-up to the answer's end. */
	struct edition *edition; /* that answers */
	struct kept *kept;       /* NULL: the answer goes out as recorded */
	struct waiter waiter;
	int64_t time;
	bool interim_sent;
};

/* How a request reached us. */
struct arrival {
	struct endpoint client, local;
	uint16_t port;      /* listened on; in a tunnel the port it leads to */
	bool for_all_ports; /* that port stands for every recorded one */
	bool any_address;   /* listened on: local is what the client meant */
	bool tunnel;        /* it came through one */
	bool http2;
	bool https;
	uint64_t flow;              /* see journal_flow */
	const struct tls_told *tls; /* NULL: it came in clear */
};

/* m is borrowed as long as q; q must stay where it is. The body is the
 * caller's to set. */
struct live {
	struct request request;
	struct buf host;    /* the address behind a steering name */
	struct buf referer; /* these with addresses for such names */
	struct buf unsteered;
	struct buf ruled; /* the target under the rules */
};

void live_begin(struct live *q, const struct message *m,
		const struct arrival *arrival, const struct site *site);
void live_release(struct live *q);

/* time: microseconds since the epoch. interim_sent: the client was told to go
 * on, by answer_interim or answer_continue. False: the answer must be made
 * first. Then r->waiter waits, and reply_go_on is to be called when it is
 * ready, with the same q, which may have moved; it returns the same. */
bool reply_find(const struct site *site, struct reply *r, struct live *q,
		int64_t time, bool interim_sent);
bool reply_go_on(const struct site *site, struct reply *r,
		 const struct request *q);
/* The answer from its first byte, once more; also of another exchange, if
 * r->match was set to one. Only where answers need not be waited for. */
void reply_again(const struct site *site, struct reply *r,
		 const struct request *q);
/* What may be said before the body of a request came: see match_expect. */
uint32_t reply_expect(const struct site *site, struct live *q, bool *bodiless);
/* status: code and reason. q: NULL if what came is no request. */
void reply_refuse(const struct site *site, struct reply *r,
		  const struct request *q, const struct arrival *arrival,
		  int64_t time, const char *status);
/* The line of a handshake that failed. */
void reply_failed(const struct site *site, struct reply *r,
		  const struct arrival *arrival, int64_t time,
		  const struct tls_told *told);
/* Microseconds that the recorded server let pass before this answer, if they
 * are to pass again (--pace); else 0. */
int64_t reply_delay(const struct site *site, const struct reply *r);
void reply_end(struct reply *r); /* the answer is out, or never will be */
void reply_release(struct reply *r);

#endif
