/* What one event loop notes of its requests, for the page that shows them: how
 * many, the latest, and the latest that missed. Bounded, and of that loop's
 * thread alone; others get a copy. */
#ifndef SITE_STATUS_NOTES_H
#define SITE_STATUS_NOTES_H

#include "journal.h"
#include "status_miss.h"

#define NOTES_SEEN 128  /* of the latest requests */
#define NOTES_MISSES 64 /* different ones */
#define NOTES_TEXT 240  /* bytes of one URL, of one note */
#define NOTES_STEPS (MATCH_TWO_DIFFER + 1)

enum seen_kind {
	SEEN_ANSWERED,
	SEEN_MISSED,
	SEEN_REFUSED, /* it was no request, or too large */
	SEEN_FAILED,  /* a handshake */
};

struct seen {
	int64_t time;
	uint64_t hash; /* miss_hash */
	struct address client;
	enum seen_kind kind;
	enum match_step step;
	uint32_t exchange; /* TABLE_NONE: none */
	uint16_t status;
	bool rewritten, supplement, cut; /* cut: text is */
	uint8_t method_len, text_len, note_len;
	uint8_t method[16], text[NOTES_TEXT], note[NOTES_TEXT];
};

struct counts {
	uint64_t requests, refused, failed, rewritten, bytes, connections;
	uint64_t steps[NOTES_STEPS]; /* of MATCH_NONE: misses */
};

struct notes {
	struct counts counts;
	size_t open; /* connections; of a copy alone */
	struct seen seen[NOTES_SEEN];
	size_t seen_count; /* in all; the next one's place is that modulo */
	struct miss misses[NOTES_MISSES]; /* the latest first */
	size_t miss_count;
	struct table *table; /* of a copy alone: held, under the same rules as
				the misses' targets */
	struct buf url;      /* of the request in hand */
};

struct edition;

struct notes *notes_new(void);
/* n may be NULL, here and below: then nothing is noted. */
void notes_take(struct notes *n, const struct record *r);
void notes_free(struct notes *n);
/* What is kept, under the edition's rules. */
void notes_rule(struct notes *n, const struct edition *e,
		struct matcher *matcher);
/* For another thread; holds the table. */
struct notes *notes_copy(const struct notes *n, struct table *table);

#endif
