/* What a comparison tells people beside its table. */
#include "compare_print.h"

#include "compare_chain.h"
#include "compare_detail.h"

#include "capture/log.h"

#include <stdlib.h>

#define SHOWN 20U /* lines of each kind */
#define INDENT_MAX 20U
#define COLUMN 60U /* where the replay's side begins */

/* Of so many lines of a kind. */
static void tell_rest(size_t all)
{
	if (all > SHOWN)
		log_info("and %zu more (--format json has them all)",
			 all - SHOWN);
}

/* ---- requests ---- */

static bool row_differs_in(const struct comparison *c, const struct row *r,
			   enum trait t)
{
	const struct asking *a = &c->askings[r->first];
	for (size_t i = 0; i < a->difference_count; i++)
		if (a->differences[i].kind == DIFFERS_FIELD &&
		    slice_equal(a->differences[i].name, trait_name(t)))
			return true;
	return false;
}

static void tell_requests(const struct comparison *c)
{
	struct buf line = {0};
	for (enum trait t = 0; t < TRAITS; t++) {
		size_t count = 0;
		for (uint32_t i = 0; i < c->count; i++)
			count += c->rows[i].asked &&
				 row_differs_in(c, &c->rows[i], t);
		if (!count)
			continue;
		buf_add_string(&line, line.len ? ", " : "");
		buf_add(&line, trait_name(t));
		buf_printf(&line, " (%zu)", count);
	}
	if (line.len)
		log_info("requests differ from the recorded ones in %.*s",
			 (int)line.len, (const char *)line.data);
	buf_release(&line);
}

/* ---- DNS ---- */

static void tell_name(const struct names_row *r)
{
	struct buf line = {0};
	buf_add_string(&line, "  ");
	buf_add_escaped(&line, r->name);
	buf_printf(&line, ": %s", names_result_name(r->result));
	if (r->counts[1]) {
		buf_add_string(&line, ": ");
		names_print(r, 1, &line);
	}
	if (r->counts[0]) {
		buf_add_string(&line, ", recorded ");
		names_print(r, 0, &line);
	}
	buf_add_byte(&line, '\n');
	log_lines(buf_slice(&line));
	buf_release(&line);
}

static void tell_names(const struct names_compared *n)
{
	size_t told = 0;
	if (!n->count)
		return;
	log_info("DNS: %zu names as recorded, %zu with other addresses, %zu "
		 "not asked, %zu not recorded; %zu the client's own",
		 n->results[NAMES_SAME], n->results[NAMES_OTHER],
		 n->results[NAMES_NOT_ASKED], n->results[NAMES_NOT_RECORDED],
		 n->own);
	for (size_t i = 0; i < n->count; i++) {
		const struct names_row *r = &n->rows[i];
		if (r->own || r->result == NAMES_SAME)
			continue;
		if (told < SHOWN)
			tell_name(r);
		told++;
	}
	tell_rest(told);
}

/* ---- addresses ---- */

static void tell_address(const struct lone_address *a)
{
	struct buf line = {0};
	buf_add_string(&line, "no DNS answer gave ");
	address_print(&line, &a->address);
	buf_add_string(&line, a->port_count == 1 ? ", port" : ", ports");
	for (size_t i = 0; i < a->port_count; i++)
		buf_printf(&line, "%s %u", i ? "," : "", a->ports[i]);
	buf_printf(&line, ": %zu requests", a->requests);
	if (a->others)
		buf_printf(&line, ", %zu connections without one", a->others);
	buf_add_string(&line, a->written ? "; a link has it"
					 : "; no link has it: computed");
	log_info("%.*s", (int)line.len, (const char *)line.data);
	buf_release(&line);
}

/* ---- chains ---- */

static const char *result_words(enum compare_result r)
{
	return r == COMPARE_NOT_ASKED ? "not asked" : compare_result_name(r);
}

static void tell_parting(const struct comparison *c)
{
	uint32_t at = c->parts_at;
	struct buf name = {0}, line = {0};
	if (at == COMPARE_NONE)
		return;
	compare_name(c->recorded, at, &name);
	buf_add_escaped(&line, buf_slice(&name));
	uint32_t cause = chain_cause(&c->chains[0], at);
	const char *result = result_words(c->rows[at].result);
	if (cause == CHAIN_NONE)
		buf_printf(&line, ", the first page: %s", result);
	else
		buf_printf(&line, ": %s; its cause #%u came back", result,
			   cause + 1);
	log_info("the chains part at %.*s", (int)line.len,
		 (const char *)line.data);
	buf_release(&name);
	buf_release(&line);
}

static void put_indent(struct buf *out, uint32_t depth)
{
	for (uint32_t i = 0; i < depth && i < INDENT_MAX; i++)
		buf_add_string(out, "  ");
}

/* What the replay made of exchange i. */
static void put_other_side(const struct comparison *c, uint32_t i,
			   struct buf *out)
{
	const struct row *r = &c->rows[i];
	const struct chain *live = &c->chains[1];
	buf_add_string(out, result_words(r->result));
	if (!r->asked)
		return;
	buf_printf(out, ", %s", chain_by_name(live->links[r->first].by));
	uint32_t cause = compare_live_cause(c, r->first);
	if (cause != COMPARE_NONE)
		buf_printf(out, " of #%u", cause + 1);
}

static void put_step(const struct comparison *c, struct walk_step step,
		     struct buf *out)
{
	const struct chain *chain = &c->chains[0];
	size_t begin = out->len;
	struct buf name = {0};
	put_indent(out, step.depth);
	compare_name(c->recorded, step.exchange, &name);
	buf_add_escaped(out, buf_slice(&name));
	buf_printf(out, ", %s", chain_by_name(chain->links[step.exchange].by));
	do
		buf_add_byte(out, ' ');
	while (out->len - begin < COLUMN);
	buf_add_string(out, "| ");
	put_other_side(c, step.exchange, out);
	buf_add_byte(out, '\n');
	buf_release(&name);
}

/* A request that was not recorded, with its cause as the recording numbers
 * it. */
static void put_miss(const struct comparison *c, uint32_t k, struct buf *out)
{
	const struct exchange *e = &c->replayed->exchanges[k];
	struct url url = exchange_url(e);
	struct buf text = {0};
	url_print(&text, &url);
	for (size_t i = 0; i < COLUMN; i++)
		buf_add_byte(out, ' ');
	buf_add_string(out, "| ");
	buf_add_escaped(out, exchange_method(e));
	buf_add_byte(out, ' ');
	buf_add_escaped(out, buf_slice(&text));
	buf_printf(out, ", %s", chain_by_name(c->chains[1].links[k].by));
	uint32_t cause = compare_live_cause(c, k);
	if (cause != COMPARE_NONE)
		buf_printf(out, " of #%u", cause + 1);
	buf_add_byte(out, '\n');
	buf_release(&text);
}

static void tell_chains(const struct comparison *c)
{
	struct buf lines = {0};
	struct walk_step *steps = chain_walk(&c->chains[0]);
	log_debug("recorded chain | the replay's");
	for (uint32_t i = 0; i < c->count; i++)
		put_step(c, steps[i], &lines);
	for (uint32_t i = 0; i < c->miss_count; i++)
		put_miss(c, c->order[i], &lines);
	log_lines(buf_slice(&lines));
	free(steps);
	buf_release(&lines);
}

void compare_tell(const struct compare_report *r, bool verbose)
{
	tell_requests(r->comparison);
	tell_names(r->names);
	for (size_t i = 0; i < r->addresses->count && i < SHOWN; i++)
		tell_address(&r->addresses->list[i]);
	tell_rest(r->addresses->count);
	if (verbose)
		tell_chains(r->comparison);
	tell_parting(r->comparison);
}
