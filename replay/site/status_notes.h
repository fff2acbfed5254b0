/* What one event loop notes of its requests, for the page that shows them: how
 * many, the latest, and the latest that missed. Bounded, and of that loop's
 * thread alone; others get a copy. */
#ifndef SITE_STATUS_NOTES_H
#define SITE_STATUS_NOTES_H

#include "journal.h"
#include "status_miss.h"

#define NOTES_SEEN 128  /* of the latest requests */
#define NOTES_MISSES 64 /* different ones */
#define NOTES_METHOD 16 /* bytes of one */
#define NOTES_TEXT 240  /* of a host and its target */
#define NOTES_STEPS (MATCH_TWO_DIFFER + 1)

enum seen_kind {
	SEEN_ANSWERED,
	SEEN_MISSED,
	SEEN_REFUSED, /* it was no request, or too large */
	SEEN_FAILED,  /* a handshake */
};

/* The URL is printed by whoever looks. */
struct seen {
	int64_t time;
	const char *note; /* NULL: none; stays as long as the program */
	struct address client;
	uint32_t exchange; /* TABLE_NONE: none */
	uint16_t status, port;
	uint8_t kind, step; /* enum seen_kind, enum match_step */
	bool https, rewritten, supplement;
	bool cut;  /* the target's end is missing */
	bool asks; /* there was a request; else text is a server name */
	uint8_t method_len, host_len, target_len;
	uint8_t text[NOTES_METHOD + NOTES_TEXT]; /* method, host, target */
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
};

struct url seen_url(const struct seen *s);
struct slice seen_method(const struct seen *s);
/* That a client of TLS named. */
struct slice seen_server_name(const struct seen *s);

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
