/* Mistakes in rule files, told to whoever wrote them. */
#include "mistake.h"

#include "capture/log.h"

#define INDENT "    "
/* Columns of the line that are shown, and how many of them before the place. */
#define EXCERPT_WIDTH 72
#define EXCERPT_BEFORE 40
#define LEFT_OUT "\xe2\x80\xa6" /* "…" */

static bool printable(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* Columns of a byte in add_shown. */
static size_t width(uint8_t c)
{
	return c == '\t' || printable(c) ? 1 : strlen("\\xHH");
}

static void add_shown(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\t')
			buf_add_byte(out, ' ');
		else
			buf_add_escaped(out, slice_to(slice_from(s, i), 1));
	}
}

/* Widens to the left of from so long as used stays within max. */
static size_t widen_left(struct slice line, size_t from, size_t *used,
			 size_t max)
{
	while (from && *used + width(line.data[from - 1]) <= max)
		*used += width(line.data[--from]);
	return from;
}

static size_t widen_right(struct slice line, size_t to, size_t *used,
			  size_t max)
{
	while (to < line.len && *used + width(line.data[to]) <= max)
		*used += width(line.data[to++]);
	return to;
}

static void add_excerpt(struct buf *out, const struct place *p)
{
	size_t used = 0, before = 0;
	size_t from = widen_left(p->text, p->at, &used, EXCERPT_BEFORE);
	size_t to = widen_right(p->text, p->at, &used, EXCERPT_WIDTH);
	from = widen_left(p->text, from, &used, EXCERPT_WIDTH);

	buf_add_string(out, from ? INDENT LEFT_OUT : INDENT);
	add_shown(out, slice_to(slice_from(p->text, from), to - from));
	buf_add_string(out, to < p->text.len ? LEFT_OUT "\n" : "\n");

	for (size_t i = from; i < p->at; i++)
		before += width(p->text.data[i]);
	buf_printf(out, INDENT "%*s^\n", (int)(before + (from > 0)), "");
}

void mistake_at(struct mistakes *m, const struct rulefile *f,
		const uint8_t *byte, struct slice text)
{
	struct buf lines = {0};
	if (m->count++ >= MISTAKES_MAX)
		return;
	struct place p = rulefile_place(f, byte);
	buf_add(&lines, f->name);
	buf_printf(&lines, ":%u:%zu: ", p.line, p.at + 1);
	buf_add_escaped(&lines, text);
	buf_add_byte(&lines, '\n');
	add_excerpt(&lines, &p);
	log_lines(buf_slice(&lines));
	buf_release(&lines);
}

void mistake_in(struct mistakes *m, const char *path, struct slice text)
{
	if (m->count++ >= MISTAKES_MAX)
		return;
	log_warn("%s: %.*s", path, (int)text.len, (const char *)text.data);
}

void mistakes_end(const struct mistakes *m)
{
	if (m->count > MISTAKES_MAX)
		log_warn("and %zu more mistakes", m->count - MISTAKES_MAX);
}
