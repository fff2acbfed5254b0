/* The table of exchanges of a report: each row leads to the details. */
#include "html_page.h"

/* The scheme of most is what a phone has no room for. */
static void put_host(struct page *p, const struct url *u)
{
	struct buf *out = &p->out, name = {0};
	struct url url = *u;
	size_t scheme = url.https ? strlen("https://") : strlen("http://");
	url.target = SLICE("/");
	url_print(&name, &url);
	name.len--;
	buf_add_string(out, "<span class=\"h\"><span class=\"w\">");
	buf_add(out, slice_to(buf_slice(&name), scheme));
	buf_add_string(out, "</span>");
	html_add_clipped(out, slice_from(buf_slice(&name), scheme), 120);
	buf_add_string(out, "</span>");
	buf_release(&name);
}

static void put_url(struct page *p, const struct exchange *e, uint32_t i)
{
	struct buf *out = &p->out;
	struct url url = exchange_url(e);
	bool connect = slice_equal(exchange_method(e), SLICE("CONNECT"));
	buf_printf(out, "<a href=\"#e%" PRIu32 "\">", i + 1);
	if (!connect) /* that has no URL: RFC 9110 9.3.6 */
		put_host(p, &url);
	buf_add_string(out, "<span class=\"t\">");
	html_add_clipped(out, connect ? exchange_target(e) : url.target,
			 HTML_CLIPPED);
	buf_add_string(out, "</span></a>");
}

static void put_result(struct page *p, uint32_t i)
{
	const struct comparison *c = p->options->compared;
	if (!c)
		return;
	const char *name = compare_result_name(c->rows[i].result);
	buf_printf(&p->out, "<td class=\"r r-%s\">%s</td>", name, name);
}

static void put_row(struct page *p, const struct glance *g, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct buf *out = &p->out;
	const char *state = exchange_state_name((enum exchange_state)e->state);
	bool lost = !findings_reproducible(&p->survey.findings, i);
	buf_printf(out,
		   "<tr id=\"r%" PRIu32 "\"%s><td>%" PRIu32 "</td>"
		   "<td class=\"w\">%.3f</td><td class=\"w\">",
		   i + 1, lost ? " class=\"lost\"" : "", i + 1,
		   (double)(e->time - p->survey.begins) / 1e9);
	html_add_clipped(out, exchange_method(e), 20);
	buf_add_string(out, "</td><th scope=\"row\">");
	put_url(p, e, i);
	buf_add_string(out, "</th><td>");
	if (e->status)
		buf_printf(out, "%u", e->status);
	else
		buf_add_byte(out, '-');
	buf_printf(out, "</td><td class=\"w\"><i class=\"k-%s\"></i>%s</td>",
		   html_kind_name(g->kind), html_kind_name(g->kind));
	buf_printf(out, "<td class=\"w\" data-v=\"%" PRIu64 "\">", g->bytes);
	if (g->has_head)
		words_bytes(out, g->bytes);
	else
		buf_add_byte(out, '-');
	buf_printf(out, "</td><td class=\"s s-%s\">%s</td>", state, state);
	put_result(p, i);
	buf_add_string(out, "</tr>\n");
}

static void put_head(struct page *p)
{
	static const struct {
		const char *name;
		const char *attributes; /* data-n: its values are numbers */
	} columns[] = {
	    {"No", " data-n"},
	    {"Seconds", " data-n class=\"w\""},
	    {"Method", " class=\"w\""},
	    {"URL", ""},
	    {"Status", " data-n"},
	    {"Kind", " class=\"w\""},
	    {"Bytes", " data-n class=\"w\""},
	    {"State", ""},
	    {"Replay", ""},
	};
	size_t count = sizeof columns / sizeof *columns;
	if (!p->options->compared)
		count--;
	buf_add_string(&p->out, "<thead><tr>");
	for (size_t i = 0; i < count; i++)
		buf_printf(&p->out, "<th scope=\"col\"%s>%s</th>",
			   columns[i].attributes, columns[i].name);
	buf_add_string(&p->out, "</tr></thead>\n<tbody>\n");
}

void html_table(struct page *p)
{
	struct buf *out = &p->out;
	size_t rest = p->recording->count - p->listed_count;
	buf_add_string(out, "<section id=\"table\"><h2>Exchanges</h2>\n");
	if (rest) {
		buf_printf(out,
			   "<p class=\"note\">%" PRIu32 " of %zu are told one "
			   "by one: those that the first page led to and those "
			   "that do not come back before others. <code>replay "
			   "--list</code> has all of them.</p>\n",
			   p->listed_count, p->recording->count);
	}
	buf_add_string(out,
		       "<div id=\"controls\"></div>\n<div class=\"wide\" "
		       "tabindex=\"0\" role=\"region\" aria-label=\"Table of "
		       "exchanges\">\n<table id=\"exchanges\">\n<caption>Each "
		       "request with its answer, in the order of the requests; "
		       "seconds are since the first one</caption>\n");
	put_head(p);
	for (uint32_t k = 0; k < p->listed_count; k++) {
		put_row(p, &p->glances[k], p->listed[k]);
		page_flush(p, (size_t)1 << 16);
	}
	buf_add_string(out, "</tbody></table></div>\n</section>\n");
}
