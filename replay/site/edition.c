/* The site as one set of rules makes it. */
#include "edition.h"

#include "site.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What the loops' editions share. */
struct basis {
	atomic_size_t editions;
	struct table *table;
	struct rules *rules;
	struct changes *changes;
	struct maker by;
	bool makes;      /* answers that go out otherwise than recorded */
	size_t kept_max; /* of each store */
};

static struct store *make_store(struct edition *e, const struct maker *by,
				struct workers *workers)
{
	return store_new(e, by, workers, e->basis->kept_max);
}

static void add_decoding(struct edition *e, struct maker by,
			 struct workers *workers)
{
	if (by.recode || !table_https(e->table))
		return;
	by.recode = true;
	e->decoding = make_store(e, &by, workers);
}

static struct edition *new_of(struct basis *b, struct workers *workers)
{
	struct edition *e = xcalloc(1, sizeof *e);
	atomic_fetch_add(&b->editions, 1);
	e->holders = 1;
	e->basis = b;
	e->table = b->table;
	e->rules = b->rules;
	e->changes = b->changes;
	if (b->makes)
		e->store = make_store(e, &b->by, workers);
	add_decoding(e, b->by, workers);
	return e;
}

static struct basis *new_basis(const struct site_options *options)
{
	struct basis *b = xcalloc(1, sizeof *b);
	b->kept_max = STORE_MAX / (options->threads ? options->threads : 1);
	return b;
}

struct edition *edition_new(struct table *table, struct rules *rules,
			    const struct site_options *options,
			    struct workers *workers)
{
	struct basis *b = new_basis(options);
	b->table = table;
	b->rules = rules;
	b->changes = changes_new(table, rules, workers);
	b->by = (struct maker){.table = table,
			       .rules = rules,
			       .changes = b->changes,
			       .shift_dates = options_shift(options),
			       .dates_stay = options->clock_recorded,
			       .recode = options->recode};
	b->makes = options_rewrite(options);
	return new_of(b, workers);
}

struct edition *edition_new_supplement(struct table *table,
				       const struct site_options *options,
				       struct workers *workers)
{
	struct basis *b = new_basis(options);
	b->table = table;
	b->by = (struct maker){.table = table,
			       .shift_dates = options_shift_supplement(options),
			       .recode = options->recode};
	b->makes = options_rewrite_supplement(options);
	return new_of(b, workers);
}

struct edition *edition_beside(const struct edition *e, struct workers *workers)
{
	return new_of(e->basis, workers);
}

struct edition *edition_hold(struct edition *e)
{
	e->holders++;
	return e;
}

static void basis_release(struct basis *b)
{
	if (atomic_fetch_sub(&b->editions, 1) > 1)
		return;
	changes_free(b->changes);
	rules_free(b->rules);
	table_free(b->table);
	free(b);
}

void edition_release(struct edition *e)
{
	if (!e || --e->holders)
		return;
	store_free(e->store);
	store_free(e->decoding);
	basis_release(e->basis);
	free(e);
}
