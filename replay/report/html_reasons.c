/* What of a recording does not come back, why, and what would help. */
#include "html_page.h"

static void put_exchange(struct page *p, uint32_t i, enum reason_scope scope)
{
	const struct finding *f = findings_of(&p->survey.findings, i);
	buf_add_string(&p->out, "<li>");
	page_exchange(p, i);
	if (scope == SCOPE_EXCHANGE && f && f->text.len) {
		buf_add_string(&p->out, ": ");
		html_add_clipped(&p->out, buf_slice(&f->text), HTML_CLIPPED);
	}
	buf_add_string(&p->out, "</li>\n");
}

static void put_rest(struct page *p, size_t left, const char *what)
{
	if (!left)
		return;
	buf_add_string(&p->out, "<li>and ");
	words_count(&p->out, left, what);
	buf_add_string(&p->out, " more</li>\n");
}

static void put_exchanges(struct page *p, enum reason r)
{
	size_t all = p->survey.reasons[r].exchanges, shown = 0;
	if (!all)
		return;
	buf_add_string(&p->out, "<ul>\n");
	for (uint32_t i = 0;
	     i < p->recording->count && shown < all && shown < HTML_LIST_MAX;
	     i++) {
		if (!survey_has(&p->survey, i, r))
			continue;
		put_exchange(p, i, reason_info(r)->scope);
		shown++;
	}
	put_rest(p, all - shown, "exchange");
	buf_add_string(&p->out, "</ul>\n");
}

/* Links that a browser loads. */
static void put_links(struct page *p)
{
	const struct chain *c = &p->survey.chain;
	size_t all = c->unfollowed_all[FOLLOW_LOADED], shown = 0;
	buf_add_string(&p->out, "<ul>\n");
	for (size_t i = 0; i < c->unfollowed_count && shown < HTML_LIST_MAX;
	     i++) {
		const struct unfollowed *u = &c->unfollowed[i];
		if (u->kind != FOLLOW_LOADED)
			continue;
		buf_add_string(&p->out, "<li>in ");
		page_number(p, u->exchange);
		buf_add_string(&p->out, ": <code class=\"u\">");
		html_add_clipped(&p->out, u->url, HTML_CLIPPED);
		buf_add_string(&p->out, "</code></li>\n");
		shown++;
	}
	put_rest(p, all - shown, "link");
	buf_add_string(&p->out, "</ul>\n");
}

static bool occurs(const struct page *p, enum reason r)
{
	const struct reason_count *c = &p->survey.reasons[r];
	return c->exchanges || c->connections || c->links;
}

static void put_reason(struct page *p, enum reason r)
{
	const struct reason_info *info = reason_info(r);
	struct buf *out = &p->out;
	buf_printf(out,
		   "<details class=\"why\"><summary><strong>%s</strong> "
		   "<code>%s</code> <span class=\"n\">",
		   info->sentence, info->name);
	reason_count_print(&p->out, &p->survey.reasons[r]);
	buf_printf(out, "</span></summary>\n<p>Why: %s.</p>\n", info->fact);
	if (*info->helps && strcmp(info->helps, "nothing") != 0)
		buf_printf(out, "<p>What would help: %s.</p>\n", info->helps);
	put_exchanges(p, r);
	if (info->scope == SCOPE_LINK)
		put_links(p);
	if (info->scope == SCOPE_TRAFFIC)
		buf_add_string(out, "<p>Each connection is told under <a "
				    "href=\"#tls\">TLS</a> and <a "
				    "href=\"#traffic\">Other traffic</a>."
				    "</p>\n");
	buf_add_string(out, "</details>\n");
}

static bool put_scopes(struct page *p, enum reason_scope from,
		       enum reason_scope to)
{
	bool any = false;
	for (enum reason r = 0; r < REASONS; r++) {
		enum reason_scope scope = reason_info(r)->scope;
		if (scope < from || scope > to || !occurs(p, r))
			continue;
		put_reason(p, r);
		page_flush(p, (size_t)1 << 16);
		any = true;
	}
	return any;
}

/* ---- links to bare addresses ---- */

static void put_literal(struct page *p, const struct finding *f)
{
	struct buf *out = &p->out;
	buf_add_string(out, "<li>in ");
	page_number(p, (uint32_t)f->i);
	buf_add_string(out, ", ");
	if (f->field.len) {
		buf_add_string(out, "field ");
		html_add_clipped(out, buf_slice(&f->field), 60);
	} else {
		buf_printf(out, "line %zu", f->line);
	}
	buf_printf(out, ", byte %zu: <code class=\"u\">", f->at);
	html_add_clipped(out, buf_slice(&f->text), HTML_CLIPPED);
	buf_add_string(out, "</code>");
	if (f->kind == FOUND_STEERED)
		buf_add_string(out, " (a rule steers it)");
	buf_add_string(out, "</li>\n");
}

static void put_literals(struct page *p)
{
	const struct findings *all = &p->survey.findings;
	size_t shown = 0;
	if (!all->bare && !all->steered)
		return;
	buf_printf(&p->out,
		   "<details class=\"why\"><summary><strong>links to bare "
		   "addresses</strong> <span class=\"n\">%zu steered by rules, "
		   "%zu not</span></summary>\n<ul>\n",
		   all->steered, all->bare);
	for (size_t i = 0; i < all->count && shown < HTML_LIST_MAX; i++) {
		const struct finding *f = &all->list[i];
		if (f->kind != FOUND_BARE && f->kind != FOUND_STEERED)
			continue;
		put_literal(p, f);
		shown++;
	}
	put_rest(p, all->bare + all->steered - shown, "link");
	buf_add_string(&p->out, "</ul></details>\n");
}

void html_reasons(struct page *p)
{
	buf_add_string(&p->out, "<section id=\"lost\"><h2>What does not come "
				"back, and why</h2>\n");
	if (!put_scopes(p, SCOPE_EXCHANGE, SCOPE_LINK))
		buf_add_string(&p->out, "<p>All that was recorded comes "
					"back.</p>\n");
	buf_add_string(&p->out, "<h3>What comes back on a condition</h3>\n");
	bool any = put_scopes(p, SCOPE_DOUBT, SCOPE_DOUBT);
	put_literals(p);
	if (!any && !p->survey.findings.bare && !p->survey.findings.steered)
		buf_add_string(&p->out, "<p>Nothing.</p>\n");
	buf_add_string(&p->out, "</section>\n");
}
