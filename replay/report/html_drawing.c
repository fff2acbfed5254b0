/* The chain of a report drawn. */
#include "html_drawing.h"

#include "capture/visible.h"

/* In units of which 16 are one em, so that it grows with the text. */
#define ROW_HEIGHT 22
#define LANES_LEFT 84 /* behind the times */
#define LANE_WIDTH 24
#define TEXT_GAP 10 /* between lanes and words */
#define CHARACTER 7.2
#define NODE 6 /* from its middle to its edge */
#define URL_SHOWN 52U
#define HOST_SHOWN 26U

/* Where things stand. */
struct drawing {
	const struct picture *picture;
	double top;     /* of the first row */
	double text;    /* where words begin */
	int64_t begins; /* time of the first row */
};

static const struct exchange *exchange_at(const struct page *p, uint32_t i)
{
	return &p->recording->exchanges[i];
}

/* ---- words ---- */

/* How many bytes of text fit into so many characters, and how many characters
 * they take: a byte that is not to be seen takes four. */
static size_t fit(struct slice text, size_t max, size_t *taken)
{
	size_t at = 0;
	*taken = 0;
	while (at < text.len) {
		size_t len = visible_len(slice_from(text, at));
		size_t width = len ? 1 : strlen("\\xHH");
		if (*taken + width > max)
			break;
		*taken += width;
		at += len ? len : 1;
	}
	return at;
}

/* No tag of HTML may stand inside of <svg>, hence no marks. */
static void put_plain(struct buf *out, struct slice text, size_t max)
{
	size_t taken, len = fit(text, max, &taken);
	html_add_value(out, slice_to(text, len));
	if (len < text.len)
		buf_add_string(out, "\xe2\x80\xa6");
}

enum html_kind picture_kind(const struct picture *d, const struct layout_row *r)
{
	return (enum html_kind)d->items[r->first].kind;
}

void picture_group(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out;
	buf_printf(out, "#%" PRIu32 " to #%" PRIu32 ", %" PRIu32 " of ",
		   r->first + 1, r->last + 1, r->count);
	put_plain(out, d->p->hosts.list[d->p->hosts.of[r->first]].name,
		  HOST_SHOWN);
	buf_printf(out, ": %s", html_kind_name(picture_kind(d, r)));
}

void picture_cause(const struct picture *d, uint32_t i)
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

/* ---- places ---- */

static double lane_x(uint32_t lane)
{
	return LANES_LEFT + LANE_WIDTH * (lane + 0.5);
}

static double row_y(const struct drawing *g, uint32_t row)
{
	return g->top + ROW_HEIGHT * (row + 0.5);
}

static double bottom(const struct drawing *g)
{
	const struct picture *d = g->picture;
	return g->top + ROW_HEIGHT * (double)d->layout.row_count;
}

/* ---- lanes ---- */

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

static void put_lane(const struct drawing *g, uint32_t lane)
{
	const struct picture *d = g->picture;
	struct buf *out = &d->p->out;
	double x = lane_x(lane), y = g->top - 6;
	buf_printf(out,
		   "<path class=\"lane\" d=\"M%g %gV%g\"/>"
		   "<text class=\"host\" transform=\"translate(%g %g) "
		   "rotate(-40)\">",
		   x, g->top, bottom(g), x + 3, y);
	put_lane_name(d, lane);
	buf_add_string(out, "</text>\n");
}

static double head_height(const struct picture *d)
{
	size_t longest = 0;
	for (uint32_t i = 0; i < d->layout.lane_count; i++) {
		size_t taken = 0;
		fit(lane_host(d, i), HOST_SHOWN, &taken);
		taken = is_rest(d, i) ? strlen("400 other hosts") : taken + 1;
		longest = taken > longest ? taken : longest;
	}
	return 16 + (double)longest * CHARACTER * 0.643; /* sin 40 degrees */
}

/* ---- edges ---- */

/* From the cause sideways, down between the lanes, where no node stands, and
 * sideways to what it caused: each row has one node, so that nothing is
 * crossed but lanes. */
static void put_edge(const struct drawing *g, uint32_t row)
{
	const struct picture *d = g->picture;
	const struct layout_row *to = &d->layout.rows[row];
	const struct layout_row *from = &d->layout.rows[to->cause];
	double x1 = lane_x(from->lane), y1 = row_y(g, to->cause);
	double x2 = lane_x(to->lane), y2 = row_y(g, row);
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
static void put_shape(const struct drawing *g, uint32_t row)
{
	const struct picture *d = g->picture;
	const struct layout_row *r = &d->layout.rows[row];
	enum html_kind kind = picture_kind(d, r);
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
		   lane_x(r->lane), row_y(g, row),
		   shape ? shape : "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z");
}

static void put_name(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out, url = {0};
	const struct exchange *e = exchange_at(d->p, r->first);
	buf_add_string(out, "<title>");
	if (r->count > 1) {
		picture_group(d, r);
	} else {
		words_url(&url, e);
		buf_printf(out, "#%" PRIu32 " ", r->first + 1);
		html_add_value_clipped(out, exchange_method(e), 20);
		buf_add_byte(out, ' ');
		html_add_value_clipped(out, buf_slice(&url), HTML_CLIPPED);
		buf_printf(out, ", %s", html_kind_name(picture_kind(d, r)));
		if (e->status)
			buf_printf(out, ", status %u", e->status);
		buf_release(&url);
	}
	picture_cause(d, r->first);
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
		   html_kind_name(picture_kind(d, r)));
	if (g && g->bytes) {
		buf_add_string(out, ", ");
		words_bytes(out, g->bytes);
	}
	buf_add_string(out, "</tspan>");
}

static void put_words(const struct picture *d, const struct layout_row *r)
{
	struct buf *out = &d->p->out;
	const struct exchange *e = exchange_at(d->p, r->first);
	enum reason why = findings_reason(&d->p->survey.findings, r->first);
	if (r->count > 1) {
		buf_printf(out,
			   "<tspan class=\"no\">#%" PRIu32
			   "\xe2\x80\x93%" PRIu32 "</tspan> %" PRIu32
			   " \xc3\x97 %s",
			   r->first + 1, r->last + 1, r->count,
			   html_kind_name(picture_kind(d, r)));
		return;
	}
	buf_printf(out, "<tspan class=\"no\">#%" PRIu32 "</tspan> ",
		   r->first + 1);
	put_plain(out, exchange_method(e), 8);
	buf_add_byte(out, ' ');
	put_target(d, r, e);
	put_more(d, r, e);
	if (why != REASON_NONE)
		buf_printf(out, " <tspan class=\"bad\">%s</tspan>",
			   reason_info(why)->name);
}

/* Since the first row, in few characters: captures may lie years apart. */
static void put_since(struct buf *out, int64_t time)
{
	double seconds = (double)time / 1e9;
	if (seconds < 1e4)
		buf_printf(out, "%+.2f", seconds);
	else if (seconds < 3600 * 1e3)
		buf_printf(out, "%+.1f h", seconds / 3600);
	else
		buf_printf(out, "%+.0f d", seconds / 86400);
}

static void put_row(const struct drawing *g, uint32_t row)
{
	const struct picture *d = g->picture;
	struct buf *out = &d->p->out;
	const struct layout_row *r = &d->layout.rows[row];
	double y = row_y(g, row);
	bool listed = page_glance(d->p, r->first);
	int64_t since = exchange_at(d->p, r->first)->time - g->begins;
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
		   "y=\"%g\">",
		   y - ROW_HEIGHT / 2.0, ROW_HEIGHT, LANES_LEFT - 12, y + 4);
	put_since(out, since);
	buf_add_string(out, "</text>");
	put_shape(g, row);
	buf_printf(out, "<text x=\"%g\" y=\"%g\">", g->text, y + 4);
	put_words(d, r);
	buf_add_string(out, listed ? "</text></a>\n" : "</text></g>\n");
}

/* ---- the whole ---- */

static void put_parts(const struct drawing *g)
{
	const struct layout *l = &g->picture->layout;
	for (uint32_t i = 0; i < l->lane_count; i++)
		put_lane(g, i);
	for (uint32_t k = 0; k < l->row_count; k++)
		if (l->rows[k].cause != LAYOUT_NONE)
			put_edge(g, k);
	for (uint32_t k = 0; k < l->row_count; k++)
		put_row(g, k);
}

void picture_draw(const struct picture *d)
{
	struct buf *out = &d->p->out;
	const struct layout *l = &d->layout;
	const struct drawing g = {
	    .picture = d,
	    .top = head_height(d),
	    .text = lane_x(l->lane_count) - LANE_WIDTH / 2.0 + TEXT_GAP,
	    .begins = exchange_at(d->p, l->rows[0].first)->time,
	};
	double width = g.text + (URL_SHOWN + 46) * CHARACTER;
	double height = bottom(&g) + 6;
	buf_printf(out,
		   "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		   "aria-label=\"Picture of the chain\">\n"
		   "<svg role=\"group\" aria-label=\"Chain of %" PRIu32
		   " rows, time downwards\" viewBox=\"0 0 %g %g\" "
		   "width=\"%gem\" height=\"%gem\">\n",
		   l->row_count, width, height, width / 16, height / 16);
	put_parts(&g);
	buf_add_string(out, "</svg>\n</div>\n");
}
