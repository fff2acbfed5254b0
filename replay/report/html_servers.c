/* The hosts of a report, with their addresses. */
#include "html_page.h"

#define HOSTS_MAX 2000U

static void put_addresses(struct page *p, const struct html_host *h)
{
	for (size_t i = 0; i < h->address_count; i++) {
		if (i)
			buf_add_string(&p->out, "<br>");
		html_address(&p->out, &h->addresses[i]);
	}
	if (h->more_addresses)
		buf_add_string(&p->out, "<br>and more");
	if (h->missing)
		buf_printf(&p->out, "%sDNS: no such name",
			   h->address_count ? "<br>" : "");
	else if (!h->address_count)
		buf_add_byte(&p->out, '-');
}

static void put_host(struct page *p, const struct html_host *h)
{
	struct buf *out = &p->out;
	buf_add_string(out, "<tr><th scope=\"row\"><code class=\"u\">");
	html_add_clipped(out, h->name, HTML_CLIPPED);
	buf_printf(out, "</code>%s</th><td>", h->https ? " (https)" : "");
	put_addresses(p, h);
	buf_printf(out, "</td><td>%zu</td><td>%zu</td><td>", h->exchanges,
		   h->lost);
	if (h->exchanges)
		page_number(p, h->first);
	else
		buf_add_string(out, "only named");
	buf_add_string(out, "</td><td>");
	if (h->exchanges)
		words_bytes(out, h->bytes);
	else
		buf_add_byte(out, '-');
	buf_add_string(out, "</td></tr>\n");
}

void html_servers(struct page *p)
{
	size_t i = 0;
	buf_add_string(
	    &p->out, "<section id=\"hosts\"><h2>Hosts</h2>\n<div "
		     "class=\"scroll\" tabindex=\"0\" role=\"region\" "
		     "aria-label=\"Table of hosts\">\n<table>\n<caption>"
		     "Whom requests named, with the addresses at which they "
		     "were answered or that DNS gave; then those that DNS and "
		     "TLS alone named</caption>\n<thead><tr><th "
		     "scope=\"col\">Host</th><th scope=\"col\">Addresses</th>"
		     "<th scope=\"col\">Exchanges</th><th scope=\"col\">Lost"
		     "</th><th scope=\"col\">First</th><th scope=\"col\">"
		     "Bodies</th></tr></thead>\n<tbody>\n");
	for (; i < p->hosts.count && i < HOSTS_MAX; i++) {
		put_host(p, &p->hosts.list[i]);
		page_flush(p, (size_t)1 << 16);
	}
	buf_add_string(&p->out, "</tbody></table></div>\n");
	if (i < p->hosts.count)
		buf_printf(&p->out,
			   "<p class=\"note\">%zu more are not in this table."
			   "</p>\n",
			   p->hosts.count - i);
	buf_add_string(&p->out, "</section>\n");
}
