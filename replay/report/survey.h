/* All that --check tells of a recording, found once; printed by check_text.c
 * and check_json.c. */
#ifndef REPORT_SURVEY_H
#define REPORT_SURVEY_H

#include "brought.h"
#include "chain.h"
#include "findings.h"
#include "own.h"
#include "traffic.h"
#include "trail.h"
#include "twin.h"

#define SURVEY_OWN_KINDS (OWN_NETWORK + 1)
#define SURVEY_TRAFFIC_KINDS (TRAFFIC_SILENT + 1)

/* How much there is of a reason. */
struct reason_count {
	size_t exchanges, connections, links;
	uint64_t bytes; /* of bodies, or of payload in connections */
};

/* "2 exchanges, 61.4 kB", appended to out. */
void reason_count_print(struct buf *out, const struct reason_count *c);

struct survey {
	const struct recording *recording;
	struct findings findings;
	struct chain chain;
	struct traffics traffics;
	struct brought brought;
	struct twin twin;
	struct trail trail;

	struct reason_count reasons[REASONS];
	uint16_t *doubts;         /* of each exchange: see survey_has */
	struct reason_count well; /* all that comes back */
	uint64_t bytes;           /* of all recorded bodies */
	int64_t begins, ends;     /* of the exchanges; ns since the epoch */
	size_t own[SURVEY_OWN_KINDS];

	/* Entry: place the protocol, text the name of the server, without one
	 * its address; count the connections, bytes their payload; first the
	 * first of traffics, UINT32_MAX: of none of them. */
	struct roll traffic[SURVEY_TRAFFIC_KINDS];
	struct roll protocols; /* the same without text, but for TLS, QUIC and
				  what is silent */
	struct roll services;  /* of the network, as DNS: the lab has its own;
				  neither a class nor a loss */
	struct roll certificates; /* TLS servers that asked for one */
};

void survey_run(struct survey *s, const struct recording *r,
		const struct rules *rules, bool steered_too);
void survey_release(struct survey *s);

/* Whether a reason of SCOPE_EXCHANGE or SCOPE_DOUBT holds for exchange i. */
bool survey_has(const struct survey *s, size_t i, enum reason r);
/* Whether a class fits. Begin with *at 0; false: no more. */
bool survey_class(const struct survey *s, size_t *at, enum reason *class);
/* Whether no recorded page explains exchange i, which is not the first page
 * and none that clients make on their own: "start", "outside", "script"; else
 * NULL. */
const char *survey_unexplained(const struct survey *s, size_t i);
/* The next of traffics for which an entry of survey.traffic stands, from *at
 * on, which is set to it. Begin with e->first; false: no more. */
bool survey_next(const struct survey *s, const struct roll_entry *e,
		 size_t *at);
/* The first page's exchange, NULL if there is none. */
const struct exchange *survey_first_page(const struct survey *s);

/* In thousandths, rounded down: all is told only where all came back. */
unsigned survey_share(uint64_t part, uint64_t whole);

#endif
