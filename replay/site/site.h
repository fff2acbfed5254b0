/* The pseudo web site: what all of its connections share. */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "edition.h"
#include "journal.h"
#include "place.h"

/* An address to listen on. */
struct listen {
	struct address address;
	bool one_port; /* that port alone, for every recorded host and port;
			  else every recorded port */
	uint16_t port; /* 0: any free one */
};

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", IPv6 without port with or
 * without brackets. */
bool listen_parse(const char *text, struct listen *l);

struct site_options {
	const struct listen *listens;
	size_t listen_count; /* 0: 127.0.0.1 on every recorded port */
	const char *log;     /* file of JSON lines, NULL for none */
	bool quiet;          /* no lines on standard error */
	bool exact;          /* no guesses */
	bool incomplete_404; /* 404 where the recorded answer is not whole */
	bool recode;
	bool pace;
	bool shift_dates;
	const char *const *rules; /* rule files */
	size_t rule_count;
	struct slice zone; /* of steering names, lower case */
};

/* Whether any answer may go out otherwise than recorded. */
static inline bool options_rewrite(const struct site_options *o)
{
	return o->rule_count || o->shift_dates || o->recode;
}

struct site {
	struct edition *edition; /* held; another one after a reload */
	const struct site_options *options;
	struct workers *workers; /* NULL: there is nothing to do */
	struct matcher *matcher; /* for target rules; NULL without rules */
	struct places *places;
	struct journal *journal;
};

#endif
