/* replay --compare: the traffic of a replay held against the recording,
 * exchange by exchange.
 *
 * Each request of the replay is looked up as the server does, with a place for
 * each client among repeated answers, and the bytes that came back are held
 * against those that were recorded, then against those that replay makes of
 * them: by rules, or as a range cut out of a whole, or the head of what GET
 * gets. Where they are not what that exchange says, but what the first one of
 * the same key says that nobody asked for yet, that one it is: several clients
 * were recorded, and were perhaps not told apart.
 *
 * What was recorded in part counts as the same if the same part came back. */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include "chain.h"
#include "own.h"

#include "site/differ.h"
#include "site/site.h"

#define COMPARE_NONE UINT32_MAX

enum compare_result {
	COMPARE_SAME,      /* the very bytes of status, fields and body */
	COMPARE_REWRITTEN, /* as the rules make it */
	COMPARE_DIFFERENT,
	COMPARE_NOT_ASKED,
	COMPARE_NOT_RECORDED,
};
#define COMPARE_RESULTS (COMPARE_NOT_RECORDED + 1)

/* Why a recorded exchange was most likely not asked for, the first that
 * applies. */
enum compare_why {
	WHY_OWN,       /* the recorded client asked that on its own: own.h */
	WHY_CAUSE,     /* what leads to it was not reproduced */
	WHY_TUNNEL,    /* through a CONNECT or an upgrade, which is not
			  replayed */
	WHY_WARM,      /* the recorded client had it already and asked whether
			  it still holds (304); a fresh one does not */
	WHY_CACHED,    /* its URL was asked for before, and that answer could
			  be kept (RFC 9111 3) */
	WHY_PLUGIN,    /* content of a plug-in: Flash, Java, Silverlight, PDF;
			  the replay's client may have none */
	WHY_PROGRAM,   /* another program asked for it, by its User-Agent */
	WHY_CLICKED,   /* a link that waits for somebody to click it */
	WHY_COMPUTED,  /* no link leads to it: made by script, from time or
			  random numbers perhaps, or typed in */
	WHY_AGENT,     /* there is a link, and the replay's client has another
			  User-Agent: the page may ask for it */
	WHY_CONDITION, /* there is a link: another condition in the page */
};

/* A request of the replay. */
struct asking {
	enum compare_result result;
	enum match_step step;
	uint32_t recorded; /* the exchange it stands for; COMPARE_NONE: none */
	uint32_t nearest;  /* if none: what comes nearest; or COMPARE_NONE */
	uint32_t next;     /* request for the same exchange */
	enum own_kind own;
	bool only_304; /* of that URL nothing but a 304 was recorded */

	/* Own memory; hostile bytes are in them. */
	struct buf where; /* DIFFERENT: see compare_bytes.h */
	struct buf told;  /* REWRITTEN: by which rules, as in replay's log */
	/* From the exchange it stands for, or the nearest one; values are cut
	 * to some length. */
	struct difference *differences;
	size_t difference_count;
	struct buf texts; /* what they point into */
};

/* A recorded exchange. */
struct row {
	enum compare_result result;
	uint32_t first, last; /* askings; COMPARE_NONE: not asked */
	uint32_t asked;       /* how often */
	bool reproducible;    /* see check.h */
	enum own_kind own;
	enum compare_why why; /* NOT_ASKED */

	/* Of the order in which the replay asked; exchanges, or COMPARE_NONE.
	 * before: asked before that one, though it was recorded after it; only
	 * where on neither side any two exchanges overlap in time, so that
	 * there is an order. */
	bool before_cause;
	uint32_t before;
};

struct comparison {
	const struct recording *recorded, *replayed; /* borrowed */
	struct site site;                            /* as the server has it */
	struct chain chains[2];                      /* recorded, replayed */
	struct asking *askings; /* one for each exchange of the replay */
	struct row *rows;       /* one for each recorded exchange */
	uint32_t *order;        /* the askings that have none, sorted by URL
				   and method, so that it tells nothing about
				   the order of parallel requests */
	uint32_t count, asked_count, miss_count;

	size_t results[COMPARE_RESULTS];
	size_t reproducible, reproduced;
	size_t own_misses; /* of miss_count: the client's own */

	/* The first exchange, from the first page on along the recorded chain,
	 * that did not come back though its cause did; COMPARE_NONE: none. */
	uint32_t parts_at;
};

/* Compares. Takes rules, which may be NULL; options are those that the replay
 * had. All else is borrowed. */
struct comparison *comparison_new(const struct recording *recorded,
				  const struct recording *replayed,
				  struct rules *rules,
				  const struct site_options *options);
void comparison_free(struct comparison *c);

/* "same", "rewritten", "different", "not-asked", "not-recorded". */
const char *compare_result_name(enum compare_result result);
/* "own", "cause", "tunnel", "warm-cache", "cached", "plug-in", "program",
 * "clicked", "computed", "user-agent", "condition". */
const char *compare_why_name(enum compare_why why);

/* Whether a recorded exchange came back: same or rewritten. */
bool row_came_back(const struct row *r);

/* Whether everything reproducible came back and nothing else was asked; what
 * the clients ask on their own counts on neither side. For --strict. */
bool comparison_is_whole(const struct comparison *c);

#endif
