/* Two texts as a unified diff, safe for a terminal. */
#include "unified.h"

#include "capture/visible.h"

#define CONTEXT 3          /* lines around what differs */
#define WINDOW_LEN 60      /* bytes around what differs in a long line */
#define OUTLINE_LEN 160    /* bytes of a long line in which nothing does */
#define PART_LEN 200       /* bytes at each end of a long part that differs */
#define CUT "\xe2\x80\xa6" /* an ellipsis */

void unified_begin(const struct unified *u, enum colour colour)
{
	fputs(colour_begin(u->colour, colour), u->out);
}

void unified_end(const struct unified *u)
{
	fputs(colour_end(u->colour, COLOUR_TITLE), u->out);
}

/* ---- lines ---- */

static struct slice between(struct slice text, size_t from, size_t to)
{
	return slice_to(slice_from(text, from), to - from);
}

static size_t count_lines(struct slice s)
{
	size_t count = 0;
	while (s.len) {
		s = slice_from(s, slice_find(s, '\n') + 1);
		count++;
	}
	return count;
}

/* The start of the line that is n lines before the one that begins at at, but
 * not before floor. */
static size_t lines_back(struct slice text, size_t at, size_t floor,
			 unsigned lines)
{
	for (; lines && at > floor; lines--) {
		const uint8_t *lf =
		    memrchr(text.data + floor, '\n', at - 1 - floor);
		at = lf ? (size_t)(lf - text.data) + 1 : floor;
	}
	return at;
}

static size_t lines_ahead(struct slice text, size_t at, unsigned lines)
{
	for (; lines && at < text.len; lines--)
		at += slice_to(slice_from(text, at),
			       slice_find(slice_from(text, at), '\n') + 1)
			  .len;
	return at;
}

static bool has_crlf(struct slice text)
{
	while (text.len) {
		size_t lf = slice_find(text, '\n');
		if (lf < text.len && (!lf || text.data[lf - 1] != '\r'))
			return false;
		text = slice_from(text, lf + 1);
	}
	return true;
}

/* ---- one line ---- */

/* A part of a line that differs; none: a place where something was put in or
 * taken out. */
struct mark {
	size_t from, to;
};

struct line_printer {
	const struct unified *u;
	bool crlf;
	char sign;
	struct slice text;        /* of all lines */
	const struct diff *words; /* of text; NULL: not looked at */
};

static struct mark mark_of(const struct line_printer *p, size_t i)
{
	const struct change *c = &p->words->changes[i];
	if (p->sign == '-')
		return (struct mark){c->at, c->at + c->len};
	return (struct mark){c->new_at, c->new_at + c->new_len};
}

/* Nothing if to is before from. */
static void put(const struct line_printer *p, size_t from, size_t to)
{
	if (from < to)
		visible_print(p->u->out, between(p->text, from, to));
}

/* A part that differs, marked. */
static void put_mark(const struct line_printer *p, struct mark m, bool marked)
{
	marked = marked && p->u->colour && m.to > m.from;
	if (marked)
		fputs("\x1b[7m", p->u->out);
	if (p->u->full || m.to - m.from <= UNIFIED_LINE_LEN) {
		put(p, m.from, m.to);
	} else {
		put(p, m.from, visible_back(p->text, m.from + PART_LEN));
		fputs(CUT, p->u->out);
		put(p, visible_ahead(p->text, m.to - PART_LEN), m.to);
	}
	if (marked)
		fputs("\x1b[27m", p->u->out);
}

/* What stands between two parts that differ, or before the first (from the
 * line's start) or behind the last: whole, or near them alone. */
static void put_common(const struct line_printer *p, size_t from, size_t to,
		       bool after_mark, bool before_mark, bool whole)
{
	size_t head = after_mark ? WINDOW_LEN : 0;
	size_t tail = before_mark ? WINDOW_LEN : 0;
	if (whole || to - from <= head + tail + sizeof CUT) {
		put(p, from, to);
		return;
	}
	put(p, from, visible_back(p->text, from + head));
	fputs(CUT, p->u->out);
	put(p, visible_ahead(p->text, to - tail), to);
}

/* A line in which nothing is known to differ. */
static void put_plain(const struct line_printer *p, size_t from, size_t to)
{
	if (p->u->full || to - from <= UNIFIED_LINE_LEN) {
		put(p, from, to);
		return;
	}
	put(p, from, visible_back(p->text, from + OUTLINE_LEN));
	fputs(CUT, p->u->out);
}

/* Whether a mark has a place in the line; a part that lies in it is cut to it.
 */
static bool is_in_line(struct mark *m, size_t from, size_t to)
{
	bool place = m->from == m->to;
	if (place ? m->from < from || m->to > to
		  : m->to <= from || m->from >= to)
		return false;
	m->from = m->from < from ? from : m->from;
	m->to = m->to > to ? to : m->to;
	return true;
}

/* Prints a line with what differs in it. *next is the first mark that may lie
 * in it, and moves on. */
static void put_marked(const struct line_printer *p, size_t from, size_t to,
		       size_t *next)
{
	bool whole = p->u->full || to - from <= UNIFIED_LINE_LEN;
	bool any = false;
	size_t at = from;
	while (*next < p->words->count && mark_of(p, *next).to < from)
		++*next;
	for (size_t i = *next; i < p->words->count; i++) {
		struct mark m = mark_of(p, i);
		if (m.from > to)
			break;
		*next = i;
		if (!is_in_line(&m, from, to))
			continue;
		put_common(p, at, m.from, any, true, whole);
		put_mark(p, m, m.to - m.from < to - from);
		at = m.to;
		any = true;
	}
	if (any)
		put_common(p, at, to, true, false, whole);
	else
		put_plain(p, from, to);
}

static void begin_line(const struct line_printer *p)
{
	if (p->sign == '-')
		unified_begin(p->u, COLOUR_BAD);
	if (p->sign == '+')
		unified_begin(p->u, COLOUR_GOOD);
	fputc(p->sign, p->u->out);
}

static void put_lines(const struct line_printer *p)
{
	size_t next = 0, from = 0;
	while (from < p->text.len) {
		struct slice rest = slice_from(p->text, from);
		size_t lf = slice_find(rest, '\n');
		size_t end = from + lf;
		if (p->crlf && lf && lf < rest.len && rest.data[lf - 1] == '\r')
			end--;
		begin_line(p);
		if (p->words)
			put_marked(p, from, end, &next);
		else
			put_plain(p, from, end);
		if (p->sign != ' ')
			unified_end(p->u);
		fputc('\n', p->u->out);
		from += lf + 1;
		if (lf == rest.len)
			fputs("\\ No newline at end of file\n", p->u->out);
	}
}

/* ---- hunks ---- */

struct printer {
	const struct unified *u;
	struct slice old, new;
	bool crlf;
	size_t *effort;
	/* where the hunks have come to, and the number of that line */
	size_t at, new_at, line, new_line;
};

static bool has_long_line(struct slice s)
{
	while (s.len) {
		size_t len = slice_find(s, '\n');
		if (len > UNIFIED_LINE_LEN)
			return true;
		s = slice_from(s, len + 1);
	}
	return false;
}

static void put_change(const struct printer *p, const struct change *c)
{
	struct slice old = between(p->old, c->at, c->at + c->len);
	struct slice new = between(p->new, c->new_at, c->new_at + c->new_len);
	struct diff words = {0};
	bool wanted =
	    p->u->colour ||
	    (!p->u->full && (has_long_line(old) || has_long_line(new)));
	if (wanted)
		diff_find(&words, old, new, DIFF_WORDS, p->effort);
	struct line_printer l = {.u = p->u,
				 .crlf = p->crlf,
				 .sign = '-',
				 .text = old,
				 .words = wanted ? &words : NULL};
	put_lines(&l);
	l.sign = '+';
	l.text = new;
	put_lines(&l);
	diff_release(&words);
}

static void put_context(const struct printer *p, size_t from, size_t to)
{
	struct line_printer l = {.u = p->u,
				 .crlf = p->crlf,
				 .sign = ' ',
				 .text = between(p->old, from, to)};
	put_lines(&l);
}

/* An empty range is told by the line before it. */
static void put_range(FILE *out, char sign, size_t line, struct slice text)
{
	size_t count = count_lines(text);
	fprintf(out, "%c%zu,%zu ", sign, count ? line : line - 1, count);
}

static void put_place(struct printer *p, size_t from, size_t new_from,
		      struct slice old, struct slice new)
{
	p->line += count_lines(between(p->old, p->at, from));
	p->new_line += count_lines(between(p->new, p->new_at, new_from));
	p->at = from;
	p->new_at = new_from;
	unified_begin(p->u, COLOUR_PLACE);
	fputs("@@ ", p->u->out);
	put_range(p->u->out, '-', p->line, old);
	put_range(p->u->out, '+', p->new_line, new);
	fputs("@@", p->u->out);
	unified_end(p->u);
	fputc('\n', p->u->out);
}

/* Changes that stand so near that they share their context. */
static size_t group_end(const struct printer *p, const struct diff *d,
			size_t first)
{
	size_t last = first;
	while (last + 1 < d->count) {
		const struct change *c = &d->changes[last];
		size_t near = lines_ahead(p->old, c->at + c->len, 2 * CONTEXT);
		if (near < c[1].at)
			break;
		last++;
	}
	return last + 1;
}

static void put_hunk(struct printer *p, const struct change *first,
		     const struct change *end)
{
	const struct change *last = end - 1;
	size_t from = lines_back(p->old, first->at, p->at, CONTEXT);
	size_t to = lines_ahead(p->old, last->at + last->len, CONTEXT);
	size_t new_from = first->new_at - (first->at - from);
	size_t new_to =
	    last->new_at + last->new_len + (to - last->at - last->len);
	put_place(p, from, new_from, between(p->old, from, to),
		  between(p->new, new_from, new_to));
	for (const struct change *c = first; c < end; c++) {
		put_context(p, from, c->at);
		put_change(p, c);
		from = c->at + c->len;
	}
	put_context(p, from, to);
}

void unified_print(const struct unified *u, struct slice old, struct slice new,
		   size_t *effort)
{
	struct printer p = {.u = u,
			    .old = old,
			    .new = new,
			    .crlf = has_crlf(old) && has_crlf(new),
			    .effort = effort,
			    .line = 1,
			    .new_line = 1};
	struct diff d;
	diff_find(&d, old, new, DIFF_LINES, effort);
	for (size_t i = 0, end; i < d.count && !ferror(u->out); i = end) {
		end = group_end(&p, &d, i);
		put_hunk(&p, d.changes + i, d.changes + end);
	}
	diff_release(&d);
}
