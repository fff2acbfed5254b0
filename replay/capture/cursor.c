/* A place in a stream that moves on: over pieces and over gaps. */
#include "cursor.h"

static const struct piece *piece_of(const struct cursor *c)
{
	return &c->stream->pieces[c->at.piece];
}

bool cursor_at_end(const struct cursor *c)
{
	return c->at.piece >= c->stream->count;
}

struct cursor cursor_of(const struct stream *stream, struct place at, int side)
{
	return (struct cursor){stream, at, 0, side};
}

bool cursor_bytes(const struct cursor *c, struct slice *bytes)
{
	if (cursor_at_end(c))
		return false;
	const struct piece *p = piece_of(c);
	bytes->data = p->data ? p->data + c->at.skip : NULL;
	bytes->len = p->len - c->at.skip;
	return true;
}

uint64_t cursor_skip(struct cursor *c, uint64_t n, uint64_t *missing)
{
	uint64_t left = n;
	while (left && !cursor_at_end(c)) {
		const struct piece *p = piece_of(c);
		uint64_t step = p->len - c->at.skip;
		if (step > left) {
			c->at.skip += (uint32_t)left;
			step = left;
		} else {
			c->at.piece++;
			c->at.skip = 0;
			/* The piece after the next: far away in the file. */
			if (c->at.piece + 1 < c->stream->count)
				__builtin_prefetch(p[2].data);
		}
		left -= step;
		if (missing && !p->data)
			*missing += step;
	}
	c->offset += n - left;
	return n - left;
}

void cursor_skip_line_breaks(struct cursor *c)
{
	struct slice bytes;
	while (cursor_bytes(c, &bytes) && bytes.data &&
	       (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
		cursor_skip(c, 1, NULL);
}

bool cursor_next_piece(struct cursor *c)
{
	struct slice bytes;
	if (cursor_bytes(c, &bytes))
		cursor_skip(c, bytes.len, NULL);
	return !cursor_at_end(c);
}

int64_t cursor_time(const struct cursor *c)
{
	return cursor_at_end(c) ? 0 : piece_of(c)->time;
}

int64_t cursor_last_time(const struct cursor *c)
{
	if (!cursor_at_end(c) && c->at.skip)
		return piece_of(c)->time;
	return c->at.piece ? c->stream->pieces[c->at.piece - 1].time : 0;
}
