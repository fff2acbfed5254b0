/* The victim's client in a report: how its twin has to look, what it brought
 * along. */
#include "html_page.h"

#define CLIENTS_MAX 20U
#define ENTRIES_MAX 30U /* of a kind */

static void put_rest(struct page *p, size_t left)
{
	if (left)
		buf_printf(&p->out,
			   "<div><dt></dt><dd>and %zu more</dd></div>"
			   "\n",
			   left);
}

/* ---- the twin ---- */

static void put_value(struct page *p, const char *name,
		      const struct roll_entry *e)
{
	buf_printf(&p->out, "<div><dt>%s", name);
	html_add_clipped(&p->out, e->place, 100);
	buf_add_string(&p->out, "</dt><dd class=\"v\">");
	html_add_clipped(&p->out, e->text.len ? e->text : SLICE("none"),
			 ROLL_TEXT_MAX);
	if (e->count > 1)
		buf_printf(&p->out, " <span class=\"n\">(%zu times)</span>",
			   e->count);
	buf_add_string(&p->out, "</dd></div>\n");
}

static void put_prints(struct page *p, const struct address *client)
{
	const struct traffics *t = &p->survey.traffics;
	size_t shown = 0;
	for (size_t i = 0; i < t->client_count; i++) {
		const struct traffic_client *c = &t->clients[i];
		if (!address_equal(&c->client, client) ||
		    shown++ >= ENTRIES_MAX)
			continue;
		buf_printf(&p->out,
			   "<div><dt>TLS</dt><dd>JA3 <code class=\"d\">%s"
			   "</code>, JA4 <code class=\"d\">%s</code></dd>"
			   "</div>\n",
			   c->print.ja3, c->print.ja4);
	}
	put_rest(p, shown > ENTRIES_MAX ? shown - ENTRIES_MAX : 0);
}

static void put_client(struct page *p, const struct twin_client *c)
{
	buf_add_string(&p->out, "<h3>");
	html_address(&p->out, &c->address);
	buf_add_string(&p->out, ", ");
	words_count(&p->out, c->exchanges, "exchange");
	buf_add_string(&p->out, "</h3>\n<dl class=\"fields\">\n");
	for (enum twin_value v = 0; v < TWIN_VALUES; v++) {
		const struct roll *roll = &c->values[v];
		size_t i = 0;
		for (; i < roll->count && i < ENTRIES_MAX; i++)
			put_value(p, twin_value_field(v), &roll->list[i]);
		put_rest(p, roll->count - i + roll->left_out);
	}
	put_prints(p, &c->address);
	buf_add_string(&p->out, "</dl>\n");
}

/* ---- what it brought along ---- */

static const char *const headings[BROUGHT_KINDS] = {
    [BROUGHT_CACHE] = "Bodies in its cache",
    [BROUGHT_COOKIE] = "Cookies that nothing recorded had set",
    [BROUGHT_LOGIN] = "Logins",
    [BROUGHT_REFERER] = "It came from pages that were not recorded",
    [BROUGHT_WORKER] = "Service workers, which answer from their own store",
    [BROUGHT_HSTS] = "Strict-Transport-Security, which turns http to https",
    [BROUGHT_REDIRECT] = "Permanent redirects, which it need not ask again",
};

static void put_brought(struct page *p, enum brought_kind kind)
{
	const struct roll *roll = &p->survey.brought.kinds[kind];
	size_t i = 0;
	if (!roll->count)
		return;
	buf_printf(&p->out, "<h4>%s</h4>\n<dl class=\"fields\">\n",
		   headings[kind]);
	for (; i < roll->count && i < ENTRIES_MAX; i++) {
		const struct roll_entry *e = &roll->list[i];
		buf_add_string(&p->out, "<div><dt>");
		html_add_clipped(&p->out, e->place, 200);
		buf_add_string(&p->out, "</dt><dd class=\"v\">");
		html_add_clipped(&p->out, e->text, HTML_CLIPPED);
		buf_add_byte(&p->out, ' ');
		page_number(p, e->first);
		buf_add_string(&p->out, "</dd></div>\n");
	}
	put_rest(p, roll->count - i + roll->left_out);
	buf_add_string(&p->out, "</dl>\n");
}

void html_victim(struct page *p)
{
	const struct twin *t = &p->survey.twin;
	size_t i = 0;
	bool any = false;
	buf_add_string(&p->out,
		       "<section id=\"victim\"><h2>Victim\xe2\x80\x99s client"
		       "</h2>\n<p>What the twin in the lab has to send.</p>\n");
	for (; i < t->count && i < CLIENTS_MAX; i++)
		put_client(p, &t->clients[i]);
	if (i < t->count)
		buf_printf(&p->out,
			   "<p class=\"note\">And %zu more clients.</p>\n",
			   t->count - i);
	for (int k = 0; k < BROUGHT_KINDS; k++)
		any |= p->survey.brought.kinds[k].count > 0;
	if (any)
		buf_add_string(&p->out,
			       "<h3>What it brought along, and what such a "
			       "visit leaves in a client</h3>\n");
	for (int k = 0; k < BROUGHT_KINDS; k++)
		put_brought(p, (enum brought_kind)k);
	buf_add_string(&p->out, "</section>\n");
}
