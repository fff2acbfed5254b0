/* Where the frames of an HTTP/2 connection begin again. */
#include "h2_search.h"

#define LEN_USUAL (1U << 14) /* unless the receiver allows more: 4.2 */
#define HEADER_LEN 9
#define ROW 8            /* frames that are enough */
#define ROW_CUT 3        /* ... where no more of them can be seen */
#define NUMBERS_MAX 2048 /* of streams that a gap may have begun */
#define FALSE_ROWS 64    /* that began well; no capture may make it long */

/* What a frame of each type may have set: RFC 9113 6. */
static const uint8_t flags_of[] = {
    [H2_DATA] = H2_END_STREAM | H2_PADDED,
    [H2_HEADERS] = H2_END_STREAM | H2_END_HEADERS | H2_PADDED | H2_HAS_PRIORITY,
    [H2_SETTINGS] = H2_ACK,
    [H2_PUSH_PROMISE] = H2_END_HEADERS | H2_PADDED,
    [H2_PING] = H2_ACK,
    [H2_CONTINUATION] = H2_END_HEADERS,
};

/* Whether there is a stream of that number: one that was asked for, or in the
 * client's direction one that comes next. */
static bool is_known(const struct h2_streams *s, uint32_t stream, bool asks)
{
	uint32_t last = s->asked ? s->list[s->asked - 1].e.stream_id : 0;
	if (!asks || stream <= last)
		return h2_streams_find(s, stream) || (asks && stream % 2);
	return stream % 2 && (stream - last) / 2 < NUMBERS_MAX;
}

static bool is_likely(const struct h2_frame *f, const struct h2_streams *s,
		      bool asks)
{
	if (f->type > H2_CONTINUATION || f->len > LEN_USUAL ||
	    f->flags & ~flags_of[f->type])
		return false;
	switch (f->type) {
	case H2_SETTINGS:
		return !(f->flags & H2_ACK) || !f->len;
	case H2_PING:
		return true;
	case H2_GOAWAY:
		return !f->stream;
	case H2_PRIORITY: /* also of streams that are never opened: 5.3.4 */
		return asks && f->stream;
	case H2_WINDOW_UPDATE:
		return !f->stream || is_known(s, f->stream, asks);
	case H2_PUSH_PROMISE:
		return !asks && is_known(s, f->stream, asks);
	}
	return is_known(s, f->stream, asks);
}

/* frames: how many of them look well. */
static bool stands_in_row(struct cursor c, const struct h2_streams *s,
			  bool asks, int *frames)
{
	struct h2_frame f;
	for (*frames = 0; *frames < ROW; ++*frames) {
		uint64_t missing = 0;
		if (cursor_at_end(&c))
			return *frames > 0;
		enum h2_result r = h2_frame_next(&c, &f);
		if (r == H2_END || r == H2_GAP)
			return *frames >= ROW_CUT;
		if (r != H2_FRAME || !is_likely(&f, s, asks) ||
		    (!*frames && f.type == H2_CONTINUATION))
			return false;
		if (cursor_skip(&c, f.len, &missing) < f.len || missing)
			return *frames >= ROW_CUT;
	}
	return true;
}

bool h2_search(struct cursor *c, const struct h2_streams *streams, bool asks)
{
	struct slice bytes;
	uint32_t left = LEN_USUAL + HEADER_LEN;
	bool behind = false;
	int frames, false_rows = 0;
	while (cursor_bytes(c, &bytes)) {
		if (!bytes.data || !behind) {
			behind |= !bytes.data;
			cursor_skip(c, bytes.len, NULL);
			left = LEN_USUAL + HEADER_LEN;
			continue;
		}
		if (stands_in_row(*c, streams, asks, &frames))
			return true;
		false_rows += frames > 0;
		if (!left-- || false_rows > FALSE_ROWS)
			return false;
		cursor_skip(c, 1, NULL);
	}
	return false;
}
