/* Answers as the rules make them, made once by the workers and then kept as
 * long as there is room. */
#include "store.h"

#include "edition.h"

#include <stdlib.h>

/* Two slots an exchange: coded as it was, and plain. */
#define FORMS 2

struct store {
	struct edition *edition;
	struct workers *workers;
	struct maker by;
	struct kept **slots;   /* NULL: not known */
	struct kept untouched; /* stands for all that go out as recorded */
	struct kept *newest, *oldest;
	size_t size, max;
};

struct making {
	struct task task; /* first: it is the making */
	struct edition *edition;
	struct store *store;
	struct kept *kept;
	struct waiter *waiters;
	bool coded;
};

struct kept *kept_hold(struct kept *k)
{
	k->holders++;
	return k;
}

void kept_release(struct kept *k)
{
	if (!k || --k->holders)
		return;
	made_release(&k->made);
	free(k);
}

struct store *store_new(struct edition *edition, const struct maker *by,
			struct workers *workers, size_t max)
{
	struct store *s = xcalloc(1, sizeof *s);
	s->edition = edition;
	s->workers = workers;
	s->by = *by;
	s->max = max;
	s->untouched.holders = 1;
	s->slots =
	    xcalloc(table_count(by->table) * FORMS + 1, sizeof(struct kept *));
	return s;
}

bool store_rewrites(const struct store *s)
{
	return s->by.rules || s->by.shift_dates;
}

/* ---- which were used last ---- */

static void take_out(struct store *s, struct kept *k)
{
	*(k->newer ? &k->newer->older : &s->newest) = k->older;
	*(k->older ? &k->older->newer : &s->oldest) = k->newer;
	k->newer = k->older = NULL;
	s->size -= k->size;
}

static void put_in_front(struct store *s, struct kept *k)
{
	k->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = k;
	s->newest = k;
	s->size += k->size;
}

static void drop_oldest(struct store *s)
{
	struct kept *k = s->oldest;
	s->oldest = k->newer;
	*(k->newer ? &k->newer->older : &s->newest) = NULL;
	s->size -= k->size;
	s->slots[k->slot] = NULL;
	kept_release(k);
}

void store_free(struct store *s)
{
	if (!s)
		return;
	while (s->oldest)
		drop_oldest(s);
	free(s->slots);
	free(s);
}

/* ---- finding ---- */

/* Most answers are the same for all clients: only for the others their fields
 * are looked at. */
static size_t slot_of(const struct store *s, uint32_t i, struct slice accept)
{
	size_t coded = (size_t)i * FORMS;
	const struct kept *k = s->slots[coded];
	if (k == &s->untouched && !s->by.recode)
		return coded;
	return coded + !made_accepted(table_exchange(s->by.table, i), accept);
}

/* ---- making ---- */

static void run(struct task *t, struct matcher *m)
{
	struct making *making = (struct making *)t;
	struct kept *k = making->kept;
	made_by(&making->store->by, (uint32_t)(k->slot / FORMS), making->coded,
		m, &k->made);
}

static size_t size_of(const struct kept *k)
{
	const struct finished *f = &k->made.finished;
	return sizeof *k + f->head.cap + f->body.cap + f->told.cap +
	       f->date_count * sizeof *f->dates;
}

/* The newest stays, however large: somebody waits for it. */
static void make_room(struct store *s)
{
	while (s->size > s->max && s->oldest != s->newest)
		drop_oldest(s);
}

static void keep(struct store *s, struct kept *k)
{
	if (made_differs(&k->made)) {
		k->size = size_of(k);
		put_in_front(s, k);
		make_room(s);
		return;
	}
	struct kept **coded = &s->slots[k->slot / FORMS * FORMS];
	s->slots[k->slot] = &s->untouched;
	if (!*coded && !s->by.recode)
		*coded = &s->untouched;
	kept_release(k);
}

static void tell_waiters(struct making *making)
{
	struct waiter *w;
	while ((w = making->waiters)) {
		waiter_cancel(w);
		w->ready(w->context);
	}
}

static void done(struct task *t, bool ran)
{
	struct making *making = (struct making *)t;
	struct kept *k = making->kept;
	k->making = NULL;
	if (ran) {
		keep(making->store, k);
		tell_waiters(making);
	} else {
		making->store->slots[k->slot] = NULL;
		kept_release(k);
	}
	edition_release(making->edition);
	free(making);
}

static struct making *begin(struct store *s, size_t slot)
{
	struct making *making = xcalloc(1, sizeof *making);
	struct kept *k = xcalloc(1, sizeof *k);
	k->holders = 1;
	k->slot = slot;
	k->making = making;
	s->slots[slot] = k;
	making->task.run = run;
	making->task.done = done;
	making->edition = edition_hold(s->edition);
	making->store = s;
	making->kept = k;
	making->coded = slot % FORMS == 0;
	return making;
}

/* On the caller's thread. */
static void make_now(struct store *s, size_t slot)
{
	struct making *making = begin(s, slot);
	struct matcher *m = matcher_new();
	run(&making->task, m);
	done(&making->task, true);
	matcher_free(m);
}

struct kept *store_find(struct store *s, uint32_t i, struct slice accept)
{
	size_t slot = slot_of(s, i, accept);
	if (!s->slots[slot] && !s->workers)
		make_now(s, slot);
	struct kept *k = s->slots[slot];
	if (!k || k->making)
		return NULL;
	if (k != &s->untouched && k != s->newest) {
		take_out(s, k);
		put_in_front(s, k);
	}
	return k;
}

void store_wait(struct store *s, uint32_t i, struct slice accept,
		struct waiter *w)
{
	size_t slot = slot_of(s, i, accept);
	struct kept *k = s->slots[slot];
	struct making *making = k ? k->making : NULL;
	if (!making) {
		making = begin(s, slot);
		workers_add(s->workers, &making->task, false);
	}
	w->making = making;
	w->before = NULL;
	w->next = making->waiters;
	if (w->next)
		w->next->before = w;
	making->waiters = w;
}

void waiter_cancel(struct waiter *w)
{
	if (!w->making)
		return;
	*(w->before ? &w->before->next : &w->making->waiters) = w->next;
	if (w->next)
		w->next->before = w->before;
	w->making = NULL;
	w->next = w->before = NULL;
}
