/* replay --check --format json: one line with all of it. */
#include "check_json.h"

#define CHAIN_MAX 10000U  /* exchanges of the chain */
#define NUMBERS_MAX 1000U /* of exchanges of a reason */

static const char *const keys[FINDING_KINDS] = {
    [FOUND_INCOMPLETE] = "incomplete",      [FOUND_CACHED] = "only_304",
    [FOUND_UPGRADE] = "upgrades",           [FOUND_TUNNEL] = "tunnels",
    [FOUND_TOO_LARGE] = "too_large",        [FOUND_EVENTS] = "event_streams",
    [FOUND_UNSEARCHED] = "unsearched",      [FOUND_BARE] = "ip_targets",
    [FOUND_STEERED] = "ip_targets_steered",
};

/* ---- findings ---- */

static void add_place(json_t *o, const struct finding *f)
{
	bool field = f->field.len;
	value_set(o, "type", value_text(buf_slice(&f->type)));
	value_set(o, "field",
		  field ? value_text(buf_slice(&f->field)) : json_null());
	value_set(o, "line", field ? json_null() : value_number(f->line));
	value_set(o, "byte", value_number(f->at));
	value_set(o, "text", value_text(buf_slice(&f->text)));
}

static const char *text_key(enum finding_kind kind)
{
	return kind == FOUND_UPGRADE ? "protocol" : "reason";
}

static json_t *finding_value(const struct survey *s, const struct finding *f)
{
	const struct exchange *e = &s->recording->exchanges[f->i];
	json_t *o = value_exchange(s, f->i);
	if (f->kind == FOUND_INCOMPLETE)
		value_set(o, "state",
			  json_string(exchange_state_name(
			      (enum exchange_state)e->state)));
	if (f->kind == FOUND_BARE || f->kind == FOUND_STEERED)
		add_place(o, f);
	else if (f->text.len)
		value_set(o, text_key(f->kind),
			  value_text(buf_slice(&f->text)));
	return o;
}

static json_t *states_value(const struct findings *all)
{
	json_t *o = json_object();
	for (int state = 0; state < FINDING_STATES; state++)
		value_set(o, exchange_state_name((enum exchange_state)state),
			  value_number(all->states[state]));
	return o;
}

static json_t *encrypted_value(const struct findings *all)
{
	json_t *list = json_array();
	const struct name *n;
	for (size_t at = 0; (n = findings_encrypted(all, &at));)
		json_array_append_new(
		    list, json_pack("{s:o,s:o}", "name", value_text(n->text),
				    "address", value_address(&n->address)));
	return list;
}

static void add_findings(json_t *o, const struct survey *s)
{
	json_t *lists[FINDING_KINDS];
	for (size_t kind = 0; kind < FINDING_KINDS; kind++) {
		lists[kind] = json_array();
		value_set(o, keys[kind], lists[kind]);
	}
	for (size_t i = 0; i < s->findings.count; i++) {
		const struct finding *f = &s->findings.list[i];
		json_array_append_new(lists[f->kind], finding_value(s, f));
	}
}

/* ---- what kind of incident, and why not all of it ---- */

static json_t *classes_value(const struct survey *s)
{
	json_t *list = json_array();
	enum reason class;
	for (size_t at = 0; survey_class(s, &at, &class);)
		json_array_append_new(list,
				      json_string(reason_info(class)->name));
	return list;
}

static json_t *numbers_value(const struct survey *s, enum reason r)
{
	json_t *list = json_array();
	size_t left = s->reasons[r].exchanges;
	for (size_t i = 0; left && i < s->recording->count; i++) {
		if (!survey_has(s, i, r))
			continue;
		left--;
		if (json_array_size(list) == NUMBERS_MAX)
			break;
		json_array_append_new(list, value_number(i + 1));
	}
	return list;
}

static json_t *reason_value(const struct survey *s, enum reason r)
{
	const struct reason_info *info = reason_info(r);
	const struct reason_count *c = &s->reasons[r];
	json_t *o = json_object();
	value_set(o, "reason", json_string(info->name));
	value_set(o, "scope", json_string(reason_scope_name(info->scope)));
	value_set(o, "exchanges", value_number(c->exchanges));
	value_set(o, "connections", value_number(c->connections));
	value_set(o, "links", value_number(c->links));
	value_set(o, "bytes", value_number(c->bytes));
	value_set(o, "sentence", json_string(info->sentence));
	value_set(o, "fact", json_string(info->fact));
	value_set(o, "helps", json_string(info->helps));
	value_set(o, "numbers", numbers_value(s, r));
	return o;
}

static json_t *reasons_value(const struct survey *s)
{
	json_t *list = json_array();
	for (enum reason r = 0; r < REASONS; r++) {
		const struct reason_count *c = &s->reasons[r];
		if (reason_info(r)->scope != SCOPE_WELL &&
		    (c->exchanges || c->connections || c->links))
			json_array_append_new(list, reason_value(s, r));
	}
	return list;
}

static void add_first_page(json_t *o, const struct survey *s)
{
	const struct exchange *e = survey_first_page(s);
	value_set(o, "first_page", e ? value_url(e) : json_null());
	value_set(o, "first_page_time",
		  e ? value_seconds(e->time) : json_null());
	struct slice agent = e ? twin_agent(e) : (struct slice){0};
	value_set(o, "user_agent",
		  agent.data ? value_text(agent) : json_null());
}

static void add_times(json_t *o, const struct survey *s)
{
	bool any = s->recording->count;
	value_set(o, "begins", any ? value_seconds(s->begins) : json_null());
	value_set(o, "ends", any ? value_seconds(s->ends) : json_null());
}

static json_t *bytes_value(const struct survey *s)
{
	return json_pack("{s:o,s:o,s:o}", "reproducible",
			 value_number(s->well.bytes), "all",
			 value_number(s->bytes), "percent",
			 value_percent(s->well.bytes, s->bytes));
}

/* ---- the chain ---- */

static json_t *break_value(const struct survey *s, const struct trail_break *b)
{
	if (b->reason == REASON_NONE)
		return json_null();
	const struct chain_link *l = &s->chain.links[b->exchange];
	json_t *o = value_exchange(s, b->exchange);
	value_set(o, "cause",
		  l->cause == CHAIN_NONE ? json_null()
					 : value_number(l->cause + 1));
	value_set(o, "by", json_string(chain_by_name(l->by)));
	value_set(o, "reason", json_string(reason_info(b->reason)->name));
	value_set(o, "link", b->link ? value_text(b->link->url) : json_null());
	return o;
}

static json_t *link_value(const struct chain *c, size_t i)
{
	uint32_t cause = c->links[i].cause;
	return json_pack("{s:o,s:o,s:s}", "no", value_number(i + 1), "cause",
			 cause == CHAIN_NONE ? json_null()
					     : value_number(cause + 1),
			 "by", chain_by_name(c->links[i].by));
}

static void add_chain(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list links = list_of(CHAIN_MAX);
	json_t *chain = json_object();
	for (size_t i = 0; i < s->chain.count; i++)
		if (list_has_room(&links))
			json_array_append_new(links.array,
					      link_value(&s->chain, i));
	value_set(chain, "followed", value_number(s->trail.count));
	value_set(chain, "first_broken", break_value(s, &s->trail.first));
	value_set(chain, "first_broken_exchange",
		  break_value(s, &s->trail.exchange));
	value_set(chain, "links", links.array);
	value_set(o, "chain", chain);
	if (links.left_out)
		value_set(left_out, "chain", value_number(links.left_out));
}

static void add_unexplained(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (size_t i = 0; i < s->recording->count; i++) {
		const char *why = survey_unexplained(s, i);
		if (!why || !list_has_room(&l))
			continue;
		json_t *e = value_exchange(s, i);
		value_set(e, "why", json_string(why));
		json_array_append_new(l.array, e);
	}
	list_end(o, left_out, "unexplained", &l);
}

static void add_unfollowed(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	json_t *counts = json_object();
	size_t all = 0;
	for (enum follow_kind k = 0; k <= FOLLOW_SCRIPTED; k++) {
		value_set(counts, follow_kind_name(k),
			  value_number(s->chain.unfollowed_all[k]));
		all += s->chain.unfollowed_all[k];
	}
	value_set(o, "unfollowed_counts", counts);
	for (size_t i = 0; i < s->chain.unfollowed_count; i++) {
		const struct unfollowed *u = &s->chain.unfollowed[i];
		if (!list_has_room(&l))
			break;
		json_array_append_new(
		    l.array, json_pack("{s:o,s:s,s:o}", "no",
				       value_number((uint64_t)u->exchange + 1),
				       "kind", follow_kind_name(u->kind), "url",
				       value_text(u->url)));
	}
	l.left_out = all - json_array_size(l.array);
	list_end(o, left_out, "unfollowed", &l);
}

/* ---- all ---- */

static json_t *own_value(const struct survey *s)
{
	json_t *o = json_object();
	for (enum own_kind k = OWN_NOT + 1; k < SURVEY_OWN_KINDS; k++)
		if (s->own[k])
			value_set(o, own_kind_name(k), value_number(s->own[k]));
	return o;
}

static void add_figures(json_t *o, const struct survey *s, const char *capture)
{
	const struct findings *all = &s->findings;
	value_set(o, "capture", value_words(capture));
	value_set(o, "connections",
		  value_number(flows_len(s->recording->flows)));
	value_set(o, "connections_with_http", value_number(all->with_http));
	value_set(o, "exchanges", value_number(s->recording->count));
	value_set(o, "states", states_value(all));
	value_set(o, "encrypted", encrypted_value(all));
	add_findings(o, s);
	value_set(o, "bare_links", value_number(all->bare));
	value_set(o, "steered_links", value_number(all->steered));
	value_set(o, "reproducible", value_number(all->reproducible));
	value_set(o, "percent",
		  value_percent(all->reproducible, s->recording->count));
}

static void add_range(json_t *o, const struct survey *s)
{
	json_t *left_out = json_object();
	value_set(o, "classes", classes_value(s));
	add_first_page(o, s);
	add_times(o, s);
	value_set(o, "bytes", bytes_value(s));
	value_set(o, "reasons", reasons_value(s));
	add_chain(o, left_out, s);
	json_brought(o, left_out, s);
	json_twin(o, left_out, s);
	add_unexplained(o, left_out, s);
	add_unfollowed(o, left_out, s);
	json_traffic(o, left_out, s);
	value_set(o, "own", own_value(s));
	value_set(o, "left_out", left_out);
}

void check_json(const struct survey *s, const char *capture)
{
	struct buf line = {0};
	json_t *o = json_object();
	add_figures(o, s, capture);
	add_range(o, s);
	value_line(&line, o);
	fwrite(line.data, 1, line.len, stdout);
	buf_release(&line);
}
