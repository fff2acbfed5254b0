/* What a right reader must find in the capture, written beside it: a table,
 * tab-separated, whose first line names the columns, and the raw bytes. */
#ifndef CAPTURES_TRUTH_H
#define CAPTURES_TRUTH_H

#include "wire.h"

struct truth {
	FILE *table;      /* NULL: not wanted */
	const char *wire; /* directory of raw messages, NULL: not wanted */
	unsigned count, unread;
};

/* One exchange. */
struct fate {
	const char *state;  /* as in replay --list; NULL: complete */
	const char *method; /* NULL: GET */
	const char *host;   /* NULL: none */
	const char *target;
	int status;      /* 0: none */
	bool doubtful;   /* careful readers may differ */
	struct str body; /* borrowed: transfer coding off, content coding on */
};

void truth_begin(struct truth *t);
/* In the order of the requests' first bytes. request and response are what
 * the capture holds of them, response with the interim ones before it. */
void truth_add(struct truth *t, const struct conn *c, const struct fate *f,
	       const struct str *request, const struct str *response);

/* A connection of which nothing is to be read: what its sides have said so far,
 * as NN.sent and NN.received beside the messages. */
void truth_unread(struct truth *t, const struct conn *c);

#endif
