/* Answers as the rules make them, made once by the workers and then kept as
 * long as there is room. All but the making is of the loop's thread. */
#ifndef SITE_STORE_H
#define SITE_STORE_H

#include "made.h"

/* Bytes of answers kept; those that were not asked for longest go first. What
 * somebody holds stays until it is let go, and counts no more. */
#define STORE_MAX ((size_t)64 << 20)

struct edition;
struct making;
struct store;

/* An answer in the store. */
struct kept {
	struct made made;
	struct making *making; /* under way; NULL: it is there */
	size_t holders;
	size_t size;
	size_t slot;
	struct kept *newer, *older;
};

struct kept *kept_hold(struct kept *k);
void kept_release(struct kept *k); /* k may be NULL */

/* Somebody who waits for an answer. {0} waits for none. */
struct waiter {
	void (*ready)(void *context); /* the caller's to set, as context */
	void *context;
	struct making *making;
	struct waiter *next, *before;
};

/* The edition, whose store it is, outlives it; it is held while something is
 * made. workers NULL: the caller has time, nothing is waited for, and
 * store_find makes what is not there. max: see STORE_MAX. */
struct store *store_new(struct edition *edition, const struct maker *by,
			struct workers *workers, size_t max);
void store_free(struct store *s);

/* Whether answers may be rewritten, and not decoded alone. */
bool store_rewrites(const struct store *s);

/* The answer of exchange i for a client with that Accept-Encoding; NULL if it
 * is to be made first: see store_wait. Valid until the loop goes on: hold
 * it. */
struct kept *store_find(struct store *s, uint32_t i, struct slice accept);

/* Has it made, if it is not under way. ready is called once, when store_find
 * will find it; all who wait for the same share one making. */
void store_wait(struct store *s, uint32_t i, struct slice accept,
		struct waiter *w);
void waiter_cancel(struct waiter *w); /* also if it does not wait */

#endif
