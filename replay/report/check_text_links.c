/* replay --check for people: where links lead, and where they do not. */
#include "check_text.h"

#include <inttypes.h>

#define INDENT_MAX 16 /* levels of the tree that are shown as such */

/* ---- the chain ---- */

static void put_broken_link(const struct out *o, const struct trail_break *b)
{
	say_exchange(o, b->exchange);
	fputs(" loads ", stdout);
	say_clipped(o, b->link->url);
	puts(b->reason == REASON_NOT_RECORDED ? ", which was not recorded"
					      : ", which was encrypted");
}

static void put_broken(const struct out *o, const char *what,
		       const struct trail_break *b)
{
	printf("  %s: ", what);
	if (b->link) {
		put_broken_link(o, b);
		return;
	}
	say_exchange(o, b->exchange);
	printf(": %s\n", reason_info(b->reason)->sentence);
}

static void put_tree(struct out *o)
{
	const struct trail *t = &o->s->trail;
	lines_begin(o, NULL);
	for (uint32_t k = 0; k < t->count; k++) {
		uint32_t i = t->order[k];
		enum reason r = findings_reason(&o->s->findings, i);
		int depth =
		    t->depths[k] < INDENT_MAX ? t->depths[k] : INDENT_MAX;
		if (!lines_next(o))
			continue;
		printf("  %*s", 2 * depth, "");
		say_exchange(o, i);
		if (k)
			printf(" (%s)", chain_by_name(o->s->chain.links[i].by));
		if (r != REASON_NONE)
			printf(" [%s]", reason_info(r)->name);
		putchar('\n');
	}
	lines_end(o, "  ");
}

void text_chain(struct out *o)
{
	const struct trail *t = &o->s->trail;
	if (!t->count)
		return;
	fputs("\nchain: the first page led to ", stdout);
	say_count(t->count - 1, "exchange");
	if (t->first.reason == REASON_NONE) {
		puts(", no broken link");
	} else {
		putchar('\n');
		put_broken(o, "first broken link", &t->first);
	}
	if (t->first.link && t->exchange.reason != REASON_NONE)
		put_broken(o, "first exchange that does not come back",
			   &t->exchange);
	if (o->verbose)
		put_tree(o);
}

/* ---- what leads from nowhere, what leads nowhere ---- */

void text_unexplained(struct out *o)
{
	lines_begin(o, "\nno recorded page explains:");
	for (size_t i = 0; i < o->s->recording->count; i++) {
		const char *why = survey_unexplained(o->s, i);
		/* those are told by their reason */
		if (!why || survey_has(o->s, i, REASON_SCRIPT_MADE))
			continue;
		if (!lines_next(o))
			continue;
		fputs("  ", stdout);
		say_exchange(o, i);
		if (!strcmp(why, "outside"))
			fputs(" (its Referer was not recorded)", stdout);
		if (o->s->trail.sizes[i] > 1)
			printf(" (led to %" PRIu32 " more)",
			       o->s->trail.sizes[i] - 1);
		putchar('\n');
	}
	lines_end(o, "  ");
}

void text_unfollowed(struct out *o)
{
	const struct chain *c = &o->s->chain;
	const size_t *all = c->unfollowed_all;
	size_t sum =
	    all[FOLLOW_LOADED] + all[FOLLOW_CLICKED] + all[FOLLOW_SCRIPTED];
	if (!sum)
		return;
	printf("\nlinks that nobody followed: %zu that a browser loads, %zu "
	       "to click, %zu in scripts\n",
	       all[FOLLOW_LOADED], all[FOLLOW_CLICKED], all[FOLLOW_SCRIPTED]);
	lines_begin(o, NULL);
	for (size_t i = 0; i < c->unfollowed_count; i++) {
		const struct unfollowed *u = &c->unfollowed[i];
		if (u->kind != FOLLOW_LOADED && !o->verbose)
			continue;
		if (!lines_next(o))
			continue;
		printf("  %s in #%" PRIu32 ": ", follow_kind_name(u->kind),
		       u->exchange + 1);
		say_clipped(o, u->url);
		putchar('\n');
	}
	o->left_out = (o->verbose ? sum : all[FOLLOW_LOADED]) - o->shown;
	lines_end(o, "  ");
}

/* ---- links to bare addresses ---- */

static const struct {
	enum finding_kind kind;
	const char *heading;
} link_lists[] = {
    {FOUND_UNSEARCHED, "\nnot searched to its end for links, or not all of "
		       "them told:"},
    {FOUND_BARE, "\nlinks to bare addresses that no rule steers:"},
    {FOUND_STEERED, "\nlinks to bare addresses that a rule steers:"},
};

static void put_place(const struct out *o, const struct finding *f)
{
	fputs(" (", stdout);
	say_clipped(o, f->type.len ? buf_slice(&f->type) : SLICE("no type"));
	fputs(") ", stdout);
	if (f->field.len)
		say_clipped(o, buf_slice(&f->field));
	else
		printf("body line %zu", f->line);
	printf(", byte %zu", f->at);
}

static void put_finding(struct out *o, const struct finding *f)
{
	if (!lines_next(o))
		return;
	fputs("  ", stdout);
	say_exchange(o, f->i);
	if (f->kind != FOUND_UNSEARCHED)
		put_place(o, f);
	fputs(": ", stdout);
	say_clipped(o, buf_slice(&f->text));
	putchar('\n');
}

void text_links(struct out *o)
{
	const struct findings *all = &o->s->findings;
	for (size_t k = 0; k < sizeof link_lists / sizeof *link_lists; k++) {
		lines_begin(o, link_lists[k].heading);
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].kind == link_lists[k].kind)
				put_finding(o, &all->list[i]);
		lines_end(o, "  ");
	}
	printf("\nlinks to bare addresses: %zu steered, %zu not\n",
	       all->steered, all->bare);
}
