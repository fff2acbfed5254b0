/* Why a recorded exchange was most likely not asked for. */
#include "compare_why.h"

#include "compare_chain.h"

#define LOOK_MAX 4096U  /* exchanges of one key looked at */
#define AGENT_SHOWN 80U /* bytes */

static const char *const names[] = {
    [WHY_OWN] = "own",
    [WHY_CAUSE] = "cause",
    [WHY_TUNNEL] = "tunnel",
    [WHY_WARM] = "warm-cache",
    [WHY_CACHED] = "cached",
    [WHY_PLUGIN] = "plug-in",
    [WHY_PROGRAM] = "program",
    [WHY_CLICKED] = "clicked",
    [WHY_COMPUTED] = "computed",
    [WHY_AGENT] = "user-agent",
    [WHY_CONDITION] = "condition",
};

const char *compare_why_name(enum compare_why why)
{
	return names[why];
}

static const struct exchange *recorded(const struct comparison *c, uint32_t i)
{
	return &c->recorded->exchanges[i];
}

static bool is_tunnelled(const struct exchange *e)
{
	return e->tunnel.data || e->status == 101 ||
	       slice_equal(exchange_method(e), SLICE("CONNECT"));
}

/* ---- kept by the client ---- */

static bool list_has(struct slice head, struct slice name, struct slice token)
{
	struct slice rest = head_fields(head);
	struct field f;
	while (head_field_next(&rest, name, &f))
		if (http_has_token(f.value, token))
			return true;
	return false;
}

/* RFC 9110 15.1: what may be kept without being told so. */
static bool status_may_be_kept(uint16_t status)
{
	static const uint16_t list[] = {200, 203, 204, 206, 300, 301, 308,
					404, 405, 410, 414, 501, 304};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (status == list[i])
			return true;
	return false;
}

/* RFC 9111 3, as browsers do: they also keep what says nothing. */
static bool may_be_kept(const struct exchange *e)
{
	static const struct slice field = SLICE("cache-control");
	return slice_equal(exchange_method(e), SLICE("GET")) &&
	       status_may_be_kept(e->status) &&
	       !list_has(e->response_head, field, SLICE("no-store")) &&
	       !list_has(e->response_head, field, SLICE("no-cache")) &&
	       !list_has(e->response_head, SLICE("pragma"), SLICE("no-cache"));
}

static bool is_same_url(const struct table *t, uint32_t i, uint32_t k)
{
	const struct entry *a = table_entry(t, i), *b = table_entry(t, k);
	return a->port == b->port && a->https == b->https &&
	       slice_equal(table_url(t, i).target, table_url(t, k).target);
}

/* Whether the replay has asked for the same before, and may have kept it. */
static bool is_kept(const struct comparison *c, uint32_t i)
{
	const struct table *t = c->site.edition->table;
	const struct exchange *e = recorded(c, i);
	if (!slice_equal(exchange_method(e), SLICE("GET")))
		return false;
	uint32_t k = table_near(t, exchange_method(e), table_entry(t, i)->host,
				url_path(table_target(t, i)));
	for (uint32_t looked = 0; k < i && looked < LOOK_MAX;
	     k = table_entry(t, k)->near_next, looked++)
		if (c->rows[k].asked && is_same_url(t, i, k) &&
		    may_be_kept(recorded(c, k)))
			return true;
	return false;
}

/* ---- plug-ins ---- */

static bool is_for_plugin(const struct exchange *e)
{
	static const char *const types[] = {"application/x-shockwave-flash",
					    "application/futuresplash",
					    "application/java",
					    "application/x-java",
					    "application/x-silverlight",
					    "application/pdf",
					    "application/x-director"};
	struct slice rest = head_fields(e->response_head);
	struct field f;
	while (head_field_next(&rest, SLICE("content-type"), &f))
		for (size_t i = 0; i < sizeof types / sizeof *types; i++)
			if (slice_starts_nocase(f.value, slice_of(types[i])))
				return true;
	return false;
}

/* ---- programs ---- */

static struct slice agent_of(const struct exchange *e)
{
	return traits_of_head(e->request_head).value[TRAIT_AGENT];
}

/* The exchange whose client should be the same one: the cause, or else the
 * first page. CHAIN_NONE: there is none. */
static uint32_t neighbour(const struct comparison *c, uint32_t i)
{
	uint32_t cause = chain_cause(&c->chains[0], i);
	uint32_t other = cause == CHAIN_NONE ? c->chains[0].first_page : cause;
	return other == i ? CHAIN_NONE : other;
}

static bool is_other_program(const struct comparison *c, uint32_t i)
{
	uint32_t other = neighbour(c, i);
	return other != CHAIN_NONE && !slice_same(agent_of(recorded(c, i)),
						  agent_of(recorded(c, other)));
}

/* The replay's client: who asked for the neighbour, or first of all. */
static bool is_other_agent(const struct comparison *c, uint32_t i)
{
	uint32_t other = neighbour(c, i), k = 0;
	if (other != CHAIN_NONE && c->rows[other].asked)
		k = c->rows[other].first;
	else
		while (k < c->asked_count && c->askings[k].own)
			k++;
	return k < c->asked_count &&
	       !slice_same(agent_of(recorded(c, i)),
			   agent_of(&c->replayed->exchanges[k]));
}

static enum compare_why link_why(const struct comparison *c, uint32_t i)
{
	const struct chain_link *link = &c->chains[0].links[i];
	if (link->by == CHAIN_LINK && link->follow == FOLLOW_CLICKED)
		return WHY_CLICKED;
	if (link->by != CHAIN_REDIRECT && link->by != CHAIN_LINK)
		return WHY_COMPUTED;
	return is_other_agent(c, i) ? WHY_AGENT : WHY_CONDITION;
}

enum compare_why compare_why(const struct comparison *c, uint32_t i)
{
	uint32_t cause = chain_cause(&c->chains[0], i);
	if (c->rows[i].own)
		return WHY_OWN;
	if (cause != CHAIN_NONE && !row_came_back(&c->rows[cause]))
		return WHY_CAUSE;
	if (is_tunnelled(recorded(c, i)))
		return WHY_TUNNEL;
	if (recorded(c, i)->status == 304)
		return WHY_WARM;
	if (is_kept(c, i))
		return WHY_CACHED;
	if (is_for_plugin(recorded(c, i)))
		return WHY_PLUGIN;
	return is_other_program(c, i) ? WHY_PROGRAM : link_why(c, i);
}

/* ---- in words ---- */

static void tell_cause(const struct comparison *c, uint32_t i, struct buf *out)
{
	uint32_t cause = chain_cause(&c->chains[0], i);
	buf_printf(out, "#%u, which leads to it, was %s", cause + 1,
		   c->rows[cause].asked ? "different" : "not asked");
}

static void tell_program(const struct exchange *e, struct buf *out)
{
	struct slice agent = agent_of(e);
	buf_add_string(out, "asked by another program: ");
	if (agent.data)
		buf_add(out, slice_to(agent, AGENT_SHOWN));
	else
		buf_add_string(out, "no User-Agent");
}

void compare_why_tell(const struct comparison *c, uint32_t i, struct buf *out)
{
	const struct row *r = &c->rows[i];
	switch (r->why) {
	case WHY_OWN:
		buf_printf(out, "the client's own: %s", own_kind_name(r->own));
		break;
	case WHY_CAUSE:
		tell_cause(c, i, out);
		break;
	case WHY_TUNNEL:
		buf_add_string(out, "asked through a tunnel or an upgrade, "
				    "which are not replayed");
		break;
	case WHY_CACHED:
		buf_add_string(out, "its URL was asked before, and that answer "
				    "could be cached");
		break;
	case WHY_WARM:
		buf_add_string(out, "the recorded client had it already and "
				    "asked whether it still holds");
		break;
	case WHY_PLUGIN:
		buf_add_string(out, "content of a plug-in, which the replay's "
				    "client may not have");
		break;
	case WHY_CLICKED:
		buf_add_string(out, "nobody clicked the link");
		break;
	case WHY_PROGRAM:
		tell_program(recorded(c, i), out);
		break;
	case WHY_AGENT:
		buf_add_string(out, "the replay's User-Agent is another one: "
				    "the page may ask for that");
		break;
	case WHY_COMPUTED:
		buf_add_string(out, "no link leads to it: made by script from "
				    "time or random numbers, or typed in");
		break;
	case WHY_CONDITION:
		buf_add_string(out, "a condition in the page");
		break;
	}
}
