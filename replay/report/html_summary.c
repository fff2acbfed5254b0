/* The top of a report: what kind of incident, where it began, what of it comes
 * back. */
#include "compare_print.h"
#include "html_page.h"

static void tile(struct page *p, const char *what)
{
	buf_printf(&p->out, "<div><dt>%s</dt><dd>", what);
}

static void tile_end(struct page *p)
{
	buf_add_string(&p->out, "</dd></div>\n");
}

static void put_incident(struct page *p)
{
	enum reason class;
	bool any = false;
	buf_add_string(&p->out, "<p class=\"lead\">");
	for (size_t at = 0; survey_class(&p->survey, &at, &class); any = true)
		buf_printf(&p->out, "%s%s", any ? "; " : "",
			   reason_info(class)->words);
	buf_add_string(&p->out, any ? "</p>\n"
				    : "No exchange that comes back, no other "
				      "traffic</p>\n");
}

/* ---- figures ---- */

static void put_reproducible(struct page *p)
{
	size_t part = p->survey.findings.reproducible;
	size_t whole = p->recording->count;
	tile(p, "Reproducible");
	buf_printf(&p->out, "<strong>%zu of %zu</strong> exchanges (", part,
		   whole);
	html_share(&p->out, part, whole);
	buf_add_string(&p->out, ")");
	tile_end(p);
}

static void put_reproduced(struct page *p)
{
	const struct comparison *c = p->options->compared;
	if (!c)
		return;
	unsigned share = compare_per_mille(c);
	tile(p, "Reproduced by the replay");
	buf_printf(&p->out,
		   "<strong>%zu of %zu</strong> reproducible exchanges "
		   "(%u.%u %%), %zu requests had no recorded answer",
		   c->reproduced, c->reproducible, share / 10, share % 10,
		   c->miss_count - c->own_misses);
	tile_end(p);
}

static void put_delivered(struct page *p)
{
	size_t files = 0;
	for (uint32_t k = 0; k < p->listed_count; k++) {
		enum html_kind kind = p->glances[k].kind;
		files += kind == HTML_FILE || kind == HTML_PLUGIN;
	}
	tile(p, "Delivered");
	buf_add_string(&p->out, "<a href=\"#objects\">");
	words_count(&p->out, files, "file");
	buf_add_string(&p->out, "</a> (programs, archives, plug-ins), ");
	words_bytes(&p->out, p->survey.bytes);
	buf_add_string(&p->out, " in all bodies");
	tile_end(p);
}

static void put_seen(struct page *p)
{
	size_t asked = 0;
	for (size_t i = 0; i < p->hosts.count; i++)
		asked += p->hosts.list[i].exchanges > 0;
	tile(p, "Recorded");
	words_count(&p->out, p->recording->count, "exchange");
	buf_add_string(&p->out, " with ");
	words_count(&p->out, asked, "host");
	buf_printf(&p->out, ", %u connections, %zu of them with HTTP",
		   p->recording->flows ? flows_len(p->recording->flows) : 0,
		   p->survey.findings.with_http);
	tile_end(p);
}

static void put_when(struct page *p)
{
	if (!p->recording->count)
		return;
	tile(p, "When");
	html_time(&p->out, p->survey.begins);
	buf_add_string(&p->out, ", for ");
	html_duration(&p->out, p->survey.ends - p->survey.begins);
	tile_end(p);
}

/* ---- who and where ---- */

static void put_first_page(struct page *p)
{
	tile(p, "First page");
	if (p->survey.chain.first_page == CHAIN_NONE)
		buf_add_string(&p->out, "none was recorded");
	else
		page_exchange(p, p->survey.chain.first_page);
	tile_end(p);
}

static void put_victim(struct page *p)
{
	const struct exchange *e = survey_first_page(&p->survey);
	if (!e && !p->recording->count)
		return;
	e = e ? e : p->recording->exchanges;
	struct slice agent = twin_agent(e);
	tile(p, "Victim");
	html_address(&p->out, &exchange_client(e)->address);
	buf_add_string(&p->out, ", <span class=\"v\">");
	html_add_clipped(&p->out, agent.len ? agent : SLICE("no User-Agent"),
			 HTML_CLIPPED);
	buf_add_string(&p->out, "</span>");
	tile_end(p);
}

void html_summary(struct page *p)
{
	put_incident(p);
	buf_add_string(&p->out, "<dl class=\"tiles\">\n");
	put_reproducible(p);
	put_reproduced(p);
	put_delivered(p);
	put_seen(p);
	put_when(p);
	put_first_page(p);
	put_victim(p);
	buf_add_string(&p->out, "</dl>\n");
}
