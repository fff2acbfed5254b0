/* An HTTP/2 connection said frame by frame, its header blocks by nghttp2's
 * deflater; then cut into pieces, some of which nobody captured. */
#ifndef UNIT_H2_WIRE_H
#define UNIT_H2_WIRE_H

#include "unit.h"

#include "capture/h2.h"
#include "capture/h2_frames.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define GAPS 8

struct hole {
	size_t from, len;
};

static struct buf said[2];
static struct hole holes[2][GAPS];
static size_t hole_count[2];
static size_t piece_len; /* how much of a side goes into one piece */
static bool late;        /* no SYN was seen */
static nghttp2_hd_deflater *deflaters[2];

static inline int wire_setup(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		buf_clear(&said[i]);
		hole_count[i] = 0;
		nghttp2_hd_deflate_new(&deflaters[i], 1 << 16);
		nghttp2_hd_deflate_change_table_size(deflaters[i], 4096);
	}
	piece_len = SIZE_MAX;
	late = false;
	return 0;
}

static inline int wire_teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		buf_release(&said[i]);
		nghttp2_hd_deflate_del(deflaters[i]);
	}
	return 0;
}

static inline void say(int side, struct slice bytes)
{
	buf_add(&said[side], bytes);
}

/* The next len bytes of a side, which are already said from `from` on, were
 * not captured. */
static inline void lose(int side, size_t from, size_t len)
{
	assert_true(hole_count[side] < GAPS);
	holes[side][hole_count[side]++] = (struct hole){from, len};
}

static inline void frame(int side, uint8_t type, uint8_t flags, uint32_t stream,
			 struct slice payload)
{
	const uint8_t head[] = {
	    (uint8_t)(payload.len >> 16),
	    (uint8_t)(payload.len >> 8),
	    (uint8_t)payload.len,
	    type,
	    flags,
	    (uint8_t)(stream >> 24),
	    (uint8_t)(stream >> 16),
	    (uint8_t)(stream >> 8),
	    (uint8_t)stream,
	};
	say(side, (struct slice){head, sizeof head});
	say(side, payload);
}

static inline void data(int side, uint32_t stream, const char *text, bool last)
{
	frame(side, H2_DATA, last ? H2_END_STREAM : 0, stream, slice_of(text));
}

static inline void settings(int side, uint32_t table_size)
{
	const uint8_t one[] = {0,
			       1,
			       (uint8_t)(table_size >> 24),
			       (uint8_t)(table_size >> 16),
			       (uint8_t)(table_size >> 8),
			       (uint8_t)table_size};
	frame(side, H2_SETTINGS, 0, 0, (struct slice){one, sizeof one});
}

static inline void acknowledge(int side)
{
	frame(side, H2_SETTINGS, H2_ACK, 0, SLICE(""));
}

/* Both prefaces, acknowledged. */
static inline void shake_hands(void)
{
	say(0, SLICE(PREFACE));
	frame(0, H2_SETTINGS, 0, 0, SLICE(""));
	frame(1, H2_SETTINGS, 0, 0, SLICE(""));
	acknowledge(0);
	acknowledge(1);
}

/* A block of fields "name: value", one a line; ":name: value" too. */
static inline struct slice block(int side, const char *text)
{
	static uint8_t out[1 << 16];
	nghttp2_nv nv[64];
	size_t n = 0;
	struct slice rest = slice_of(text);
	while (rest.len) {
		struct slice line = slice_to(rest, slice_find(rest, '\n'));
		rest = slice_from(rest, line.len + 1);
		size_t colon = 1 + slice_find(slice_from(line, 1), ':');
		struct slice value = slice_from(line, colon + 2);
		nv[n++] =
		    (nghttp2_nv){(uint8_t *)line.data, (uint8_t *)value.data,
				 colon, value.len, NGHTTP2_NV_FLAG_NONE};
	}
	ssize_t len =
	    nghttp2_hd_deflate_hd(deflaters[side], out, sizeof out, nv, n);
	assert_true(len >= 0);
	return (struct slice){out, (size_t)len};
}

static inline void head(int side, uint32_t stream, const char *fields,
			bool last)
{
	frame(side, H2_HEADERS,
	      (uint8_t)(H2_END_HEADERS | (last ? H2_END_STREAM : 0)), stream,
	      block(side, fields));
}

/* GET of a path, which makes entries of the table. */
static inline void get(uint32_t stream, const char *path)
{
	struct buf b = {0};
	buf_printf(&b,
		   ":method: GET\n:scheme: http\n:authority: h.example\n"
		   ":path: %s\nuser-agent: a test\n",
		   path);
	buf_add_byte(&b, '\0');
	head(0, stream, (const char *)b.data, true);
	buf_release(&b);
}

/* ---- the flow ---- */

static inline void add_piece(struct stream *s, int64_t time,
			     const uint8_t *bytes, size_t len)
{
	s->pieces = xreallocarray(s->pieces, s->count + 1, sizeof *s->pieces);
	s->pieces[s->count] = (struct piece){
	    .data = bytes, .time = time + s->count, .len = (uint32_t)len};
	s->count++;
}

/* The server speaks after the client has said all. */
static inline void make_stream(struct stream *s, int side)
{
	int64_t time = side ? 1 << 20 : 100;
	size_t at = 0;
	for (size_t i = 0; i <= hole_count[side]; i++) {
		const struct hole *hole = &holes[side][i];
		bool more = i < hole_count[side];
		size_t end = more ? hole->from : said[side].len;
		while (at < end) {
			size_t n = end - at < piece_len ? end - at : piece_len;
			add_piece(s, time, said[side].data + at, n);
			at += n;
		}
		if (more)
			add_piece(s, time, NULL, hole->len);
		at += more ? hole->len : 0;
	}
}

static inline struct flow *make_flow(void)
{
	struct flow *flow = xcalloc(1, sizeof *flow);
	flow->ends[0] = (struct endpoint){{4, {192, 0, 2, 1}}, 50000};
	flow->ends[1] = (struct endpoint){{4, {192, 0, 2, 2}}, 80};
	for (int i = 0; i < 2; i++) {
		flow->streams[i].from_start = !late;
		flow->streams[i].end = STREAM_FIN;
		make_stream(&flow->streams[i], i);
	}
	return flow;
}

#endif
