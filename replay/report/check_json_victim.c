/* replay --check --format json: the victim's client and its twin. */
#include "check_json.h"

static json_t *brought_value(const struct survey *s, enum brought_kind kind,
			     const struct roll_entry *e)
{
	json_t *o = json_object();
	value_set(o, "kind", json_string(brought_kind_name(kind)));
	value_set(o, "place", value_text(e->place));
	value_set(o, "text", value_text(e->text));
	value_set(o, "count", value_number(e->count));
	value_set(o, "no", value_number((uint64_t)e->first + 1));
	if (kind == BROUGHT_COOKIE)
		value_set(o, "script",
			  json_boolean(s->brought.script_cookies < e->first));
	return o;
}

void json_brought(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (enum brought_kind kind = 0; kind < BROUGHT_KINDS; kind++) {
		const struct roll *roll = &s->brought.kinds[kind];
		for (size_t i = 0; i < roll->count; i++)
			if (list_has_room(&l))
				json_array_append_new(
				    l.array,
				    brought_value(s, kind, &roll->list[i]));
		l.left_out += roll->left_out;
	}
	list_end(o, left_out, "brought", &l);
}

static json_t *roll_value(const struct roll *roll, bool places)
{
	json_t *list = json_array();
	for (size_t i = 0; i < roll->count; i++) {
		const struct roll_entry *e = &roll->list[i];
		json_t *o = json_object();
		if (places)
			value_set(o, "name", value_text(e->place));
		value_set(o, "value", value_text(e->text));
		value_set(o, "count", value_number(e->count));
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
	value_set(o, "address", value_address(&c->address));
	value_set(o, "exchanges", value_number(c->exchanges));
	for (enum twin_value v = 0; v < TWIN_VALUES; v++)
		value_set(o, twin_value_name(v),
			  roll_value(&c->values[v], v >= TWIN_PLUGIN));
	value_set(o, "ja3", fingerprints_value(s, &c->address, false));
	value_set(o, "ja4", fingerprints_value(s, &c->address, true));
	return o;
}

void json_twin(json_t *o, json_t *left_out, const struct survey *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->twin.count; i++)
		json_array_append_new(list,
				      client_value(s, &s->twin.clients[i]));
	value_set(o, "twin", json_pack("{s:o}", "clients", list));
	if (s->twin.left_out)
		value_set(left_out, "twin", value_number(s->twin.left_out));
}
