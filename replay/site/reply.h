/* From a request to its answer and its line in the log; no input or output. */
#ifndef SITE_REPLY_H
#define SITE_REPLY_H

#include "site.h"

struct reply {
	struct match match;
	struct answer answer;
	struct line line; /* begun; whoever sends the answer ends it */
};

/* How a request reached us. */
struct arrival {
	struct address client, local;
	uint16_t port;      /* listened on; in a tunnel the port it leads to */
	bool for_all_ports; /* that port stands for every recorded one */
	bool https;
};

/* m is borrowed as long as q; q must stay where it is. The body is the
 * caller's to set. */
struct live {
	struct request request;
	struct buf steered; /* the address behind a steering name */
};

void live_begin(struct live *q, const struct message *m,
		const struct arrival *arrival);
void live_release(struct live *q);

/* time: microseconds since the epoch. interim_sent: the client was told to go
 * on, by answer_interim or answer_continue. */
void reply_find(const struct site *site, struct reply *r,
		const struct request *q, int64_t time, bool interim_sent);
/* status: code and reason. q: NULL if what came is no request. */
void reply_refuse(const struct site *site, struct reply *r,
		  const struct request *q, const struct address *client,
		  int64_t time, const char *status);
void reply_release(struct reply *r);

#endif
