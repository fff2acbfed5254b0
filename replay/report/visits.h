/* Which URLs the clients of a recording asked for, in order, and which earlier
 * answers held links to them. Private to chain.c. */
#ifndef REPORT_VISITS_H
#define REPORT_VISITS_H

#include "intern.h"
#include "links.h"

#include "capture/recording.h"

#define VISITS_NONE UINT32_MAX

/* A URL of one client, or an origin of it ("http://host:81"). */
struct spot {
	uint32_t url; /* of visits.texts */
	uint32_t client;
	uint32_t last;        /* the last exchange that asks for it */
	uint32_t latest;      /* the latest visit that was noted */
	uint32_t latest_page; /* origins: the latest that was a page */
	uint32_t holder;      /* the latest link to it: of visits.holders */
};

/* A link to what is asked for later. */
struct holder {
	uint32_t exchange;
	uint32_t next; /* an earlier one, or VISITS_NONE */
	enum link_kind kind;
};

/* Of an exchange: numbers of places, or VISITS_NONE. */
struct visit {
	uint32_t raw, normal; /* its URL as asked, and in normal form */
	uint32_t origin;
	uint32_t referer;        /* the place it names, if recorded */
	uint32_t referer_origin; /* the origin of that, if recorded */
	uint64_t referer_hash;   /* of the URL; 0: it has none */
	bool referer_bare;       /* it names no more than an origin */
	bool redirect_used;      /* its redirect was followed */
	uint8_t form;            /* enum answer_form */
	uint32_t before;         /* the visit before of raw */
	uint32_t origin_before;  /* the visit before of origin */
	uint32_t page_before;    /* the page before of origin */
};

struct visits {
	const struct recording *recording;
	struct visit *list; /* one for each exchange */
	struct intern texts, clients, keys;
	bool one_machine; /* one IPv4 client was recorded: IPv6 clients are it
			     as well, by its other addresses */
	struct spot *places; /* numbered as keys */
	struct holder *holders;
	uint32_t holder_count, holder_room;
};

void visits_collect(struct visits *v, const struct recording *r);
void visits_release(struct visits *v);

/* Exchange i is done with: later ones may name it. */
void visits_note(struct visits *v, uint32_t i, enum answer_form form);

/* A link in the answer to exchange i. False if no client asked for that URL. */
bool visits_link(struct visits *v, uint32_t i, enum link_kind kind,
		 struct slice url);

/* Whether exchange cause could make a client ask for exchange i: what came of
 * its answer came before that. */
bool visits_may_cause(const struct visits *v, uint32_t cause, uint32_t i);

/* The nearest visit of a place, or page of an origin, that may have caused
 * exchange i. */
uint32_t visits_nearest(const struct visits *v, uint32_t place, uint32_t i);
uint32_t visits_nearest_page(const struct visits *v, uint32_t origin,
			     uint32_t i);

/* The nearest visit whose URL the Referer of exchange i is the beginning of,
 * cut in its query, as plug-ins do with long ones. */
uint32_t visits_nearest_begun(const struct visits *v, uint32_t i);

#endif
