/* Text for people at a terminal. */
#include "prose.h"

#include "capture/terminal.h"

#define HANG 4 /* columns by which a line goes on further in */

static size_t indent_of(struct slice line)
{
	size_t n = 0;
	while (n < line.len && line.data[n] == ' ')
		n++;
	return n;
}

/* How much of line, whose first skip bytes are its indentation, goes into so
 * many columns: up to a space, or a first word that is too wide. */
static size_t fitting(struct slice line, size_t skip, size_t max)
{
	if (terminal_columns(line) <= max)
		return line.len;
	size_t fits = terminal_start(line, max).len;
	for (size_t at = fits; at > skip; at--)
		if (line.data[at] == ' ')
			return at;
	return skip + slice_find(slice_from(line, skip), ' ');
}

static void add_broken(struct buf *out, size_t width, struct slice line)
{
	size_t indent = indent_of(line), skip = indent, hang = 0;
	/* on a terminal that is too narrow for that, all hang the same */
	size_t further = indent + HANG < width / 2 ? indent + HANG : HANG;
	while (line.len) {
		size_t n = fitting(line, skip, width > hang ? width - hang : 0);
		buf_printf(out, "%*s", (int)hang, "");
		buf_add(out, slice_to(line, n));
		buf_add_byte(out, '\n');
		line = slice_from(line, n);
		line = slice_from(line, indent_of(line));
		hang = further;
		skip = 0;
	}
}

/* Bytes of the heading; 0: there is none. */
static size_t heading_of(struct slice line)
{
	size_t colon = slice_find(line, ':');
	bool heads = line.len && line.data[0] != ' ' && colon < line.len &&
		     (colon + 1 == line.len || line.data[colon + 1] == ' ');
	return heads ? colon : 0;
}

static enum colour colour_of(const struct prose *p, struct slice heading)
{
	for (const struct prose_heading *h = p->headings; h->text; h++)
		if (slice_equal(heading, slice_of(h->text)))
			return h->colour;
	return COLOUR_TITLE;
}

static void add_line(struct buf *out, const struct prose *p, struct slice line)
{
	size_t start = out->len, heading = heading_of(line);
	struct buf rest = {0};
	if (p->width)
		add_broken(out, p->width, line);
	if (!p->width || !line.len) {
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
	struct slice made = slice_from(buf_slice(out), start);
	/* broken inside its heading, it has none */
	if (!heading || !p->colour || slice_find(made, '\n') < heading)
		return;
	enum colour colour = colour_of(p, slice_to(line, heading));
	buf_add(&rest, slice_from(made, heading));
	out->len = start;
	buf_add_string(out, colour_begin(true, colour));
	buf_add(out, slice_to(line, heading));
	buf_add_string(out, colour_end(true, colour));
	buf_add(out, buf_slice(&rest));
	buf_release(&rest);
}

void prose_add(struct buf *out, const struct prose *p, struct slice text)
{
	while (text.len) {
		size_t end = slice_find(text, '\n');
		add_line(out, p, slice_to(text, end));
		text = slice_from(text, end + 1);
	}
}
