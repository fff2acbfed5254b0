/* A comparison as JSON lines. */
#include "compare_print.h"

#include "compare_chain.h"
#include "compare_detail.h"
#include "output.h"
#include "value.h"

#define FLUSH_AT ((size_t)1 << 16)

static json_t *number(size_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *exchange_number(uint32_t i)
{
	return i == COMPARE_NONE ? json_null() : number((size_t)i + 1);
}

static json_t *text_or_null(struct slice text)
{
	return text.data ? value_text(text) : json_null();
}

static json_t *word(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *new_line(const char *type)
{
	json_t *o = json_object();
	json_object_set_new(o, "type", json_string(type));
	return o;
}

/* ---- exchanges ---- */

static json_t *url_value(const struct exchange *e)
{
	struct url url = exchange_url(e);
	struct buf text = {0};
	url_print(&text, &url);
	json_t *value = value_text(buf_slice(&text));
	buf_release(&text);
	return value;
}

/* Of no asking: none. */
static json_t *differences_value(const struct asking *a)
{
	json_t *list = json_array();
	for (size_t i = 0; a && i < a->difference_count; i++) {
		const struct difference *d = &a->differences[i];
		json_array_append_new(
		    list, json_pack("{s:s,s:o,s:o,s:o}", "in",
				    differ_kind_name(d->kind), "name",
				    text_or_null(d->name), "asked",
				    text_or_null(d->asked), "recorded",
				    text_or_null(d->recorded)));
	}
	return list;
}

/* The columns of the table and what hangs on them. */
static void put_columns(json_t *o, const struct exchange *e,
			enum compare_result result, const struct buf *detail)
{
	json_object_set_new(o, "method", value_text(exchange_method(e)));
	json_object_set_new(o, "host", text_or_null(exchange_host(e)));
	json_object_set_new(o, "target", value_text(exchange_target(e)));
	json_object_set_new(o, "status",
			    e->status ? number(e->status) : json_null());
	json_object_set_new(o, "result",
			    json_string(compare_result_name(result)));
	json_object_set_new(o, "detail", value_text(buf_slice(detail)));
	json_object_set_new(o, "url", url_value(e));
}

static void put_asking(json_t *o, const struct asking *a)
{
	bool rewritten = a && a->result == COMPARE_REWRITTEN;
	json_object_set_new(
	    o, "step", word(a && a->step ? match_step_name(a->step) : NULL));
	json_object_set_new(o, "rules",
			    rewritten ? value_text(buf_slice(&a->told))
				      : json_null());
	json_object_set_new(o, "request_differences", differences_value(a));
}

static void put_own(json_t *o, enum own_kind own)
{
	json_object_set_new(o, "by_client_itself", json_boolean(own));
	json_object_set_new(o, "own", word(own_kind_name(own)));
}

static void put_chain(json_t *o, const struct chain *c, uint32_t i,
		      uint32_t cause)
{
	json_object_set_new(o, "cause", exchange_number(cause));
	json_object_set_new(o, "led_by",
			    json_string(chain_by_name(c->links[i].by)));
}

static json_t *row_value(const struct comparison *c, uint32_t i)
{
	const struct row *r = &c->rows[i];
	struct buf detail = {0};
	json_t *o = new_line("exchange");
	compare_detail(c, i, &detail);
	json_object_set_new(o, "no", exchange_number(i));
	put_columns(o, &c->recorded->exchanges[i], r->result, &detail);
	json_object_set_new(o, "reproducible", json_boolean(r->reproducible));
	json_object_set_new(o, "asked", number(r->asked));
	json_object_set_new(o, "reason",
			    word(r->result == COMPARE_NOT_ASKED
				     ? compare_why_name(r->why)
				     : NULL));
	put_asking(o, row_asking(c, r));
	put_own(o, r->own);
	put_chain(o, &c->chains[0], i, chain_cause(&c->chains[0], i));
	json_object_set_new(
	    o, "replay_cause",
	    exchange_number(r->asked ? compare_live_cause(c, r->first)
				     : COMPARE_NONE));
	json_object_set_new(o, "before_cause", json_boolean(r->before_cause));
	json_object_set_new(o, "before", exchange_number(r->before));
	buf_release(&detail);
	return o;
}

static json_t *miss_value(const struct comparison *c, uint32_t k)
{
	const struct asking *a = &c->askings[k];
	struct buf detail = {0};
	json_t *o = new_line("exchange");
	compare_miss_detail(c, k, &detail);
	json_object_set_new(o, "no", json_null());
	put_columns(o, &c->replayed->exchanges[k], a->result, &detail);
	json_object_set_new(o, "asked", number(1));
	json_object_set_new(o, "nearest", exchange_number(a->nearest));
	put_asking(o, a);
	put_own(o, a->own);
	put_chain(o, &c->chains[1], k, compare_live_cause(c, k));
	buf_release(&detail);
	return o;
}

/* ---- all else ---- */

static json_t *answers_value(const struct names_row *r, int side)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->counts[side]; i++) {
		const struct name *n = r->answers[side][i];
		struct buf text = {0};
		if (n->kind == NAME_MISSING)
			continue;
		address_print(&text, &n->address);
		json_array_append_new(list, value_text(buf_slice(&text)));
		buf_release(&text);
	}
	return list;
}

static json_t *name_value(const struct names_row *r)
{
	json_t *o = new_line("dns");
	json_object_set_new(o, "name", value_text(r->name));
	json_object_set_new(o, "result",
			    json_string(names_result_name(r->result)));
	json_object_set_new(o, "recorded", answers_value(r, 0));
	json_object_set_new(o, "replayed", answers_value(r, 1));
	put_own(o, r->own);
	return o;
}

static json_t *address_value(const struct lone_address *a)
{
	struct buf text = {0};
	json_t *o = new_line("address"), *ports = json_array();
	address_print(&text, &a->address);
	for (size_t i = 0; i < a->port_count; i++)
		json_array_append_new(ports, number(a->ports[i]));
	json_object_set_new(o, "address", value_text(buf_slice(&text)));
	json_object_set_new(o, "ports", ports);
	json_object_set_new(o, "requests", number(a->requests));
	json_object_set_new(o, "other_connections", number(a->others));
	json_object_set_new(o, "link",
			    json_string(a->written ? "written" : "computed"));
	buf_release(&text);
	return o;
}

static json_t *chain_value(const struct comparison *c)
{
	json_t *o = new_line("chain");
	uint32_t at = c->parts_at;
	bool parts = at != COMPARE_NONE;
	json_object_set_new(o, "first_page",
			    exchange_number(c->chains[0].first_page));
	json_object_set_new(o, "parts_at", exchange_number(at));
	json_object_set_new(o, "cause",
			    exchange_number(parts
						? chain_cause(&c->chains[0], at)
						: COMPARE_NONE));
	json_object_set_new(
	    o, "result",
	    word(parts ? compare_result_name(c->rows[at].result) : NULL));
	return o;
}

static json_t *summary_value(const struct compare_report *r)
{
	const struct comparison *c = r->comparison;
	json_t *o = new_line("summary"), *dns = json_object();
	for (size_t i = 0; i < COMPARE_RESULTS; i++)
		json_object_set_new(o,
				    compare_result_name((enum compare_result)i),
				    number(c->results[i]));
	for (size_t i = 0; i < NAMES_RESULTS; i++)
		json_object_set_new(dns,
				    names_result_name((enum names_result)i),
				    number(r->names->results[i]));
	json_object_set_new(dns, "own", number(r->names->own));
	json_object_set_new(o, "exchanges", number(c->count));
	json_object_set_new(o, "requests", number(c->asked_count));
	json_object_set_new(o, "reproducible", number(c->reproducible));
	json_object_set_new(o, "reproduced", number(c->reproduced));
	json_object_set_new(o, "percent",
			    json_real(compare_per_mille(c) / 10.0));
	json_object_set_new(o, "no_recorded_answer",
			    number(c->miss_count - c->own_misses));
	json_object_set_new(o, "own_not_recorded", number(c->own_misses));
	json_object_set_new(o, "dns", dns);
	json_object_set_new(o, "addresses", number(r->addresses->count));
	return o;
}

/* Takes value. */
static int put(struct buf *out, json_t *value)
{
	value_line(out, value);
	return out->len >= FLUSH_AT ? output_flush(out) : 0;
}

int compare_print_json(const struct compare_report *r)
{
	const struct comparison *c = r->comparison;
	const struct names_compared *names = r->names;
	const struct lone_addresses *addresses = r->addresses;
	struct buf out = {0};
	int result = 0;
	for (uint32_t i = 0; i < c->count && !result; i++)
		result = put(&out, row_value(c, i));
	for (uint32_t i = 0; i < c->miss_count && !result; i++)
		result = put(&out, miss_value(c, c->order[i]));
	for (size_t i = 0; i < names->count && !result; i++)
		result = put(&out, name_value(&names->rows[i]));
	for (size_t i = 0; i < addresses->count && !result; i++)
		result = put(&out, address_value(&addresses->list[i]));
	if (!result) {
		value_line(&out, chain_value(c));
		value_line(&out, summary_value(r));
		result = output_flush(&out);
	}
	buf_release(&out);
	return result;
}
