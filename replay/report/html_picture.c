/* The chain as a picture, and the same as a list. */
#include "html_drawing.h"

#include <stdlib.h>

#define NESTED_MAX 12 /* levels of the list that are shown as such */

static const struct exchange *exchange_at(const struct page *p, uint32_t i)
{
	return &p->recording->exchanges[i];
}

/* What is not listed was not looked into: it counts as data. */
static enum html_kind kind_of(const struct page *p, uint32_t i)
{
	const struct glance *g = page_glance(p, i);
	const struct exchange *e = exchange_at(p, i);
	return g ? g->kind : html_kind_of(e, SLICE("text/"), e->body_bytes);
}

static struct layout_item *items_of(const struct page *p)
{
	const struct chain *c = &p->survey.chain;
	struct layout_item *items =
	    xcalloc((size_t)c->count + 1, sizeof *items);
	for (uint32_t i = 0; i < c->count; i++) {
		enum html_kind kind = kind_of(p, i);
		items[i] = (struct layout_item){
		    .host = p->hosts.of[i],
		    .cause = c->links[i].cause,
		    .kind = (uint8_t)kind,
		    .by = (uint8_t)c->links[i].by,
		    .alone = !findings_reproducible(&p->survey.findings, i) ||
			     kind == HTML_REDIRECT || kind == HTML_FILE ||
			     kind == HTML_PLUGIN,
		};
	}
	return items;
}

static void put_legend(struct page *p)
{
	static const struct {
		enum html_kind kind;
		const char *shape, *words;
	} kinds[] = {
	    {HTML_PAGE, "M2 2H14V14H2Z", "page"},
	    {HTML_REDIRECT, "M8 1L15 8L8 15L1 8Z", "redirect"},
	    {HTML_SCRIPT, "M2 2L15 8L2 14Z", "script"},
	    {HTML_FILE, "M4 1H12L16 8L12 15H4L0 8Z", "file, plug-in"},
	    {HTML_IMAGE, "M3 8A5 5 0 1 0 13 8A5 5 0 1 0 3 8Z", "all else"},
	};
	struct buf *out = &p->out;
	buf_add_string(out, "<ul class=\"legend\">\n");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		buf_printf(out,
			   "<li><svg aria-hidden=\"true\" viewBox=\"0 0 16 "
			   "16\"><path class=\"n k-%s\" d=\"%s\"/></svg> "
			   "%s</li>\n",
			   html_kind_name(kinds[i].kind), kinds[i].shape,
			   kinds[i].words);
	buf_add_string(
	    out, "<li><svg aria-hidden=\"true\" viewBox=\"0 0 16 16\"><path "
		 "class=\"n lost\" d=\"M2 2H14V14H2Z\"/></svg> hollow: does "
		 "not come back</li>\n"
		 "<li><svg aria-hidden=\"true\" viewBox=\"0 0 24 16\"><path "
		 "class=\"by-redirect\" d=\"M0 8H24\"/></svg> redirect</li>\n"
		 "<li><svg aria-hidden=\"true\" viewBox=\"0 0 24 16\"><path "
		 "class=\"by-link\" d=\"M0 8H24\"/></svg> link</li>\n"
		 "<li><svg aria-hidden=\"true\" viewBox=\"0 0 24 16\"><path "
		 "class=\"by-referer\" d=\"M0 8H24\"/></svg> Referer "
		 "alone</li>\n</ul>\n");
}

/* ---- the same as a list ---- */

/* Rows in the order of the tree: next of each, its depth. */
struct tree {
	uint32_t *child, *next; /* rows, LAYOUT_NONE: none */
};

static void put_list_row(const struct picture *d, uint32_t row)
{
	const struct layout_row *r = &d->layout.rows[row];
	struct buf *out = &d->p->out;
	if (r->count > 1) {
		page_number(d->p, r->first);
		buf_add_string(out, " and alike: ");
		picture_group(d, r);
	} else {
		page_exchange(d->p, r->first);
		buf_printf(out, ", %s", html_kind_name(picture_kind(d, r)));
	}
	picture_cause(d, r->first);
}

/* Opens and closes lists until the next one is at that depth. */
static void turn_to(struct buf *out, int *depth, int to)
{
	if (to > *depth) {
		buf_add_string(out, "\n<ul><li>");
		++*depth;
		return;
	}
	for (; *depth > to; --*depth)
		buf_add_string(out, "</li></ul>\n");
	buf_add_string(out, "</li>\n<li>");
}

static void put_tree(const struct picture *d, const struct tree *t,
		     uint32_t first)
{
	struct buf *out = &d->p->out;
	uint32_t row = first;
	int depth = 0, at = 0; /* that is shown, that it has */
	while (row != LAYOUT_NONE) {
		turn_to(out, &depth, at < NESTED_MAX ? at + 1 : NESTED_MAX);
		put_list_row(d, row);
		page_flush(d->p, (size_t)1 << 16);
		if (t->child[row] != LAYOUT_NONE) {
			row = t->child[row];
			at++;
			continue;
		}
		while (row != LAYOUT_NONE && t->next[row] == LAYOUT_NONE) {
			row = d->layout.rows[row].cause;
			at--;
		}
		if (row != LAYOUT_NONE)
			row = t->next[row];
	}
	for (; depth; depth--)
		buf_add_string(out, "</li></ul>\n");
}

static void put_list(const struct picture *d)
{
	uint32_t count = d->layout.row_count, first = LAYOUT_NONE;
	struct tree t = {xcalloc((size_t)count + 1, sizeof *t.child),
			 xcalloc((size_t)count + 1, sizeof *t.next)};
	for (uint32_t k = count; k-- > 0;) {
		uint32_t cause = d->layout.rows[k].cause;
		uint32_t *list =
		    cause == LAYOUT_NONE ? &first : &t.child[cause];
		if (k == count - 1)
			memset(t.child, 0xff, count * sizeof *t.child);
		t.next[k] = *list;
		*list = k;
	}
	buf_add_string(&d->p->out, "<details class=\"astext\"><summary>The "
				   "same as a list</summary>\n");
	put_tree(d, &t, first);
	buf_add_string(&d->p->out, "</details>\n");
	free(t.child);
	free(t.next);
}

static void put_left_out(const struct picture *d)
{
	struct buf *out = &d->p->out;
	if (!d->layout.left_out)
		return;
	buf_add_string(out, "<p class=\"note\">Not in the picture, which has "
			    "room for ");
	buf_printf(out, "%u rows: ", LAYOUT_ROWS_MAX);
	words_count(out, d->layout.left_out, "exchange");
	buf_add_string(out, " that led to nothing.</p>\n");
}

/* ---- words before it ---- */

static void put_break(struct page *p, const struct trail_break *b)
{
	buf_add_string(&p->out, "<p><strong>First break:</strong> ");
	page_exchange(p, b->exchange);
	if (b->link) {
		buf_add_string(&p->out, " loads <code class=\"u\">");
		html_add_clipped(&p->out, b->link->url, HTML_CLIPPED);
		buf_add_string(&p->out, b->reason == REASON_NOT_RECORDED
					    ? "</code>, which was not recorded"
					    : "</code>, which was encrypted");
	} else {
		buf_printf(&p->out, ": %s", reason_info(b->reason)->sentence);
	}
	buf_add_string(&p->out, ".</p>\n");
}

static void put_lead(struct page *p)
{
	const struct trail *t = &p->survey.trail;
	struct buf *out = &p->out;
	buf_add_string(out, "<section id=\"chain\"><h2>Chain</h2>\n");
	if (t->count) {
		buf_add_string(out, "<p>");
		page_exchange(p, p->survey.chain.first_page);
		buf_add_string(out, " led to ");
		words_count(out, t->count - 1, "exchange");
		buf_add_string(out, ". Hosts stand side by side, time goes "
				    "down; numbers at the left are seconds "
				    "since the first request.</p>\n");
	}
	if (t->first.reason != REASON_NONE)
		put_break(p, &t->first);
}

void html_picture(struct page *p)
{
	struct layout_item *items = items_of(p);
	struct picture d = {.p = p, .items = items};
	layout_make(&d.layout, items, p->survey.chain.count);
	put_lead(p);
	if (d.layout.row_count) {
		put_legend(p);
		picture_draw(&d);
		put_left_out(&d);
		put_list(&d);
	} else {
		buf_add_string(&p->out, "<p>No exchange was recorded.</p>\n");
	}
	buf_add_string(&p->out, "</section>\n");
	layout_release(&d.layout);
	free(items);
}
