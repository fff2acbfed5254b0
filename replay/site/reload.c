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
	l->reload->rule_count = l->rules->count;
	if (!l->table)
		l->table = table_hold(l->before->table);
	site_take(site, edition_new(l->table, l->rules, site->options,
				    site->workers));
}

static void end(struct reload *r, bool goes_on)
{
	bool again = r->again && goes_on;
	r->loading = r->again = false;
	if (again)
		reload_begin(r);
}

void reload_done(struct reload *r)
{
	log_info("rules read again: %zu rule%s", r->rule_count,
		 r->rule_count == 1 ? "" : "s");
	end(r, true);
}

static void done(struct task *t, bool ran)
{
	struct loading *l = (struct loading *)t;
	struct reload *r = l->reload;
	bool changed = l->rules;
	/* at the end there are no other loops any more */
	bool goes_on = ran && !workers_ending(r->site->workers);
	if (changed)
		exchange_edition(l);
	else if (ran)
		log_warn("rules are unchanged");
	edition_release(l->before);
	free(l);
	if (changed && goes_on)
		r->hand_out(r->context);
	else
		end(r, goes_on);
}

void reload_begin(struct reload *r)
{
	if (!r->site->options->rule_count)
		return;
	if (r->loading) {
		r->again = true;
		return;
	}
	struct loading *l = xcalloc(1, sizeof *l);
	r->loading = true;
	l->task.run = run;
	l->task.done = done;
	l->reload = r;
	l->before = edition_hold(r->site->edition);
	workers_add(r->site->workers, &l->task, true);
}
