/* A table for a terminal: its rows in columns that fit the width. */
#include "columns.h"

#include "capture/log.h"
#include "capture/terminal.h"

#include <stdlib.h>

#define BETWEEN 2       /* columns between two cells */
#define NUMBER_LEAST 7U /* of numbers that may still grow */

const struct columns_word columns_states[] = {
    {"complete", COLOUR_GOOD}, {"no-response", COLOUR_BAD},
    {"cut", COLOUR_DOUBT},     {"gap", COLOUR_DOUBT},
    {"malformed", COLOUR_BAD}, {0},
};
const struct columns_word columns_results[] = {
    {"same", COLOUR_GOOD},        {"rewritten", COLOUR_PLACE},
    {"different", COLOUR_BAD},    {"not-asked", COLOUR_DOUBT},
    {"not-recorded", COLOUR_BAD}, {0},
};
const struct columns_word columns_statuses[] = {
    {"3", COLOUR_PLACE},
    {"4", COLOUR_DOUBT},
    {"5", COLOUR_DOUBT},
    {0},
};

struct place {
	size_t natural; /* width of its widest cell */
	size_t width;   /* that is given to it; 0: left out */
};

struct columns {
	const struct column *column;
	size_t count;
	const struct display *display;
	struct place *places;
	struct buf kept; /* rows, before the widths are known */
	size_t rows;     /* in it */
	bool laid, cut;
};

static struct slice next_cell(struct slice *row)
{
	size_t tab = slice_find(*row, '\t');
	struct slice cell = slice_to(*row, tab);
	*row = slice_from(*row, tab + 1);
	return cell;
}

static struct slice next_row(struct slice *rows)
{
	size_t end = slice_find(*rows, '\n');
	struct slice row = slice_to(*rows, end);
	*rows = slice_from(*rows, end + 1);
	return row;
}

struct columns *columns_new(const struct column *column, size_t count,
			    const struct display *display)
{
	struct columns *c = xcalloc(1, sizeof *c);
	c->column = column;
	c->count = count;
	c->display = display;
	c->places = xcalloc(count, sizeof *c->places);
	for (size_t i = 0; i < count; i++)
		c->places[i].natural = strlen(column[i].name);
	return c;
}

/* ---- how wide each is ---- */

static size_t least(const struct columns *c, size_t i)
{
	size_t natural = c->places[i].natural, wanted = c->column[i].least;
	return wanted && wanted < natural ? wanted : natural;
}

/* Of the columns that are shown, with what is between them. */
static size_t whole_width(const struct columns *c)
{
	size_t all = 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->places[i].width)
			all += c->places[i].width + (all ? BETWEEN : 0);
	return all;
}

/* The shown column of the lowest rank above one; count: there is none. */
static size_t find_rank(const struct columns *c, unsigned above)
{
	size_t found = c->count;
	for (size_t i = 0; i < c->count; i++)
		if (c->places[i].width && c->column[i].rank > above &&
		    (found == c->count ||
		     c->column[i].rank < c->column[found].rank))
			found = i;
	return found;
}

/* Gives room to the more important ones first. */
static void grow(struct columns *c, size_t spare)
{
	for (unsigned rank = UINT8_MAX; rank && spare; rank--)
		for (size_t i = 0; i < c->count; i++) {
			struct place *p = &c->places[i];
			if (c->column[i].rank != rank || !p->width)
				continue;
			size_t more = p->natural - p->width;
			more = more < spare ? more : spare;
			p->width += more;
			spare -= more;
		}
}

/* more: rows will come, in which numbers may be larger. */
static void lay_out(struct columns *c, bool more)
{
	size_t max = c->display->width;
	for (size_t i = 0; i < c->count; i++) {
		struct place *p = &c->places[i];
		if (more && c->column[i].right && p->natural < NUMBER_LEAST)
			p->natural = NUMBER_LEAST;
		p->width = least(c, i);
	}
	while (whole_width(c) > max) {
		size_t first = find_rank(c, 0);
		if (find_rank(c, c->column[first].rank) == c->count) {
			c->places[first].width = max; /* the last one */
			break;
		}
		c->places[first].width = 0;
		c->cut = true;
	}
	grow(c, max - whole_width(c));
	c->laid = true;
}

/* ---- rows ---- */

static enum colour colour_of(const struct columns_word *w, struct slice cell)
{
	for (; w && w->word; w++)
		if (slice_starts(cell, slice_of(w->word)))
			return w->colour;
	return COLOUR_NONE;
}

static void put_spaces(struct buf *out, size_t count)
{
	while (count--)
		buf_add_byte(out, ' ');
}

/* last: nothing follows, so nothing fills it up. Returns whether it was cut. */
static bool put_cell(struct buf *out, const struct columns *c, size_t i,
		     struct slice cell, enum colour colour, bool last)
{
	const struct column *column = &c->column[i];
	size_t width = c->places[i].width;
	size_t used = terminal_columns(cell);
	size_t rest = used < width ? width - used : 0;
	if (column->right)
		put_spaces(out, rest);
	buf_add_string(out, colour_begin(c->display->colour, colour));
	bool cut = terminal_cut(out, cell, width, column->middle);
	buf_add_string(out, colour_end(c->display->colour, colour));
	if (!column->right && !last)
		put_spaces(out, rest);
	return cut;
}

static size_t last_shown(const struct columns *c)
{
	size_t last = 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->places[i].width)
			last = i;
	return last;
}

static void put_row(struct buf *out, struct columns *c, struct slice row)
{
	size_t last = last_shown(c);
	const char *between = "";
	for (size_t i = 0; i <= last; i++) {
		struct slice cell = next_cell(&row);
		if (!c->places[i].width)
			continue;
		buf_add_string(out, between);
		c->cut |=
		    put_cell(out, c, i, cell,
			     colour_of(c->column[i].words, cell), i == last);
		between = "  ";
	}
	buf_add_byte(out, '\n');
}

static void put_heads(struct buf *out, const struct columns *c)
{
	size_t last = last_shown(c);
	const char *between = "";
	for (size_t i = 0; i <= last; i++) {
		if (!c->places[i].width)
			continue;
		buf_add_string(out, between);
		put_cell(out, c, i, slice_of(c->column[i].name), COLOUR_TITLE,
			 i == last);
		between = "  ";
	}
	buf_add_byte(out, '\n');
}

static void put_kept(struct columns *c, bool more, struct buf *out)
{
	struct slice rows = buf_slice(&c->kept);
	lay_out(c, more);
	put_heads(out, c);
	while (rows.len)
		put_row(out, c, next_row(&rows));
	buf_release(&c->kept);
}

static void measure(struct columns *c, struct slice row)
{
	for (size_t i = 0; i < c->count; i++) {
		size_t width = terminal_columns(next_cell(&row));
		if (width > c->places[i].natural)
			c->places[i].natural = width;
	}
}

void columns_take(struct columns *c, struct buf *out, size_t from)
{
	struct buf taken = {0};
	if (!c)
		return;
	buf_add(&taken, slice_from(buf_slice(out), from));
	out->len = from;
	struct slice rest = buf_slice(&taken);
	struct slice row = next_row(&rest);
	if (c->laid) {
		put_row(out, c, row);
	} else {
		measure(c, row);
		buf_add(&c->kept, buf_slice(&taken));
		if (++c->rows == COLUMNS_SAMPLE)
			put_kept(c, true, out);
	}
	buf_release(&taken);
}

void columns_end(struct columns *c, struct buf *out)
{
	if (c && !c->laid)
		put_kept(c, false, out);
}

void columns_tell(const struct columns *c)
{
	if (c && c->cut)
		log_info("not all fits %zu columns: --format tsv has it",
			 c->display->width);
}

void columns_free(struct columns *c)
{
	if (!c)
		return;
	buf_release(&c->kept);
	free(c->places);
	free(c);
}

void columns_names(const struct column *column, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_add_string(out, column[i].name);
		buf_add_byte(out, i + 1 < count ? '\t' : '\n');
	}
}
