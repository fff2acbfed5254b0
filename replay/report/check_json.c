/* replay --check --format json: one line with all of it. */
#include "check_print.h"

#include "value.h"

#define LISTED_MAX 1000U  /* entries of a list */
#define CHAIN_MAX 10000U  /* exchanges of the chain */
#define NUMBERS_MAX 1000U /* of exchanges of a reason */

static const char *const keys[FINDING_KINDS] = {
    [FOUND_INCOMPLETE] = "incomplete",      [FOUND_CACHED] = "only_304",
    [FOUND_UPGRADE] = "upgrades",           [FOUND_TUNNEL] = "tunnels",
    [FOUND_TOO_LARGE] = "too_large",        [FOUND_EVENTS] = "event_streams",
    [FOUND_UNSEARCHED] = "unsearched",      [FOUND_BARE] = "ip_targets",
    [FOUND_STEERED] = "ip_targets_steered",
};

/* ---- values ---- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *words(const char *text)
{
	return text ? value_text(slice_of(text)) : json_null();
}

static json_t *percent(uint64_t part, uint64_t whole)
{
	return json_real(survey_share(part, whole) / 10.0);
}

/* Since the epoch. */
static json_t *seconds(int64_t time)
{
	int64_t microseconds = time / 1000;
	return json_real((double)microseconds / 1e6);
}

static json_t *url_value(const struct exchange *e)
{
	struct buf b = {0};
	struct url url = exchange_url(e);
	url_print(&b, &url);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

static json_t *address_value(const struct address *a)
{
	struct buf b = {0};
	address_print(&b, a);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

static json_t *endpoint_value(const struct endpoint *e)
{
	struct buf b = {0};
	if (!e->port) /* several */
		return address_value(&e->address);
	endpoint_print(&b, e);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

/* An exchange as an object, to which more is added. */
static json_t *exchange_value(const struct survey *s, size_t i)
{
	const struct exchange *e = &s->recording->exchanges[i];
	json_t *o = json_object();
	set(o, "no", number(i + 1));
	set(o, "method", value_text(e->method));
	set(o, "url", url_value(e));
	return o;
}

/* A list of what is bounded, and what of it is left out. */
struct list {
	json_t *array;
	size_t max, left_out;
};

static bool has_room(struct list *l)
{
	if (json_array_size(l->array) < l->max)
		return true;
	l->left_out++;
	return false;
}

static struct list list_of(size_t max)
{
	return (struct list){.array = json_array(), .max = max};
}

static void end_list(json_t *o, json_t *left_out, const char *key,
		     struct list *l)
{
	set(o, key, l->array);
	if (l->left_out)
		set(left_out, key, number(l->left_out));
}

/* ---- findings ---- */

static void add_place(json_t *o, const struct finding *f)
{
	bool field = f->field.len;
	set(o, "type", value_text(buf_slice(&f->type)));
	set(o, "field", field ? value_text(buf_slice(&f->field)) : json_null());
	set(o, "line", field ? json_null() : number(f->line));
	set(o, "byte", number(f->at));
	set(o, "text", value_text(buf_slice(&f->text)));
}

static const char *text_key(enum finding_kind kind)
{
	return kind == FOUND_UPGRADE ? "protocol" : "reason";
}

static json_t *finding_value(const struct survey *s, const struct finding *f)
{
	const struct exchange *e = &s->recording->exchanges[f->i];
	json_t *o = exchange_value(s, f->i);
	if (f->kind == FOUND_INCOMPLETE)
		set(o, "state",
		    json_string(
			exchange_state_name((enum exchange_state)e->state)));
	if (f->kind == FOUND_BARE || f->kind == FOUND_STEERED)
		add_place(o, f);
	else if (f->text.len)
		set(o, text_key(f->kind), value_text(buf_slice(&f->text)));
	return o;
}

static json_t *states_value(const struct findings *all)
{
	json_t *o = json_object();
	for (int state = 0; state < FINDING_STATES; state++)
		set(o, exchange_state_name((enum exchange_state)state),
		    number(all->states[state]));
	return o;
}

static json_t *encrypted_value(const struct findings *all)
{
	json_t *list = json_array();
	const struct name *n;
	for (size_t at = 0; (n = findings_encrypted(all, &at));)
		json_array_append_new(
		    list, json_pack("{s:o,s:o}", "name", value_text(n->text),
				    "address", address_value(&n->address)));
	return list;
}

static void add_findings(json_t *o, const struct survey *s)
{
	json_t *lists[FINDING_KINDS];
	for (size_t kind = 0; kind < FINDING_KINDS; kind++) {
		lists[kind] = json_array();
		set(o, keys[kind], lists[kind]);
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
		json_array_append_new(list, number(i + 1));
	}
	return list;
}

static json_t *reason_value(const struct survey *s, enum reason r)
{
	const struct reason_info *info = reason_info(r);
	const struct reason_count *c = &s->reasons[r];
	json_t *o = json_object();
	set(o, "reason", json_string(info->name));
	set(o, "scope", json_string(reason_scope_name(info->scope)));
	set(o, "exchanges", number(c->exchanges));
	set(o, "connections", number(c->connections));
	set(o, "links", number(c->links));
	set(o, "bytes", number(c->bytes));
	set(o, "sentence", json_string(info->sentence));
	set(o, "fact", json_string(info->fact));
	set(o, "helps", json_string(info->helps));
	set(o, "numbers", numbers_value(s, r));
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
	set(o, "first_page", e ? url_value(e) : json_null());
	set(o, "first_page_time", e ? seconds(e->time) : json_null());
	struct slice agent = e ? twin_agent(e) : (struct slice){0};
	set(o, "user_agent", agent.data ? value_text(agent) : json_null());
}

static void add_times(json_t *o, const struct survey *s)
{
	bool any = s->recording->count;
	set(o, "begins", any ? seconds(s->begins) : json_null());
	set(o, "ends", any ? seconds(s->ends) : json_null());
}

static json_t *bytes_value(const struct survey *s)
{
	return json_pack("{s:o,s:o,s:o}", "reproducible", number(s->well.bytes),
			 "all", number(s->bytes), "percent",
			 percent(s->well.bytes, s->bytes));
}

/* ---- the chain ---- */

static json_t *break_value(const struct survey *s, const struct trail_break *b)
{
	if (b->reason == REASON_NONE)
		return json_null();
	const struct chain_link *l = &s->chain.links[b->exchange];
	json_t *o = exchange_value(s, b->exchange);
	set(o, "cause",
	    l->cause == CHAIN_NONE ? json_null() : number(l->cause + 1));
	set(o, "by", json_string(chain_by_name(l->by)));
	set(o, "reason", json_string(reason_info(b->reason)->name));
	set(o, "link", b->link ? value_text(b->link->url) : json_null());
	return o;
}

static json_t *link_value(const struct chain *c, size_t i)
{
	uint32_t cause = c->links[i].cause;
	return json_pack("{s:o,s:o,s:s}", "no", number(i + 1), "cause",
			 cause == CHAIN_NONE ? json_null() : number(cause + 1),
			 "by", chain_by_name(c->links[i].by));
}

static void add_chain(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list links = list_of(CHAIN_MAX);
	json_t *chain = json_object();
	for (size_t i = 0; i < s->chain.count; i++)
		if (has_room(&links))
			json_array_append_new(links.array,
					      link_value(&s->chain, i));
	set(chain, "followed", number(s->trail.count));
	set(chain, "first_broken", break_value(s, &s->trail.first));
	set(chain, "first_broken_exchange", break_value(s, &s->trail.exchange));
	set(chain, "links", links.array);
	set(o, "chain", chain);
	if (links.left_out)
		set(left_out, "chain", number(links.left_out));
}

static void add_unexplained(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (size_t i = 0; i < s->recording->count; i++) {
		const char *why = survey_unexplained(s, i);
		if (!why || !has_room(&l))
			continue;
		json_t *e = exchange_value(s, i);
		set(e, "why", json_string(why));
		json_array_append_new(l.array, e);
	}
	end_list(o, left_out, "unexplained", &l);
}

static void add_unfollowed(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	json_t *counts = json_object();
	size_t all = 0;
	for (enum follow_kind k = 0; k <= FOLLOW_SCRIPTED; k++) {
		set(counts, follow_kind_name(k),
		    number(s->chain.unfollowed_all[k]));
		all += s->chain.unfollowed_all[k];
	}
	set(o, "unfollowed_counts", counts);
	for (size_t i = 0; i < s->chain.unfollowed_count; i++) {
		const struct unfollowed *u = &s->chain.unfollowed[i];
		if (!has_room(&l))
			break;
		json_array_append_new(
		    l.array, json_pack("{s:o,s:s,s:o}", "no",
				       number((uint64_t)u->exchange + 1),
				       "kind", follow_kind_name(u->kind), "url",
				       value_text(u->url)));
	}
	l.left_out = all - json_array_size(l.array);
	end_list(o, left_out, "unfollowed", &l);
}

/* ---- the victim ---- */

static json_t *brought_value(const struct survey *s, enum brought_kind kind,
			     const struct roll_entry *e)
{
	json_t *o = json_object();
	set(o, "kind", json_string(brought_kind_name(kind)));
	set(o, "place", value_text(e->place));
	set(o, "text", value_text(e->text));
	set(o, "count", number(e->count));
	set(o, "no", number((uint64_t)e->first + 1));
	if (kind == BROUGHT_COOKIE)
		set(o, "script",
		    json_boolean(s->brought.script_cookies < e->first));
	return o;
}

static void add_brought(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (enum brought_kind kind = 0; kind < BROUGHT_KINDS; kind++) {
		const struct roll *roll = &s->brought.kinds[kind];
		for (size_t i = 0; i < roll->count; i++)
			if (has_room(&l))
				json_array_append_new(
				    l.array,
				    brought_value(s, kind, &roll->list[i]));
		l.left_out += roll->left_out;
	}
	end_list(o, left_out, "brought", &l);
}

static json_t *roll_value(const struct roll *roll, bool places)
{
	json_t *list = json_array();
	for (size_t i = 0; i < roll->count; i++) {
		const struct roll_entry *e = &roll->list[i];
		json_t *o = json_object();
		if (places)
			set(o, "name", value_text(e->place));
		set(o, "value", value_text(e->text));
		set(o, "count", number(e->count));
		json_array_append_new(list, o);
	}
	return list;
}

/* Each once: clients may be told apart by the other one alone. */
static json_t *fingerprints_value(const struct survey *s,
				  const struct address *client, bool ja4)
{
	struct roll roll = {.max = LISTED_MAX};
	for (size_t i = 0; i < s->traffics.client_count; i++) {
		const struct traffic_client *c = &s->traffics.clients[i];
		if (!address_equal(&c->client, client))
			continue;
		const char *print = ja4 ? c->print.ja4 : c->print.ja3;
		struct roll_entry *e = roll_add(&roll, (struct slice){0},
						slice_of(print), UINT32_MAX);
		if (e)
			e->count += c->connections - 1;
	}
	json_t *list = roll_value(&roll, false);
	roll_release(&roll);
	return list;
}

static json_t *client_value(const struct survey *s, const struct twin_client *c)
{
	json_t *o = json_object();
	set(o, "address", address_value(&c->address));
	set(o, "exchanges", number(c->exchanges));
	for (enum twin_value v = 0; v < TWIN_VALUES; v++)
		set(o, twin_value_name(v),
		    roll_value(&c->values[v], v >= TWIN_PLUGIN));
	set(o, "ja3", fingerprints_value(s, &c->address, false));
	set(o, "ja4", fingerprints_value(s, &c->address, true));
	return o;
}

static void add_twin(json_t *o, json_t *left_out, const struct survey *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->twin.count; i++)
		json_array_append_new(list,
				      client_value(s, &s->twin.clients[i]));
	set(o, "twin", json_pack("{s:o}", "clients", list));
	if (s->twin.left_out)
		set(left_out, "twin", number(s->twin.left_out));
}

/* ---- other traffic ---- */

static const char *traffic_kind_key(enum traffic_kind kind)
{
	static const char *const names[SURVEY_TRAFFIC_KINDS] = {
	    [TRAFFIC_TLS] = "tls",
	    [TRAFFIC_QUIC] = "quic",
	    [TRAFFIC_HTTP2_CLEAR] = "http2-clear",
	    [TRAFFIC_OTHER] = "other",
	    [TRAFFIC_UNKNOWN] = "unknown",
	    [TRAFFIC_SILENT] = "silent",
	};
	return names[kind];
}

static json_t *print_value(const char *print)
{
	return words(*print ? print : NULL);
}

static json_t *traffic_value(const struct traffic *t)
{
	json_t *o = json_object();
	struct slice alpn = {t->print.alpn, t->print.alpn_len};
	set(o, "kind", json_string(traffic_kind_key(t->kind)));
	set(o, "protocol", words(t->protocol));
	set(o, "by_bytes", json_boolean(t->by_bytes));
	set(o, "udp", json_boolean(t->udp));
	set(o, "asks_certificate", json_boolean(t->asks_certificate));
	set(o, "client", endpoint_value(&t->client));
	set(o, "server", endpoint_value(&t->server));
	set(o, "why", words(t->why));
	set(o, "name", t->name.data ? value_text(t->name) : json_null());
	set(o, "connections", number(t->connections));
	set(o, "bytes", number(t->bytes));
	set(o, "sent", number(t->sent));
	set(o, "received", number(t->received));
	set(o, "begins", seconds(t->begins));
	set(o, "ends", seconds(t->ends));
	set(o, "ja3", print_value(t->print.ja3));
	set(o, "ja4", print_value(t->print.ja4));
	set(o, "alpn", t->print.alpn_len ? value_text(alpn) : json_null());
	return o;
}

static void add_traffic(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (size_t i = 0; i < s->traffics.count; i++)
		if (has_room(&l))
			json_array_append_new(
			    l.array, traffic_value(&s->traffics.list[i]));
	l.left_out += s->traffics.more_connections;
	end_list(o, left_out, "traffic", &l);
}

static json_t *own_value(const struct survey *s)
{
	json_t *o = json_object();
	for (enum own_kind k = OWN_NOT + 1; k < SURVEY_OWN_KINDS; k++)
		if (s->own[k])
			set(o, own_kind_name(k), number(s->own[k]));
	return o;
}

/* ---- all ---- */

static void add_figures(json_t *o, const struct survey *s, const char *capture)
{
	const struct findings *all = &s->findings;
	set(o, "capture", words(capture));
	set(o, "connections", number(flows_len(s->recording->flows)));
	set(o, "connections_with_http", number(all->with_http));
	set(o, "exchanges", number(s->recording->count));
	set(o, "states", states_value(all));
	set(o, "encrypted", encrypted_value(all));
	add_findings(o, s);
	set(o, "bare_links", number(all->bare));
	set(o, "steered_links", number(all->steered));
	set(o, "reproducible", number(all->reproducible));
	set(o, "percent", percent(all->reproducible, s->recording->count));
}

static void add_range(json_t *o, const struct survey *s)
{
	json_t *left_out = json_object();
	set(o, "classes", classes_value(s));
	add_first_page(o, s);
	add_times(o, s);
	set(o, "bytes", bytes_value(s));
	set(o, "reasons", reasons_value(s));
	add_chain(o, left_out, s);
	add_brought(o, left_out, s);
	add_twin(o, left_out, s);
	add_unexplained(o, left_out, s);
	add_unfollowed(o, left_out, s);
	add_traffic(o, left_out, s);
	set(o, "own", own_value(s));
	set(o, "left_out", left_out);
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
