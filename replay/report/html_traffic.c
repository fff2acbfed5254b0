/* What a recording holds beside HTTP and TLS. */
#include "html_page.h"

static void put_entry(struct page *p, const struct roll_entry *e)
{
	struct buf *out = &p->out;
	buf_add_string(out, "<tr><th scope=\"row\">");
	html_add_clipped(out, e->place, 100);
	buf_add_string(out, "</th><td><code class=\"u\">");
	html_add_clipped(out, e->text.len ? e->text : SLICE("-"), HTML_CLIPPED);
	buf_printf(out, "</code></td><td>%zu</td><td>", e->count);
	words_bytes(out, e->bytes);
	buf_add_string(out, "</td></tr>\n");
}

static void put_silent(struct page *p)
{
	const struct roll *roll = &p->survey.traffic[TRAFFIC_SILENT];
	size_t sum = roll->left_out;
	for (size_t i = 0; i < roll->count; i++)
		sum += roll->list[i].count;
	if (!sum)
		return;
	buf_add_string(&p->out, "<p>Opened, and nothing was said: ");
	words_count(&p->out, sum, "connection");
	buf_add_string(&p->out, ".</p>\n");
}

static void put_services(struct page *p)
{
	const struct roll *roll = &p->survey.services;
	if (!roll->count)
		return;
	buf_add_string(&p->out, "<p>Services of the network, which the lab "
				"brings itself: ");
	for (size_t i = 0; i < roll->count; i++) {
		buf_add_string(&p->out, i ? ", " : "");
		html_add_clipped(&p->out, roll->list[i].place, 100);
		buf_printf(&p->out, " (%zu)", roll->list[i].count);
	}
	buf_add_string(&p->out, ".</p>\n");
}

static void put_own(struct page *p)
{
	const char *between = "<p>Asked by the client on its own: ";
	bool any = false;
	for (enum own_kind k = OWN_NOT + 1; k < SURVEY_OWN_KINDS; k++) {
		if (!p->survey.own[k])
			continue;
		buf_printf(&p->out, "%s%s (%zu)", between, own_kind_name(k),
			   p->survey.own[k]);
		between = ", ";
		any = true;
	}
	if (any)
		buf_add_string(&p->out, ".</p>\n");
}

static void put_table_begin(struct page *p)
{
	buf_add_string(
	    &p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		     "aria-label=\"Table of other traffic\">\n<table>\n"
		     "<caption>What is no web traffic, and is not served again"
		     "</caption>\n<thead><tr><th scope=\"col\">Protocol</th>"
		     "<th scope=\"col\">Server</th><th scope=\"col\">"
		     "Connections</th><th scope=\"col\">Bytes</th></tr></thead>"
		     "\n<tbody>\n");
}

static void put_table(struct page *p)
{
	size_t shown = 0, left = p->survey.traffics.more_connections;
	for (enum traffic_kind k = TRAFFIC_HTTP2_CLEAR; k < TRAFFIC_SILENT;
	     k++) {
		const struct roll *roll = &p->survey.traffic[k];
		left += roll->left_out;
		for (size_t i = 0; i < roll->count; i++) {
			if (!shown)
				put_table_begin(p);
			if (shown++ < HTML_LIST_MAX)
				put_entry(p, &roll->list[i]);
		}
	}
	if (shown)
		buf_add_string(&p->out, "</tbody></table></div>\n");
	else
		buf_add_string(&p->out,
			       "<p>No other protocol was recorded.</p>\n");
	if (shown > HTML_LIST_MAX)
		left += shown - HTML_LIST_MAX;
	if (left)
		buf_printf(&p->out,
			   "<p class=\"note\">%zu more are not in this table."
			   "</p>\n",
			   left);
}

void html_traffic(struct page *p)
{
	buf_add_string(&p->out, "<section id=\"traffic\"><h2>Other "
				"traffic</h2>\n");
	put_table(p);
	put_silent(p);
	put_services(p);
	put_own(p);
	buf_add_string(&p->out, "</section>\n");
}
