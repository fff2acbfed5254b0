/* The site as one set of rules makes it. */
#include "edition.h"

#include "site.h"

#include <stdlib.h>

static void add_decoding(struct edition *e, struct maker by,
			 struct workers *workers)
{
	if (by.recode || !table_https(e->table))
		return;
	by.recode = true;
	e->decoding = store_new(e, &by, workers, STORE_MAX);
}

struct edition *edition_new(struct table *table, struct rules *rules,
			    const struct site_options *options,
			    struct workers *workers)
{
	struct edition *e = xcalloc(1, sizeof *e);
	e->holders = 1;
	e->table = table;
	e->rules = rules;
	e->changes = changes_new(table, rules, workers);
	const struct maker by = {.table = table,
				 .rules = rules,
				 .changes = e->changes,
				 .shift_dates = options_shift(options),
				 .dates_stay = options->clock_recorded,
				 .recode = options->recode};
	if (options_rewrite(options))
		e->store = store_new(e, &by, workers, STORE_MAX);
	add_decoding(e, by, workers);
	return e;
}

struct edition *edition_new_supplement(struct table *table,
				       const struct site_options *options,
				       struct workers *workers)
{
	struct edition *e = xcalloc(1, sizeof *e);
	e->holders = 1;
	e->table = table;
	const struct maker by = {.table = table,
				 .shift_dates =
				     options_shift_supplement(options),
				 .recode = options->recode};
	if (options_rewrite_supplement(options))
		e->store = store_new(e, &by, workers, STORE_MAX);
	add_decoding(e, by, workers);
	return e;
}

struct edition *edition_hold(struct edition *e)
{
	e->holders++;
	return e;
}

void edition_release(struct edition *e)
{
	if (!e || --e->holders)
		return;
	store_free(e->store);
	store_free(e->decoding);
	changes_free(e->changes);
	rules_free(e->rules);
	table_free(e->table);
	free(e);
}
