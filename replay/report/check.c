/* replay --check: what can be brought back and what cannot, and why. */
#include "check.h"

#include "findings.h"
#include "value.h"

#include "rewrite/visible.h"

#include "capture/log.h"

#include <errno.h>
#include <stdlib.h>

/* For people, and for programs. */
static const struct {
	const char *heading, *key;
} kinds[] = {
    [FOUND_INCOMPLETE] = {"not whole:", "incomplete"},
    [FOUND_CACHED] = {"only a 304 was recorded, the body was in the victim's "
		      "cache:",
		      "only_304"},
    [FOUND_UPGRADE] = {"what follows the 101 is not replayed:", "upgrades"},
    [FOUND_TUNNEL] = {"tunnels, whose own exchanges count alone:", "tunnels"},
    [FOUND_TOO_LARGE] = {"requests larger than replay reads:", "too_large"},
    [FOUND_EVENTS] = {"event streams, sent at once:", "event_streams"},
    [FOUND_UNSEARCHED] =
	{"not searched to its end for links, or not all of them "
	 "told:",
	 "unsearched"},
    [FOUND_BARE] = {"links to bare addresses that no rule steers:",
		    "ip_targets"},
    [FOUND_STEERED] = {"links to bare addresses that a rule steers:",
		       "ip_targets_steered"},
};

/* ---- for people ---- */

static unsigned per_mille(size_t part, size_t whole)
{
	return whole ? (unsigned)(part * 1000 / whole) : 0;
}

static void put_url(const struct exchange *e, struct buf *out)
{
	struct url url = exchange_url(e);
	url_print(out, &url);
}

static void put_place(const struct finding *f)
{
	fputs(" (", stdout);
	visible_print(stdout,
		      f->type.len ? buf_slice(&f->type) : SLICE("no type"));
	fputs(") ", stdout);
	if (f->field.len)
		visible_print(stdout, buf_slice(&f->field));
	else
		printf("body line %zu", f->line);
	printf(", byte %zu", f->at);
}

static void put_finding(const struct findings *all, const struct finding *f)
{
	const struct exchange *e = &all->recording->exchanges[f->i];
	struct buf url = {0};
	put_url(e, &url);
	printf("  #%zu ", f->i + 1);
	visible_print(stdout, e->method);
	putchar(' ');
	visible_print(stdout, buf_slice(&url));
	if (f->type.len || f->field.len || f->line)
		put_place(f);
	if (f->kind == FOUND_INCOMPLETE)
		printf(": %s",
		       exchange_state_name((enum exchange_state)e->state));
	if (f->text.len)
		fputs(": ", stdout);
	visible_print(stdout, buf_slice(&f->text));
	putchar('\n');
	buf_release(&url);
}

static void put_findings(const struct findings *all, enum finding_kind kind)
{
	bool any = false;
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].kind != kind)
			continue;
		if (!any)
			printf("\n%s\n", kinds[kind].heading);
		any = true;
		put_finding(all, &all->list[i]);
	}
}

static void put_encrypted(const struct findings *all)
{
	const struct name *n;
	bool any = false;
	for (size_t at = 0; (n = findings_encrypted(all, &at));) {
		struct buf address = {0};
		if (!any)
			puts("\nencrypted: not read:");
		any = true;
		address_print(&address, &n->address);
		fputs("  ", stdout);
		visible_print(stdout, n->text);
		fputs(" at ", stdout);
		visible_print(stdout, buf_slice(&address));
		putchar('\n');
		buf_release(&address);
	}
}

static void put_text(const struct findings *all)
{
	size_t count = all->recording->count;
	unsigned share = per_mille(all->reproducible, count);
	printf("connections: %u, with HTTP: %zu\n",
	       flows_len(all->recording->flows), all->with_http);
	printf("exchanges: %zu\n", count);
	for (int state = 0; state < FINDING_STATES; state++)
		if (all->states[state])
			printf("  %s: %zu\n",
			       exchange_state_name((enum exchange_state)state),
			       all->states[state]);
	for (enum finding_kind kind = 0; kind < FOUND_UNSEARCHED; kind++)
		put_findings(all, kind);
	put_encrypted(all);
	for (enum finding_kind kind = FOUND_UNSEARCHED; kind < FINDING_KINDS;
	     kind++)
		put_findings(all, kind);
	printf("\nlinks to bare addresses: %zu steered, %zu not\n",
	       all->steered, all->bare);
	printf("reproducible: %zu of %zu exchanges (%u.%u %%)\n",
	       all->reproducible, count, share / 10, share % 10);
}

/* ---- for programs ---- */

static json_t *number(size_t n)
{
	return json_integer((json_int_t)n);
}

static void add_place(json_t *o, const struct finding *f)
{
	bool field = f->field.len;
	json_object_set_new(o, "type", value_text(buf_slice(&f->type)));
	json_object_set_new(
	    o, "field", field ? value_text(buf_slice(&f->field)) : json_null());
	json_object_set_new(o, "line", field ? json_null() : number(f->line));
	json_object_set_new(o, "byte", number(f->at));
	json_object_set_new(o, "text", value_text(buf_slice(&f->text)));
}

static const char *text_key(enum finding_kind kind)
{
	return kind == FOUND_UPGRADE ? "protocol" : "reason";
}

static json_t *finding_value(const struct findings *all,
			     const struct finding *f)
{
	const struct exchange *e = &all->recording->exchanges[f->i];
	struct buf url = {0};
	json_t *o = json_object();
	put_url(e, &url);
	json_object_set_new(o, "no", number(f->i + 1));
	json_object_set_new(o, "method", value_text(e->method));
	json_object_set_new(o, "url", value_text(buf_slice(&url)));
	buf_release(&url);
	if (f->kind == FOUND_INCOMPLETE)
		json_object_set_new(o, "state",
				    json_string(exchange_state_name(
					(enum exchange_state)e->state)));
	if (f->kind == FOUND_BARE || f->kind == FOUND_STEERED)
		add_place(o, f);
	else if (f->text.len)
		json_object_set_new(o, text_key(f->kind),
				    value_text(buf_slice(&f->text)));
	return o;
}

static json_t *states_value(const struct findings *all)
{
	json_t *o = json_object();
	for (int state = 0; state < FINDING_STATES; state++)
		json_object_set_new(
		    o, exchange_state_name((enum exchange_state)state),
		    number(all->states[state]));
	return o;
}

static json_t *encrypted_value(const struct findings *all)
{
	json_t *list = json_array();
	const struct name *n;
	for (size_t at = 0; (n = findings_encrypted(all, &at));) {
		struct buf address = {0};
		address_print(&address, &n->address);
		json_array_append_new(
		    list,
		    json_pack("{s:o,s:o}", "name", value_text(n->text),
			      "address", value_text(buf_slice(&address))));
		buf_release(&address);
	}
	return list;
}

static void add_findings(json_t *o, const struct findings *all)
{
	json_t *lists[FINDING_KINDS];
	for (size_t kind = 0; kind < FINDING_KINDS; kind++) {
		lists[kind] = json_array();
		json_object_set_new(o, kinds[kind].key, lists[kind]);
	}
	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(lists[all->list[i].kind],
				      finding_value(all, &all->list[i]));
}

static void put_json(const struct findings *all, const char *capture)
{
	size_t count = all->recording->count;
	struct buf line = {0};
	json_t *o = json_object();
	json_object_set_new(o, "capture", value_text(slice_of(capture)));
	json_object_set_new(o, "connections",
			    number(flows_len(all->recording->flows)));
	json_object_set_new(o, "connections_with_http", number(all->with_http));
	json_object_set_new(o, "exchanges", number(count));
	json_object_set_new(o, "states", states_value(all));
	json_object_set_new(o, "encrypted", encrypted_value(all));
	add_findings(o, all);
	json_object_set_new(o, "bare_links", number(all->bare));
	json_object_set_new(o, "steered_links", number(all->steered));
	json_object_set_new(o, "reproducible", number(all->reproducible));
	json_object_set_new(
	    o, "percent",
	    json_real(per_mille(all->reproducible, count) / 10.0));
	value_line(&line, o);
	fwrite(line.data, 1, line.len, stdout);
	buf_release(&line);
}

int check_print(const struct recording *r, const struct check_options *o)
{
	struct findings all;
	findings_collect(&all, r, o->rules, o->verbose || o->json);
	if (o->json)
		put_json(&all, o->capture);
	else
		put_text(&all);
	findings_release(&all);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_warn("cannot write to standard output: %s", strerror(errno));
	return -1;
}
