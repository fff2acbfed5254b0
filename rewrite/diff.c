/* What differs between two texts: E. W. Myers, "An O(ND) Difference Algorithm
 * and Its Variations" (1986), greedy and forward. After STRIDE_MAX differences
 * the path that has come furthest is kept, and the search begins again at its
 * end: cost and memory grow with the text alone. */
#include "diff.h"

#include <stdlib.h>

#define STRIDE_MAX 1024U
#define PIECES_MAX (4U << 20)
#define NOWHERE UINT32_MAX

/* A text as lines or words. */
struct pieces {
	struct slice text;
	uint32_t *starts; /* count + 1 */
	uint32_t *hashes;
	bool *differ;
	uint32_t count, room;
};

struct search {
	struct pieces old, new;
	uint32_t *rows; /* of the stride: row d has, for the d + 1 diagonals,
			   how far d differences lead in the old text */
	size_t *effort;
};

/* ---- pieces ---- */

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_' ||
	       c >= 0x80;
}

/* Of the piece that text begins with. */
static size_t piece_len(struct slice text, enum diff_unit unit)
{
	size_t len = 1;
	switch (unit) {
	case DIFF_LINES:
		len = slice_find(text, '\n') + 1;
		return len < text.len ? len : text.len;
	case DIFF_WORDS:
		break;
	}
	if (is_word(text.data[0]))
		while (len < text.len && is_word(text.data[len]))
			len++;
	return len;
}

static void grow(struct pieces *p)
{
	if (p->count + 1 < p->room)
		return;
	p->room = p->room ? 2 * p->room : 64;
	p->starts = xreallocarray(p->starts, p->room, sizeof *p->starts);
	p->hashes = xreallocarray(p->hashes, p->room, sizeof *p->hashes);
}

/* False if there are more than anybody wants to compare. */
static bool split(struct pieces *p, struct slice text, enum diff_unit unit)
{
	p->text = text;
	if (text.len > UINT32_MAX - 1)
		return false;
	for (size_t at = 0; at < text.len;) {
		struct slice rest = slice_from(text, at);
		struct slice piece = slice_to(rest, piece_len(rest, unit));
		if (p->count == PIECES_MAX)
			return false;
		grow(p);
		p->starts[p->count] = (uint32_t)at;
		p->hashes[p->count++] = (uint32_t)slice_hash(piece, 0);
		at += piece.len;
	}
	grow(p);
	p->starts[p->count] = (uint32_t)text.len;
	p->differ = xcalloc(p->count, sizeof *p->differ);
	return true;
}

static void pieces_release(struct pieces *p)
{
	free(p->starts);
	free(p->hashes);
	free(p->differ);
}

static struct slice piece_at(const struct pieces *p, uint32_t i)
{
	return slice_to(slice_from(p->text, p->starts[i]),
			p->starts[i + 1] - p->starts[i]);
}

static bool pieces_equal(const struct search *s, uint32_t x, uint32_t y)
{
	return s->old.hashes[x] == s->new.hashes[y] &&
	       slice_equal(piece_at(&s->old, x), piece_at(&s->new, y));
}

/* ---- one stride ---- */

/* Where a stride begins and how far it has come. */
struct stride {
	uint32_t x, y;     /* of its beginning */
	uint32_t old, new; /* pieces from there to the end */
	uint32_t d, i;     /* of its end: row and place in it */
	uint32_t to_x, to_y;
};

static uint32_t *row_of(const struct search *s, uint32_t d)
{
	return s->rows + (size_t)d * (d + 1) / 2;
}

/* Place i of row d is the diagonal x - y = 2 * i - d. */
static uint32_t y_of(uint32_t x, uint32_t d, uint32_t i)
{
	return x + d - 2 * i;
}

/* How far the d-th difference leads on its diagonal, before what is equal
 * there: from a row's place i - 1 by taking a piece of the old text away, from
 * its place i by putting one of the new text in. *taken: which of them. */
static uint32_t step(const struct search *s, const struct stride *t, uint32_t d,
		     uint32_t i, bool *taken)
{
	const uint32_t *before = row_of(s, d - 1);
	uint32_t by_taking = NOWHERE, by_putting = NOWHERE;
	if (i > 0 && before[i - 1] != NOWHERE && before[i - 1] < t->old)
		by_taking = before[i - 1] + 1;
	if (i < d && before[i] != NOWHERE && y_of(before[i], d - 1, i) < t->new)
		by_putting = before[i];
	*taken = by_putting == NOWHERE ||
		 (by_taking != NOWHERE && by_taking > by_putting);
	return *taken ? by_taking : by_putting;
}

/* Over what is equal; uses effort. */
static uint32_t slide(const struct search *s, const struct stride *t,
		      uint32_t x, uint32_t y)
{
	uint32_t from = x;
	while (x < t->old && y < t->new &&pieces_equal(s, t->x + x, t->y + y)) {
		x++;
		y++;
	}
	size_t cost = (size_t)(x - from) + 1;
	*s->effort -= cost < *s->effort ? cost : *s->effort;
	return x;
}

/* One row more. Returns whether it reaches the end of both texts, and notes
 * the place that has come furthest. */
static bool walk_row(const struct search *s, struct stride *t, uint32_t d)
{
	uint32_t *row = row_of(s, d);
	uint64_t best = 0;
	for (uint32_t i = 0; i <= d; i++) {
		bool taken;
		uint32_t x = d ? step(s, t, d, i, &taken) : 0;
		row[i] = x;
		if (x == NOWHERE)
			continue;
		x = row[i] = slide(s, t, x, y_of(x, d, i));
		uint32_t y = y_of(x, d, i);
		if ((uint64_t)x + y >= best) {
			best = (uint64_t)x + y;
			t->d = d;
			t->i = i;
			t->to_x = x;
			t->to_y = y;
		}
		if (x == t->old && y == t->new)
			return true;
	}
	return false;
}

/* Marks what differs on the way to where the stride has come. */
static void mark_way(struct search *s, const struct stride *t)
{
	uint32_t i = t->i;
	for (uint32_t d = t->d; d > 0; d--) {
		bool taken;
		uint32_t x = step(s, t, d, i, &taken);
		uint32_t y = y_of(x, d, i);
		if (taken)
			s->old.differ[t->x + x - 1] = true;
		else
			s->new.differ[t->y + y - 1] = true;
		i -= taken;
	}
}

static void mark_rest(struct search *s, uint32_t x, uint32_t y)
{
	if (x < s->old.count)
		memset(s->old.differ + x, true, s->old.count - x);
	if (y < s->new.count)
		memset(s->new.differ + y, true, s->new.count - y);
}

/* ---- all strides ---- */

static void compare(struct search *s)
{
	struct stride t = {0};
	/* no way is longer than all of both sides */
	size_t longest = (size_t)s->old.count + s->new.count;
	size_t rows = longest < STRIDE_MAX ? longest : STRIDE_MAX;
	size_t places = (rows + 1) * (rows + 2) / 2;
	s->rows = xreallocarray(NULL, places, sizeof *s->rows);
	for (bool done = false; !done;) {
		t = (struct stride){.x = t.x + t.to_x, .y = t.y + t.to_y};
		t.old = s->old.count - t.x;
		t.new = s->new.count - t.y;
		uint32_t d = 0;
		while (d <= rows && *s->effort && !done)
			done = walk_row(s, &t, d++);
		if (!*s->effort && !done) {
			mark_rest(s, t.x, t.y);
			break;
		}
		mark_way(s, &t);
	}
	free(s->rows);
}

/* ---- what is equal at both ends ---- */

static bool is_boundary(struct slice text, size_t at, enum diff_unit unit)
{
	switch (unit) {
	case DIFF_LINES:
		return at == 0 || text.data[at - 1] == '\n';
	case DIFF_WORDS:
		break;
	}
	return at == 0 || at == text.len || !is_word(text.data[at - 1]) ||
	       !is_word(text.data[at]);
}

static size_t equal_start(struct slice a, struct slice b)
{
	enum { BLOCK = 4096 };
	size_t len = a.len < b.len ? a.len : b.len, n = 0;
	while (len - n >= BLOCK && !memcmp(a.data + n, b.data + n, BLOCK))
		n += BLOCK;
	while (n < len && a.data[n] == b.data[n])
		n++;
	return n;
}

static size_t equal_end(struct slice a, struct slice b)
{
	enum { BLOCK = 4096 };
	size_t len = a.len < b.len ? a.len : b.len, n = 0;
	const uint8_t *ends[] = {a.data + a.len, b.data + b.len};
	while (len - n >= BLOCK &&
	       !memcmp(ends[0] - n - BLOCK, ends[1] - n - BLOCK, BLOCK))
		n += BLOCK;
	while (n < len &&
	       ends[0][-(ptrdiff_t)n - 1] == ends[1][-(ptrdiff_t)n - 1])
		n++;
	return n;
}

/* How many bytes at the start are equal, in whole pieces of both. */
static size_t common_start(struct slice a, struct slice b, enum diff_unit unit)
{
	size_t n = equal_start(a, b);
	while (!is_boundary(a, n, unit) || !is_boundary(b, n, unit))
		n--;
	return n;
}

static size_t common_end(struct slice a, struct slice b, enum diff_unit unit)
{
	size_t n = a.len && b.len ? equal_end(a, b) : 0;
	while (n && (!is_boundary(a, a.len - n, unit) ||
		     !is_boundary(b, b.len - n, unit)))
		n--;
	return n;
}

/* ---- the answer ---- */

static void add_change(struct diff *d, struct change c)
{
	if (!(d->count & (d->count - 1)))
		d->changes = xreallocarray(
		    d->changes, d->count ? 2 * d->count : 1, sizeof c);
	d->changes[d->count++] = c;
}

static uint32_t run_end(const struct pieces *p, uint32_t i)
{
	while (i < p->count && p->differ[i])
		i++;
	return i;
}

/* start: bytes before the pieces, the same in both texts. */
static void collect(struct diff *d, const struct search *s, size_t start)
{
	const struct pieces *old = &s->old, *new = &s->new;
	for (uint32_t x = 0, y = 0; x < old->count || y < new->count;) {
		uint32_t x_end = run_end(old, x), y_end = run_end(new, y);
		if (x_end == x && y_end == y) {
			x++;
			y++;
			continue;
		}
		add_change(d, (struct change){
				  start + old->starts[x],
				  old->starts[x_end] - old->starts[x],
				  start + new->starts[y],
				  new->starts[y_end] - new->starts[y],
			      });
		x = x_end;
		y = y_end;
	}
}

void diff_find(struct diff *d, struct slice old, struct slice new,
	       enum diff_unit unit, size_t *effort)
{
	struct search s = {.effort = effort};
	size_t start = common_start(old, new, unit);
	*d = (struct diff){0};
	old = slice_from(old, start);
	new = slice_from(new, start);
	size_t end = common_end(old, new, unit);
	old.len -= end;
	new.len -= end;
	if (!old.len && !new.len)
		return;
	if (old.len && new.len && split(&s.old, old, unit) &&
	    split(&s.new, new, unit)) {
		compare(&s);
		collect(d, &s, start);
	} else {
		add_change(d, (struct change){start, old.len, start, new.len});
	}
	pieces_release(&s.old);
	pieces_release(&s.new);
}

void diff_release(struct diff *d)
{
	free(d->changes);
	*d = (struct diff){0};
}
