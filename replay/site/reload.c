/* The rule files read again while the site is served. */
#include "reload.h"

#include "capture/log.h"

#include <stdlib.h>

struct loading {
	struct task task; /* first: it is the loading */
	struct reload *reload;
	struct edition *before;
	struct rules *rules; /* NULL after a mistake */
	struct table *table; /* NULL: the one before serves as well */
};

static void run(struct task *t, struct matcher *m)
{
	struct loading *l = (struct loading *)t;
	const struct site_options *o = l->reload->site->options;
	(void)m;
	l->rules = rules_read(o->rules, o->rule_count, o->zone);
	if (l->rules && !rules_same_targets(l->before->rules, l->rules))
		l->table = table_new(l->reload->recording, l->rules);
}

static void exchange_edition(struct loading *l)
{
	struct site *site = l->reload->site;
	size_t count = l->rules->count;
	if (l->table)
		places_forget_shortcuts(site->places);
	else
		l->table = table_hold(l->before->table);
	edition_release(site->edition);
	site->edition =
	    edition_new(l->table, l->rules, site->options, site->workers);
	log_info("rules read again: %zu rule%s", count, count == 1 ? "" : "s");
}

static void done(struct task *t, bool ran)
{
	struct loading *l = (struct loading *)t;
	struct reload *r = l->reload;
	bool again = r->again;
	r->loading = NULL;
	r->again = false;
	if (l->rules)
		exchange_edition(l);
	else if (ran)
		log_warn("rules are unchanged");
	edition_release(l->before);
	free(l);
	if (again && ran)
		reload_begin(r);
}

void reload_begin(struct reload *r)
{
	if (!r->site->options->rule_count)
		return;
	if (r->loading) {
		r->again = true;
		return;
	}
	r->loading = xcalloc(1, sizeof *r->loading);
	r->loading->task.run = run;
	r->loading->task.done = done;
	r->loading->reload = r;
	r->loading->before = edition_hold(r->site->edition);
	workers_add(r->site->workers, &r->loading->task, true);
}
