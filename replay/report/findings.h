/* What a recording has that cannot be brought back, and what leads out of the
 * replay: found here, printed by check.c. */
#ifndef REPORT_FINDINGS_H
#define REPORT_FINDINGS_H

#include "reasons.h"

#include "rewrite/rules.h"

#include "capture/recording.h"

enum finding_kind {
	FOUND_INCOMPLETE, /* text: what is missing */
	FOUND_CACHED,     /* 304, and no 200 of that URL */
	FOUND_UPGRADE,    /* text: to what */
	FOUND_TUNNEL,
	FOUND_TOO_LARGE,
	FOUND_EVENTS,
	FOUND_UNSEARCHED, /* text: why it was not searched to its end */
	FOUND_BARE,       /* text: a link to a bare address */
	FOUND_STEERED,    /* the same, and a rule leads it elsewhere */
};
#define FINDING_KINDS (FOUND_STEERED + 1)
#define FINDING_STATES (EXCHANGE_MALFORMED + 1)

struct finding {
	enum finding_kind kind;
	size_t i;        /* of the exchange */
	struct buf text; /* bytes of the capture may be in it; may be empty */
	/* of a link: see struct literal */
	struct buf type, field; /* field empty: in the body */
	size_t line, at;
};

/* What the text of an answer does, as far as words in it tell. */
enum finding_mark {
	MARK_SETS_COOKIE = 1, /* a script assigns document.cookie */
	MARK_WORKER = 2,      /* a script registers a service worker */
};

/* Sorted. */
struct hashes {
	uint64_t *list;
	size_t count;
};

struct findings {
	const struct recording *recording;
	struct finding *list; /* in the order of the exchanges */
	size_t count, room;

	uint8_t *reasons; /* enum reason, one for each exchange */
	uint8_t *marks;   /* of enum finding_mark, one for each exchange */

	size_t states[FINDING_STATES];
	size_t reproducible;  /* see check.h */
	size_t with_http;     /* connections */
	size_t bare, steered; /* links: all, also those that are not listed */

	struct hashes whole_urls;  /* that have a 200 */
	struct hashes https_hosts; /* that were read */
};

/* rules may be NULL. steered_too: links that are steered are listed. */
void findings_collect(struct findings *f, const struct recording *r,
		      const struct rules *rules, bool steered_too);
void findings_release(struct findings *f);

/* The same for all exchanges of a recording, without the rest; new memory, to
 * be freed. */
bool *findings_all_reproducible(const struct recording *r);

/* Whether an exchange comes back: see check.h. */
bool findings_reproducible(const struct findings *f, size_t i);
/* Why it does not: of SCOPE_EXCHANGE; REASON_NONE if it does. */
enum reason findings_reason(const struct findings *f, size_t i);
/* What is said of it beside the kind: the finding, NULL if there is none. */
const struct finding *findings_of(const struct findings *f, size_t i);
/* Body bytes that were recorded of the answer, transfer coding off. */
uint64_t findings_bytes(const struct exchange *e);

/* The next name of a TLS server of which nothing was read; begin with *at 0.
 * NULL: no more. */
const struct name *findings_encrypted(const struct findings *f, size_t *at);

#endif
