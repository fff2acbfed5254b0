/* The chain as a picture, and the same as a list. */
#include "html_layout.h"
#include "html_page.h"

#include <stdlib.h>

/* In units of which 16 are one em, so that it grows with the text. */
#define ROW_HEIGHT 22
#define LANES_LEFT 84 /* behind the times */
#define LANE_WIDTH 24
#define TEXT_GAP 10 /* between lanes and words */
#define CHARACTER 7.2
#define NODE 6 /* from its middle to its edge */
#define URL_SHOWN 52U
#define HOST_SHOWN 26U
#define NESTED_MAX 12 /* levels of the list that are shown as such */

struct picture {
	struct page *p;
	struct layout layout;
	const struct layout_item *items;
	int64_t begins; /* time of the first row */
	double top;     /* of the first row */
	double text;    /* where words begin */
};

static const struct exchange *exchange_at(const struct page *p, uint32_t i)
{
	return &p->recording->exchanges[i];
}

/* Without looking into what is not listed. */
static enum html_kind kind_of(const struct page *p, uint32_t i)
{
	const struct glance *g = page_glance(p, i);
	const struct exchange *e = exchange_at(p, i);
	return g ? g->kind : html_kind_of(e, (struct slice){0}, e->body_bytes);
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

/* ---- places ---- */

static double lane_x(uint32_t lane)
{
	return LANES_LEFT + LANE_WIDTH * (lane + 0.5);
}

static double row_y(const struct picture *d, uint32_t row)
{
	return d->top + ROW_HEIGHT * (row + 0.5);
}

static double bottom(const struct picture *d)
{
	return d->top + ROW_HEIGHT * (double)d->layout.row_count;
}

/* ---- lanes ---- */

/* No tag of HTML may stand inside of <svg>, hence no marks. */
static void put_plain(struct buf *out, struct slice text, size_t max)
{
	html_add_value(out, slice_to(text, max));
	if (text.len > max)
		buf_add_string(out, "\xe2\x80\xa6");
}

static struct slice lane_host(const struct picture *d, uint32_t lane)
{
	return d->p->hosts.list[d->layout.lanes[lane]].name;
}

static bool is_rest(const struct picture *d, uint32_t lane)
{
	return d->layout.rest && lane == LAYOUT_LANES_MAX - 1;
}

static void put_lane_name(const struct picture *d, uint32_t lane)
{
	struct buf *out = &d->p->out;
	if (is_rest(d, lane))
		buf_printf(out, "%" PRIu32 " other hosts", d->layout.rest);
	else
		put_plain(out, lane_host(d, lane), HOST_SHOWN);
}

static void put_lane(const struct picture *d, uint32_t lane)
{
	struct buf *out = &d->p->out;
	double x = lane_x(lane), y = d->top - 6;
	buf_printf(out,
		   "<path class=\"lane\" d=\"M%g %gV%g\"/>"
		   "<text class=\"host\" transform=\"translate(%g %g) "
		   "rotate(-40)\">",
		   x, d->top, bottom(d), x + 3, y);
	put_lane_name(d, lane);
	buf_add_string(out, "</text>\n");
}

static double head_height(const struct picture *d)
{
	size_t longest = 0;
	for (uint32_t i = 0; i < d->layout.lane_count; i++) {
		size_t len = is_rest(d, i) ? 16 : lane_host(d, i).len;
		if (len > HOST_SHOWN)
			len = HOST_SHOWN + 1;
		longest = len > longest ? len : longest;
	}
	return 16 + (double)longest * CHARACTER * 0.643; /* sin 40 degrees */
}

/* ---- edges ---- */

/* From the cause sideways, down between the lanes, where no node stands, and
 * sideways to what it caused: each row has one node, so that nothing is
 * crossed but lanes. */
static void put_edge(const struct picture *d, uint32_t row)
{
	const struct layout_row *to = &d->layout.rows[row];
	const struct layout_row *from = &d->layout.rows[to->cause];
	double x1 = lane_x(from->lane), y1 = row_y(d, to->cause);
	double x2 = lane_x(to->lane), y2 = row_y(d, row);
	double x = x1 + NODE + 3 + 3 * (to->cause % 3);
	int turn = x2 > x ? 3 : -3;
	buf_printf(&d->p->out,
		   "<path class=\"by-%s\" data-from=\"%" PRIu32
		   "\" data-to=\"%" PRIu32 "\" "
		   "d=\"M%g %gH%gQ%g %g %g %gV%gQ%g %g %g %gH%g\"/>\n",
		   chain_by_name((enum chain_by)d->items[to->first].by),
		   to->cause, row, x1, y1, x - 3, x, y1, x, y1 + 3, y2 - 3, x,
		   y2, x + turn, y2, x2);
}

/* ---- nodes ---- */

static bool is_lost(const struct picture *d, uint32_t i)
{
	return !findings_reproducible(&d->p->survey.findings, i);
}

/* A shape a kind, so that nothing is told by colour alone. */
static void put_shape(const struct picture *d, uint32_t row)
{
	const struct layout_row *r = &d->layout.rows[row];
	enum html_kind kind = (enum html_kind)d->items[r->first].kind;
	static const char *const shapes[HTML_KINDS] = {
	    [HTML_PAGE] = "M-6-6H6V6H-6Z",
	    [HTML_REDIRECT] = "M0-7L7 0L0 7L-7 0Z",
	    [HTML_SCRIPT] = "M-6-6L7 0L-6 6Z",
	    [HTML_FILE] = "M-4-7H4L8 0L4 7H-4L-8 0Z",
	    [HTML_PLUGIN] = "M-4-7H4L8 0L4 7H-4L-8 0Z",
	};
	const char *shape = shapes[kind];
	buf_printf(&d->p->out,
		   "<path class=\"n k-%s%s\" transform=\"translate(%g %g)\" "
		   "d=\"%s\"/>",
		   html_kind_name(kind), is_lost(d, r->first) ? " lost" : "",
		   lane_x(r->lane), row_y(d, row),
		   shape ? shape : "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z");
}

static void put_group(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out;
	buf_printf(out, "#%" PRIu32 " to #%" PRIu32 ", %" PRIu32 " of ",
		   r->first + 1, r->last + 1, r->count);
	put_plain(out, d->p->hosts.list[d->p->hosts.of[r->first]].name,
		  HOST_SHOWN);
	buf_printf(out, ": %s",
		   html_kind_name((enum html_kind)d->items[r->first].kind));
}

/* In words: what, from where, why not. */
static void put_cause(const struct picture *d, uint32_t i)
{
	const struct chain_link *l = &d->p->survey.chain.links[i];
	struct buf *out = &d->p->out;
	static const char *const words[CHAIN_BYS] = {
	    [CHAIN_REDIRECT] = "redirected by",
	    [CHAIN_LINK] = "linked in",
	    [CHAIN_REFERER] = "by its Referer from",
	    [CHAIN_OUTSIDE] = "from a page that was not recorded",
	    [CHAIN_OWN] = "asked by the client on its own",
	    [CHAIN_START] = "nothing recorded led to it",
	};
	buf_printf(out, ", %s", words[l->by]);
	if (l->cause != CHAIN_NONE)
		buf_printf(out, " #%" PRIu32, l->cause + 1);
	enum reason why = findings_reason(&d->p->survey.findings, i);
	if (why != REASON_NONE)
		buf_printf(out, "; does not come back: %s",
			   reason_info(why)->sentence);
}

static void put_name(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out, url = {0};
	const struct exchange *e = exchange_at(d->p, r->first);
	buf_add_string(out, "<title>");
	if (r->count > 1) {
		put_group(d, r);
	} else {
		exchange_text(&url, e);
		buf_printf(out, "#%" PRIu32 " ", r->first + 1);
		html_add_value_clipped(out, e->method, 20);
		buf_add_byte(out, ' ');
		html_add_value_clipped(out, buf_slice(&url), HTML_CLIPPED);
		buf_printf(
		    out, ", %s",
		    html_kind_name((enum html_kind)d->items[r->first].kind));
		if (e->status)
			buf_printf(out, ", status %u", e->status);
		buf_release(&url);
	}
	put_cause(d, r->first);
	buf_add_string(out, "</title>");
}

/* With its host where the lane does not tell it. */
static void put_target(const struct picture *d, const struct layout_row *r,
		       const struct exchange *e)
{
	struct buf text = {0};
	if (is_rest(d, r->lane))
		buf_add(&text, d->p->hosts.list[d->p->hosts.of[r->first]].name);
	buf_add(&text, exchange_url(e).target);
	put_plain(&d->p->out, buf_slice(&text), URL_SHOWN);
	buf_release(&text);
}

/* Status, kind, size. */
static void put_more(const struct picture *d, const struct layout_row *r,
		     const struct exchange *e)
{
	struct buf *out = &d->p->out;
	const struct glance *g = page_glance(d->p, r->first);
	if (!e->status)
		return;
	buf_printf(out, " <tspan class=\"st\">%u, %s", e->status,
		   html_kind_name((enum html_kind)d->items[r->first].kind));
	if (g && g->bytes) {
		buf_add_string(out, ", ");
		html_size(out, g->bytes);
	}
	buf_add_string(out, "</tspan>");
}

static void put_words(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out;
	const struct exchange *e = exchange_at(d->p, r->first);
	enum reason why = findings_reason(&d->p->survey.findings, r->first);
	if (r->count > 1) {
		buf_printf(
		    out,
		    "<tspan class=\"no\">#%" PRIu32 "\xe2\x80\x93%" PRIu32
		    "</tspan> %" PRIu32 " \xc3\x97 %s",
		    r->first + 1, r->last + 1, r->count,
		    html_kind_name((enum html_kind)d->items[r->first].kind));
		return;
	}
	buf_printf(out, "<tspan class=\"no\">#%" PRIu32 "</tspan> ",
		   r->first + 1);
	put_plain(out, e->method, 8);
	buf_add_byte(out, ' ');
	put_target(d, r, e);
	put_more(d, r, e);
	if (why != REASON_NONE)
		buf_printf(out, " <tspan class=\"bad\">%s</tspan>",
			   reason_info(why)->name);
}

static void put_row(const struct picture *d, uint32_t row)
{
	struct buf *out = &d->p->out;
	const struct layout_row *r = &d->layout.rows[row];
	double y = row_y(d, row);
	bool listed = page_glance(d->p, r->first);
	int64_t since = exchange_at(d->p, r->first)->time - d->begins;
	if (listed)
		buf_printf(
		    out, "<a href=\"#e%" PRIu32 "\" data-row=\"%" PRIu32 "\">",
		    r->first + 1, row);
	else
		buf_add_string(out, "<g>");
	put_name(d, r);
	buf_printf(out,
		   "<rect class=\"hit\" x=\"2\" y=\"%g\" width=\"99.5%%\" "
		   "height=\"%d\" rx=\"3\"/><text class=\"at\" x=\"%d\" "
		   "y=\"%g\">%+.2f</text>",
		   y - ROW_HEIGHT / 2.0, ROW_HEIGHT, LANES_LEFT - 12, y + 4,
		   (double)since / 1e9);
	put_shape(d, row);
	buf_printf(out, "<text x=\"%g\" y=\"%g\">", d->text, y + 4);
	put_words(d, r);
	buf_add_string(out, listed ? "</text></a>\n" : "</text></g>\n");
}

/* ---- the whole ---- */

static void put_drawing(const struct picture *d)
{
	struct buf *out = &d->p->out;
	const struct layout *l = &d->layout;
	double width = d->text + (URL_SHOWN + 46) * CHARACTER;
	double height = bottom(d) + 6;
	buf_printf(out,
		   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		   "aria-label=\"Picture of the chain\">\n"
		   "<svg role=\"group\" aria-label=\"Chain of %" PRIu32
		   " rows, time downwards\" viewBox=\"0 0 %g %g\" "
		   "width=\"%gem\" height=\"%gem\">\n",
		   l->row_count, width, height, width / 16, height / 16);
	for (uint32_t i = 0; i < l->lane_count; i++)
		put_lane(d, i);
	for (uint32_t k = 0; k < l->row_count; k++)
		if (l->rows[k].cause != LAYOUT_NONE)
			put_edge(d, k);
	for (uint32_t k = 0; k < l->row_count; k++)
		put_row(d, k);
	buf_add_string(out, "</svg>\n</div>\n");
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
		put_group(d, r);
	} else {
		page_exchange(d->p, r->first);
		buf_printf(
		    out, ", %s",
		    html_kind_name((enum html_kind)d->items[r->first].kind));
	}
	put_cause(d, r->first);
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
	html_count(out, d->layout.left_out, "exchange");
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
		html_count(out, t->count - 1, "exchange");
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
		d.begins = exchange_at(p, d.layout.rows[0].first)->time;
		d.top = head_height(&d);
		d.text =
		    lane_x(d.layout.lane_count) - LANE_WIDTH / 2.0 + TEXT_GAP;
		put_legend(p);
		put_drawing(&d);
		put_left_out(&d);
		put_list(&d);
	} else {
		buf_add_string(&p->out, "<p>No exchange was recorded.</p>\n");
	}
	buf_add_string(&p->out, "</section>\n");
	layout_release(&d.layout);
	free(items);
}
