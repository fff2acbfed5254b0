/* The pseudo web site: what all connections of an event loop share.
 *
 * Each loop has a site of its own, and takes no lock for what is in it: the
 * parts that answering changes (editions with their stores, matcher, journal,
 * the sight of the places, TLS's scratch) are the loop's, what lies behind them
 * is either read-only or says in its header how it is shared. */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "edition.h"
#include "journal.h"
#include "place.h"
#include "tls.h"

#include "capture/identity.h"

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

#define SITE_LOOPS_MAX 64

struct site_options {
	const struct listen *listens;
	size_t listen_count;    /* 0: 127.0.0.1 on every recorded port */
	size_t max_connections; /* at a time, more wait; 0: as many as the
				   system gives descriptors for */
	const char *log;        /* file of JSON lines, NULL for none */
	int log_fd;             /* of it, open: see doors.h */
	bool quiet;             /* no lines on standard error */
	bool exact;             /* no guesses */
	bool incomplete_404;    /* 404 where the recorded answer is not whole */
	bool recode;
	bool pace;
	bool shift_dates;
	bool clock_recorded; /* the clients' clock stands at the recording's
				time: its dates are true as they are */
	const char *const *rules; /* rule files */
	size_t rule_count;
	bool no_h2;        /* to clients: HTTP/1.1 alone */
	struct slice zone; /* of steering names, lower case */
	struct tls_options tls;
	struct identity user; /* who serves */
	unsigned threads;     /* event loops, at most SITE_LOOPS_MAX; 0: one */
	const struct listen *status; /* where its page is; NULL: nowhere */
};

/* Whether the dates of the recording, and those of a supplement, move to the
 * clients' clock. */
static inline bool options_shift(const struct site_options *o)
{
	return o->shift_dates && !o->clock_recorded;
}

static inline bool options_shift_supplement(const struct site_options *o)
{
	return o->shift_dates || o->clock_recorded;
}

/* Whether any answer may go out otherwise than recorded. */
static inline bool options_rewrite(const struct site_options *o)
{
	return o->rule_count || options_shift(o) || o->recode;
}

static inline bool options_rewrite_supplement(const struct site_options *o)
{
	return options_shift_supplement(o) || o->recode;
}

struct notes;

struct site {
	struct edition *edition;    /* held; another one after a reload */
	struct edition *supplement; /* held; answers what the recording does not
				       hold. NULL: there is none */
	const struct site_options *options;
	struct workers *workers; /* NULL: there is nothing to do */
	struct matcher *matcher; /* for target rules; NULL without rules */
	struct places *places;
	struct places *supplement_places; /* NULL as that */
	int64_t clock_ahead; /* microseconds: the clients' clock - ours */
	struct journal *journal;
	struct notes *notes;  /* for the status page; NULL: there is none */
	struct tls_site *tls; /* NULL: there are no connections */
	/* Servers, by names and addresses, to which TLS or QUIC was recorded:
	 * of those that have nothing else it could not be read. NULL: none. */
	struct sealed *sealed;
	struct hosts *h2; /* to which HTTP/2 was; NULL: to none, or --no-h2 */
	bool beside;      /* these two are those of the loop beside */
};

struct rules;

/* The site of the first loop; its options and journal are set. Takes rules,
 * which may be NULL. supplement: see server_run. Returns 0, or -1 after having
 * said why. */
int site_init(struct site *s, const struct recording *recording,
	      const struct recording *supplement, struct rules *rules);
/* The same for another loop. Before any serves, as site_release is for after
 * that; the first one, which is beside nobody, is released last. */
int site_beside(struct site *s, const struct site *first);
void site_release(struct site *s);
/* Takes the edition, for answers that begin from then on. */
void site_take(struct site *s, struct edition *e);

#endif
