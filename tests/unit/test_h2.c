/* Streams of HTTP/2 become exchanges. */
#include "h2_wire.h"

#include "capture/spool.h"

static struct buf found; /* a line an exchange */
static struct h2_lost lost;
static struct buf carried; /* by tunnels */
static bool with_heads;
static int client_known = -1;

static void add_body(struct body_reader r)
{
	struct slice bytes;
	while (body_next(&r, &bytes)) {
		if (bytes.data)
			buf_add(&found, bytes);
		else
			buf_printf(&found, "[%zu]", bytes.len);
	}
}

static void add_raw(const struct stream *s, struct span span)
{
	struct span_reader r = span_read(s, span);
	struct slice bytes;
	while (span_next(&r, &bytes))
		if (bytes.data)
			buf_add(&found, bytes);
}

static struct exchange kept[40];
static size_t kept_count;

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)context;
	assert_non_null(first);
	assert_true(kept_count < COUNT(kept));
	kept[kept_count++] = *e;
}

/* METHOD host target < request body -> status body | trailers | state */
static void print(const struct exchange *e)
{
	assert_int_equal(e->version, 20);
	buf_printf(&found, "%u ", e->stream_id);
	buf_add(&found, exchange_method(e));
	buf_add_byte(&found, ' ');
	buf_add(&found, exchange_host(e).data ? exchange_host(e) : SLICE("-"));
	buf_add_byte(&found, ' ');
	buf_add(&found, exchange_target(e));
	if (e->request_body.len) {
		buf_add_string(&found, " < ");
		add_body(exchange_request_body(e));
	}
	buf_printf(&found, " -> %u ", e->status);
	add_body(exchange_response_body(e));
	if (e->trailers) {
		buf_add_string(&found, " | ");
		buf_add(&found, exchange_trailers(e));
	}
	buf_printf(&found, " %s%s%s\n", e->pushed ? "pushed " : "",
		   e->reset ? "reset " : "",
		   exchange_state_name((enum exchange_state)e->state));
	if (!with_heads)
		return;
	buf_add(&found, e->request_head);
	add_raw(&e->flow->streams[!e->client], e->response);
	buf_add_byte(&found, '\n');
}

static void read_tunnel(const struct talk *talk)
{
	for (int i = 0; i < 2; i++) {
		const struct stream *s = &talk->flow->streams[i];
		for (uint32_t k = 0; k < s->count; k++)
			buf_add(&carried, (struct slice){s->pieces[k].data,
							 s->pieces[k].len});
		buf_add_byte(&carried, '|');
	}
	buf_add(&carried, talk->tunnel);
}

static void read_with(size_t len, const struct h2_terms *terms)
{
	struct spool *spool = spool_new();
	piece_len = len;
	struct flow *flow = make_flow();
	struct talk talk = {.flow = flow};
	kept_count = 0;
	if (terms->client < 0)
		assert_true(h2_begins(&talk));
	struct h2_found f = h2_find(&talk, spool, terms, take, NULL);
	lost = f.lost;
	h2_flow_free(flow); /* the exchanges do not need it */
	buf_clear(&found);
	buf_clear(&carried);
	for (size_t i = 0; i < kept_count; i++)
		print(&kept[i]);
	for (size_t i = 0; i < f.tunnel_count; i++) {
		read_tunnel(&f.tunnels[i]);
		h2_flow_free((struct flow *)f.tunnels[i].flow);
	}
	free(f.tunnels);
	if (f.flow)
		h2_flow_free(f.flow);
	spool_free(spool);
}

/* In one piece, in pieces of any length. */
static void expect(const char *lines)
{
	static const size_t lens[] = {SIZE_MAX, 1, 7, 50};
	const struct h2_terms terms = {.client = client_known};
	for (size_t i = 0; i < COUNT(lens); i++) {
		read_with(lens[i], &terms);
		assert_text(buf_slice(&found), lines);
	}
}

/* How often the text stands in what was found. */
static int count_of(const char *text)
{
	int count = 0;
	for (size_t i = 0; i < found.len; i++)
		count += slice_starts(slice_from(buf_slice(&found), i),
				      slice_of(text));
	return count;
}

static int teardown(void **state)
{
	buf_release(&found);
	buf_release(&carried);
	with_heads = false;
	client_known = -1;
	return wire_teardown(state);
}

/* ---- what is whole ---- */

static void test_heads(void **state)
{
	(void)state;
	shake_hands();
	head(
	    0, 1,
	    ":method: POST\n:scheme: http\n:path: /a b\n:authority: h.example\n"
	    "x: 1\ncookie: a=1\nhost: other\ny: 2\ncookie: b=2\n"
	    "connection: close\ntransfer-encoding: chunked\ny: 3\n",
	    false);
	head(0, 3, ":method: GET\n:scheme: http\n:path: /\nhost: h2.example\n",
	     true);
	data(0, 1, "asked", true);
	head(1, 1, ":status: 103\nlink: </s>\n", false);
	head(1, 1, ":status: 200\nserver: x\nset-cookie: a\nset-cookie: b\n",
	     false);
	data(1, 1, "body", true);
	head(1, 3, ":status: 204\n", true);
	with_heads = true;
	expect("3 GET h2.example / -> 204  complete\n"
	       "GET / HTTP/1.1\r\nhost: h2.example\r\n\r\n"
	       "HTTP/1.1 204 \r\n\r\n\n");
	/* A target with a space is no word of a request line. */
	assert_int_equal(lost.blocks, 1);
}

static void test_fields_in_order(void **state)
{
	(void)state;
	shake_hands();
	head(0, 1,
	     ":method: POST\n:scheme: http\n:path: /a?b\n"
	     ":authority: h.example\n"
	     "x: 1\ncookie: a=1\nhost: other\ny: 2\ncookie: b=2\n"
	     "connection: close\ntransfer-encoding: chunked\ny: 3\n",
	     false);
	data(0, 1, "as", false);
	data(0, 1, "ked", true);
	head(1, 1, ":status: 103\nlink: </s>\n", false);
	head(1, 1, ":status: 200\nserver: x\nset-cookie: a\nset-cookie: b\n",
	     false);
	data(1, 1, "body", true);
	with_heads = true;
	expect("1 POST h.example /a?b < asked -> 200 body complete\n"
	       "POST /a?b HTTP/1.1\r\nhost: h.example\r\nx: 1\r\n"
	       "cookie: a=1; b=2\r\ny: 2\r\ny: 3\r\n\r\n"
	       "HTTP/1.1 103 \r\nlink: </s>\r\n\r\n"
	       "HTTP/1.1 200 \r\nserver: x\r\nset-cookie: a\r\n"
	       "set-cookie: b\r\n\r\nbody\n");
}

static void test_interleaved(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	get(3, "/3");
	get(5, "/5");
	head(1, 5, ":status: 200\n", false);
	data(1, 5, "5a", false);
	head(1, 1, ":status: 404\n", false);
	data(1, 1, "1a", false);
	data(1, 5, "5b", false);
	head(1, 3, ":status: 200\ncontent-length: 2\n", false);
	data(1, 1, "", false);
	data(1, 3, "3a", true);
	data(1, 1, "1b", true);
	data(1, 5, "", true);
	expect("1 GET h.example /1 -> 404 1a1b complete\n"
	       "3 GET h.example /3 -> 200 3a complete\n"
	       "5 GET h.example /5 -> 200 5a5b complete\n");
	assert_int_equal(kept[1].response_framing, HTTP_LENGTH);
	assert_false(exchange_lacks_length(&kept[1]));
	assert_true(exchange_lacks_length(&kept[0]));
}

static void test_padding_priority_continuation(void **state)
{
	(void)state;
	struct buf b = {0};
	shake_hands();
	struct slice fields = block(0, ":method: GET\n:scheme: http\n"
				       ":path: /long\n:authority: h.example\n");
	buf_add(&b, SLICE("\x03\0\0\0\0\x10")); /* padding, priority */
	buf_add(&b, slice_to(fields, 3));
	buf_add(&b, SLICE("\0\0\0"));
	frame(0, H2_HEADERS, H2_PADDED | H2_HAS_PRIORITY | H2_END_STREAM, 1,
	      buf_slice(&b));
	frame(0, H2_CONTINUATION, 0, 1, SLICE(""));
	frame(0, H2_CONTINUATION, 0, 1, slice_to(slice_from(fields, 3), 4));
	frame(0, H2_CONTINUATION, H2_END_HEADERS, 1, slice_from(fields, 7));
	head(1, 1, ":status: 200\n", false);
	frame(1, H2_DATA, H2_PADDED, 1, SLICE("\x04padded\0\0\0\0"));
	frame(1, H2_DATA, H2_PADDED | H2_END_STREAM, 1, SLICE("\0!"));
	frame(1, 0xbe, 0xff, 77, SLICE("unknown"));
	expect("1 GET h.example /long -> 200 padded! complete\n");
	buf_release(&b);
}

static void test_trailers(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/t");
	head(1, 1, ":status: 200\n", false);
	data(1, 1, "body", false);
	head(1, 1, "grpc-status: 0\nx: y\n", true);
	expect("1 GET h.example /t -> 200 body | "
	       "grpc-status: 0\r\nx: y\r\n complete\n");
}

static void test_no_body(void **state)
{
	(void)state;
	shake_hands();
	head(0, 1, ":method: HEAD\n:scheme: http\n:path: /\n:authority: h\n",
	     true);
	get(3, "/3");
	get(5, "/5");
	get(7, "/7");
	head(1, 1, ":status: 200\ncontent-length: 100\n", true);
	head(1, 3, ":status: 304\ncontent-length: 100\n", true);
	head(1, 5, ":status: 204\n", false);
	data(1, 5, "", true); /* the end alone */
	head(1, 7, ":status: 204\n", false);
	data(1, 7, "none may be", true);
	expect("1 HEAD h / -> 200  complete\n"
	       "3 GET h.example /3 -> 304  complete\n"
	       "5 GET h.example /5 -> 204  complete\n"
	       "7 GET h.example /7 -> 204  malformed\n");
	assert_int_equal(kept[0].response_framing, HTTP_NO_BODY);
}

static void test_push(void **state)
{
	(void)state;
	struct buf b = {0};
	shake_hands();
	get(1, "/page");
	head(1, 1, ":status: 200\n", false);
	buf_add(&b, SLICE("\0\0\0\x02"));
	buf_add(&b, block(1, ":method: GET\n:scheme: http\n:path: /style\n"
			     ":authority: h.example\n"));
	frame(1, H2_PUSH_PROMISE, H2_END_HEADERS, 1, buf_slice(&b));
	data(1, 1, "page", true);
	head(1, 2, ":status: 200\n", false);
	data(1, 2, "style", true);
	expect("1 GET h.example /page -> 200 page complete\n"
	       "2 GET h.example /style -> 200 style pushed complete\n");
	assert_int_equal(kept[1].client, 0);
	buf_release(&b);
}

static void test_tunnels(void **state)
{
	(void)state;
	shake_hands();
	head(0, 1, ":method: CONNECT\n:authority: far.example:443\n", false);
	head(0, 3,
	     ":method: CONNECT\n:protocol: websocket\n:scheme: http\n"
	     ":path: /chat\n:authority: h.example\n",
	     false);
	data(0, 1, "up", false);
	data(0, 1, "load", false);
	head(1, 1, ":status: 200\n", false);
	head(1, 3, ":status: 200\n", false);
	data(1, 1, "down", true);
	expect("1 CONNECT far.example:443 far.example:443 -> 200  complete\n"
	       "3 CONNECT h.example /chat -> 200  cut\n");
	assert_text(buf_slice(&carried), "upload|down|far.example:443");
	assert_text(
	    url_of(SLICE("CONNECT"), SLICE("/chat"), SLICE("h:81"), false, 80)
		.host,
	    "h");
}

/* ---- what is not ---- */

static void test_resets(void **state)
{
	(void)state;
	shake_hands();
	for (uint32_t id = 1; id <= 9; id += 2)
		get(id, "/r");
	head(1, 1, ":status: 200\n", false);
	data(1, 1, "half", false);
	frame(1, H2_RST_STREAM, 0, 1, SLICE("\0\0\0\x02"));
	data(1, 1, "more", true); /* after the end: not taken */
	frame(1, H2_RST_STREAM, 0, 3, SLICE("\0\0\0\x07"));
	head(1, 5, ":status: 200\n", false);
	frame(0, H2_RST_STREAM, 0, 5, SLICE("\0\0\0\x08"));
	frame(0, H2_RST_STREAM, 0, 7, SLICE("\0\0\0\x08"));
	head(1, 7, ":status: 200\n", false);
	data(1, 7, "was sent", true);
	frame(1, H2_GOAWAY, 0, 0, SLICE("\0\0\0\x07\0\0\0\0"));
	expect("1 GET h.example /r -> 200 half reset cut\n"
	       "3 GET h.example /r -> 0  reset no-response\n"
	       "5 GET h.example /r -> 200  reset cut\n"
	       "7 GET h.example /r -> 200 was sent complete\n"
	       "9 GET h.example /r -> 0  no-response\n");
}

static void test_end_in_a_frame(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	head(1, 1, ":status: 200\n", false);
	data(1, 1, "whole", true);
	said[1].len -= 2;
	expect("1 GET h.example /1 -> 200 who cut\n");
}

static void test_false_length(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	head(1, 1, ":status: 200\ncontent-length: 5\n", false);
	data(1, 1, "four", true);
	expect("1 GET h.example /1 -> 200 four malformed\n");
}

/* None may come into a head as a line of its own. */
static void test_line_breaks_in_fields(void **state)
{
	(void)state;
	nghttp2_nv nv[] = {
	    {(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0},
	    {(uint8_t *)"a", (uint8_t *)"b\r\nc: d", 1, 7, 0},
	    {(uint8_t *)"e\nf", (uint8_t *)"g", 3, 1, 0},
	    {(uint8_t *)"Upper", (uint8_t *)"h", 5, 1, 0},
	    {(uint8_t *)"i", (uint8_t *)"j", 1, 1, 0},
	};
	uint8_t out[200];
	shake_hands();
	get(1, "/1");
	ssize_t len =
	    nghttp2_hd_deflate_hd(deflaters[1], out, sizeof out, nv, COUNT(nv));
	frame(1, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 1,
	      (struct slice){out, (size_t)len});
	expect("1 GET h.example /1 -> 200  malformed\n");
	with_heads = true;
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	assert_int_equal(count_of("HTTP/1.1 200 \r\ni: j\r\n\r\n"), 1);
}

static void test_malformed_heads(void **state)
{
	(void)state;
	shake_hands();
	head(0, 1, ":method: GET\n:scheme: http\nx: y\n:path: /late\n", true);
	head(0, 3, ":method: GET\n:path: /\n:scheme: http\n:status: 200\n",
	     true);
	head(0, 5, ":scheme: http\n:path: /no-method\n", true);
	get(7, "/7");
	head(1, 3, ":status: 200\n", true);
	head(1, 7, ":status: 2\n", true);
	expect("3 GET - / -> 200  malformed\n"
	       "7 GET h.example /7 -> 0  malformed\n");
	assert_int_equal(lost.blocks, 3);
}

static void test_frames_out_of_order(void **state)
{
	(void)state;
	shake_hands();
	get(5, "/5");
	get(3, "/back"); /* numbers only rise */
	get(4, "/even");
	data(0, 99, "nobody's", true);
	data(1, 5, "before the head", false);
	head(1, 5, ":status: 200\n", true);
	data(1, 5, "after the end", false);
	head(1, 77, ":status: 200\n", true);
	expect("5 GET h.example /5 -> 200  malformed\n");
}

/* A block that another frame interrupts ruins the table. */
static void test_interrupted_block(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	get(3, "/3");
	head(1, 1, ":status: 200\nx-a: long enough to be in the table\n", true);
	frame(1, H2_HEADERS, 0, 3, SLICE("\x88"));
	frame(1, H2_PING, 0, 0, SLICE("12345678"));
	head(1, 3, ":status: 200\nx-a: long enough to be in the table\n", true);
	expect("1 GET h.example /1 -> 200  complete\n"
	       "3 GET h.example /3 -> 0  malformed\n");
}

static void test_impossible_frame(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	get(3, "/3");
	head(1, 1, ":status: 200\n", true);
	frame(1, H2_PING, 0, 0, SLICE("short"));
	head(1, 3, ":status: 200\n", true);
	expect("1 GET h.example /1 -> 200  complete\n"
	       "3 GET h.example /3 -> 0  malformed\n");
	assert_int_equal(lost.rests, 1);
}

/* ---- the table's size ---- */

static void test_table_size(void **state)
{
	(void)state;
	say(0, SLICE(PREFACE));
	settings(0, 65536);
	settings(0, 0);
	frame(1, H2_SETTINGS, 0, 0, SLICE(""));
	acknowledge(0);
	acknowledge(1);
	nghttp2_hd_deflate_change_table_size(deflaters[1], 65536);
	get(1, "/1");
	get(3, "/3");
	get(5, "/5");
	head(1, 1, ":status: 200\nx-a: an entry of the table\n", true);
	head(1, 3, ":status: 200\nx-a: an entry of the table\n", true);
	acknowledge(1);
	nghttp2_hd_deflate_change_table_size(deflaters[1], 0);
	head(1, 5, ":status: 200\nx-a: an entry of the table\n", true);
	with_heads = false;
	expect("1 GET h.example /1 -> 200  complete\n"
	       "3 GET h.example /3 -> 200  complete\n"
	       "5 GET h.example /5 -> 200  complete\n");
}

/* Before it is acknowledged a larger one does not hold. */
static void test_table_size_not_acknowledged(void **state)
{
	(void)state;
	say(0, SLICE(PREFACE));
	settings(0, 65536);
	frame(1, H2_SETTINGS, 0, 0, SLICE(""));
	nghttp2_hd_deflate_change_table_size(deflaters[1], 65536);
	get(1, "/1");
	head(1, 1, ":status: 200\n", true);
	expect("1 GET h.example /1 -> 0  malformed\n");
}

/* ---- what was not captured ---- */

static void test_gap_in_data(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	get(3, "/3");
	head(1, 1, ":status: 200\n", false);
	size_t at = said[1].len + 9;
	data(1, 1, "0123456789", false);
	head(1, 3, ":status: 200\n", false);
	data(1, 3, "other", true);
	data(1, 1, "end", true);
	lose(1, at + 2, 5);
	expect("1 GET h.example /1 -> 200 01[5]789end gap\n"
	       "3 GET h.example /3 -> 200 other complete\n");
	assert_int_equal(kept[0].body_bytes, 13);
}

static void test_gap_over_frames(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	get(3, "/3");
	get(5, "/5");
	head(1, 1, ":status: 200\n", true);
	head(1, 3, ":status: 200\n", false);
	size_t at = said[1].len;
	data(1, 3, "0123456789", false);
	lose(1, at + 12, said[1].len - at - 12 + 2);
	data(1, 3, "end", true);
	head(1, 5, ":status: 200\n", true);
	expect("1 GET h.example /1 -> 200  complete\n"
	       "3 GET h.example /3 -> 200 012[7] gap\n"
	       "5 GET h.example /5 -> 200  complete\n");
	assert_int_equal(lost.rests, 0);
	assert_int_equal(lost.gaps, 1);
}

/* Nobody knows what the missing frames were for: no stream that was open is
 * gone on with, one that begins behind them is whole. */
static void test_open_at_a_gap(void **state)
{
	(void)state;
	shake_hands();
	for (uint32_t id = 1; id <= 9; id += 2)
		get(id, "/g");
	head(1, 1, ":status: 200\n", false);
	head(1, 3, ":status: 200\n", false);
	data(1, 1, "one", false);
	size_t at = said[1].len;
	data(1, 3, "three", false);
	head(1, 5, ":status: 200\n", false);
	lose(1, at + 2, said[1].len - at - 2);
	data(1, 3, "more of three", true);
	data(1, 5, "some of five", true);
	head(1, 7, ":status: 200\n", false);
	data(1, 1, "more of one", false);
	data(1, 7, "seven", true);
	expect("1 GET h.example /g -> 200 one gap\n"
	       "3 GET h.example /g -> 200  gap\n"
	       "5 GET h.example /g -> 0  gap\n"
	       "7 GET h.example /g -> 200 seven complete\n"
	       "9 GET h.example /g -> 0  gap\n");
	assert_int_equal(lost.gaps, 1);
	assert_int_equal(lost.rests, 0);
}

/* Missing in the client's direction: what is asked behind it is found. */
static void test_gap_in_requests(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	size_t at = said[0].len;
	get(3, "/3");
	get(5, "/5");
	lose(0, at + 3, said[0].len - at - 6);
	get(7, "/7"); /* refers to what the first ones said */
	head(0, 9, ":method: GET\n:scheme: http\n:path: /\n", true);
	for (uint32_t id = 1; id <= 9; id += 2) {
		head(1, id, ":status: 200\n", false);
		data(1, id, "answer", true);
	}
	expect("1 GET h.example /1 -> 200 answer complete\n"
	       "9 GET - / -> 200 answer complete\n");
	assert_int_equal(lost.gaps, 1);
	assert_int_equal(lost.blocks, 1);
}

/* A body that holds what looks like frames, but too few of them. */
static void test_false_frames(void **state)
{
	(void)state;
	static const char fake[] = "01234567"
				   "\0\0\1\0\0\0\0\0\5X"
				   "\0\0\1\0\1\0\0\0\5Y"
				   "and no more of them";
	shake_hands();
	get(1, "/1");
	get(5, "/5");
	head(1, 1, ":status: 200\n", false);
	head(1, 5, ":status: 200\n", false);
	size_t at = said[1].len;
	frame(1, H2_DATA, 0, 1,
	      (struct slice){(const uint8_t *)fake, sizeof fake - 1});
	lose(1, at + 5, 8);
	data(1, 1, "end", true);
	expect("1 GET h.example /1 -> 200  gap\n"
	       "5 GET h.example /5 -> 200  gap\n");
	assert_int_equal(lost.gaps, 1);
}

/* Where too few frames follow, or none that could be, all is lost. */
static void test_nothing_behind_a_gap(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	head(1, 1, ":status: 200\n", false);
	size_t at = said[1].len;
	data(1, 1, "0123456789", false);
	data(1, 1, "0123456789", false);
	lose(1, at + 12, 10);
	data(1, 7, "of no stream that there is", true);
	say(1, SLICE("the end is no frame"));
	expect("1 GET h.example /1 -> 200 012[7] gap\n");
	assert_int_equal(lost.rests, 1);
	assert_int_equal(lost.gaps, 0);
}

static void say_many(uint32_t last)
{
	char text[200];
	shake_hands();
	for (uint32_t id = 1; id <= last; id += 2)
		get(id, "/m");
	for (uint32_t id = 1; id <= last; id += 2) {
		head(1, id, ":status: 200\n", false);
		memset(text, 'a' + (int)(id % 26), sizeof text);
		text[sizeof text - 1] = '\0';
		data(1, id, text + id, id % 4 == 1);
		if (id % 4 == 3)
			data(1, id, "the last part", true);
	}
}

/* Wherever a gap lies and however long it is: what is called complete is, and
 * no more is lost than the streams that it touched. */
static void test_gaps_everywhere(void **state)
{
	(void)state;
	enum { LAST = 59, STREAMS = (LAST + 1) / 2 };
	static const size_t lens[] = {1, 9, 40, 230, 700};
	say_many(LAST);
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	struct buf whole = {0};
	buf_add(&whole, buf_slice(&found));
	assert_int_equal(kept_count, STREAMS);
	for (size_t i = 0; i < 2 * COUNT(lens); i++) {
		size_t len = lens[i / 2];
		for (size_t at = 60; at + len + 300 < said[1].len; at += 17) {
			hole_count[1] = 0;
			lose(1, at, len);
			read_with(i % 2 ? 64 : SIZE_MAX,
				  &(struct h2_terms){.client = -1,
						     .loose_gaps = i % 2});
			size_t complete = 0;
			struct slice rest = buf_slice(&found);
			while (rest.len) {
				size_t end = slice_find(rest, '\n') + 1;
				struct slice line = slice_to(rest, end);
				rest = slice_from(rest, end);
				bool is =
				    memmem(line.data, line.len, " complete", 9);
				assert_true(!is || memmem(whole.data, whole.len,
							  line.data, line.len));
				complete += is;
			}
			assert_int_equal(kept_count, STREAMS);
			assert_true(complete + 2 + len / 150 >= STREAMS);
		}
	}
	buf_release(&whole);
}

/* Where lengths of gaps are guesses, no frame reaches over one. */
static void test_loose_gap(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	head(1, 1, ":status: 200\n", false);
	size_t at = said[1].len + 9;
	data(1, 1, "0123456789", true);
	lose(1, at + 2, 5);
	read_with(SIZE_MAX,
		  &(struct h2_terms){.client = -1, .loose_gaps = true});
	assert_text(buf_slice(&found), "1 GET h.example /1 -> 200 01[5] gap\n");
	assert_int_equal(lost.rests, 1);
}

/* What a lost block may have added to the table cannot be known, what later
 * ones add can. */
static void test_gap_in_head(void **state)
{
	(void)state;
	shake_hands();
	for (uint32_t id = 1; id <= 9; id += 2)
		get(id, "/g");
	head(1, 1, ":status: 200\nx-a: an entry of the table\n", true);
	size_t at = said[1].len + 9;
	head(1, 3, ":status: 200\nx-b: another of the table\n", true);
	lose(1, at + 2, 4);
	head(1, 5, ":status: 200\nx-a: an entry of the table\n", true);
	head(1, 7, ":status: 200\nx-c: a third entry of it\n", true);
	head(1, 9, ":status: 200\nx-c: a third entry of it\n", true);
	expect("1 GET h.example /g -> 200  complete\n"
	       "3 GET h.example /g -> 0  gap\n"
	       "5 GET h.example /g -> 0  gap\n"
	       "7 GET h.example /g -> 200  complete\n"
	       "9 GET h.example /g -> 200  complete\n");
	assert_int_equal(lost.blocks, 2);
	assert_int_equal(lost.rests, 0);
	with_heads = true;
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	assert_int_equal(count_of("x-c: a third entry of it\r\n"), 2);
}

/* The beginning is missing: what refers to it is not guessed. */
static void test_late_start(void **state)
{
	(void)state;
	get(1, "/before");
	head(1, 1, ":status: 200\nx-a: an entry of the table\n", true);
	buf_clear(&said[0]);
	buf_clear(&said[1]);
	get(3, "/refers");
	head(0, 5, ":method: GET\n:scheme: http\n:path: /\nnew: field\n", true);
	head(1, 3, ":status: 200\n", true);
	head(1, 5, ":status: 200\nx-a: an entry of the table\n", true);
	late = true;
	client_known = 0;
	expect("5 GET - / -> 0  gap\n");
}

/* Bytes of which nobody knows that a frame begins with them. */
static void test_late_start_in_a_frame(void **state)
{
	(void)state;
	say(0, SLICE("the rest of a frame"));
	get(3, "/3");
	get(5, "/5");
	late = true;
	client_known = 0;
	expect("");
	assert_int_equal(lost.rests, 1); /* the server said nothing */
}

/* ---- hostile ---- */

/* A field of 4000 bytes, said again in one byte each time. */
static void test_bomb(void **state)
{
	(void)state;
	struct buf fields = {0}, block_of = {0};
	uint64_t spooled;
	shake_hands();
	get(1, "/1");
	buf_add_string(&fields, ":status: 200\nx-bomb: ");
	for (int i = 0; i < 4000; i++)
		buf_add_byte(&fields, 'b');
	buf_add_byte(&fields, '\0');
	struct slice first = block(1, (const char *)fields.data);
	buf_add(&block_of, first);
	for (int i = 0; i < 1000000; i++)
		buf_add_byte(&block_of, 0x80 | 62);
	frame(1, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 1,
	      buf_slice(&block_of));
	piece_len = SIZE_MAX;
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0].state, EXCHANGE_MALFORMED);
	spooled = kept[0].response.len;
	assert_true(spooled <= 1 << 20);
	buf_release(&fields);
	buf_release(&block_of);
}

/* Small bombs, many of them: what they take is bounded by what was captured. */
static void test_many_bombs(void **state)
{
	(void)state;
	struct buf fields = {0};
	shake_hands();
	get(1, "/1");
	buf_add_string(&fields, ":status: 103\nx-bomb: ");
	for (int i = 0; i < 4000; i++)
		buf_add_byte(&fields, 'b');
	buf_add_byte(&fields, '\0');
	frame(1, H2_HEADERS, H2_END_HEADERS, 1,
	      block(1, (const char *)fields.data));
	struct buf again = {0};
	buf_add(&again, SLICE("\x08\x03"
			      "103"));
	for (int i = 0; i < 200; i++)
		buf_add_byte(&again, 0x80 | 62);
	for (int i = 0; i < 1000; i++)
		frame(1, H2_HEADERS, H2_END_HEADERS, 1, buf_slice(&again));
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	assert_int_equal(kept_count, 1);
	assert_int_equal(kept[0].state, EXCHANGE_MALFORMED);
	assert_true(kept[0].response.len <
		    65536 + 64 * (said[0].len + said[1].len));
	buf_release(&fields);
	buf_release(&again);
}

static void test_floods(void **state)
{
	(void)state;
	shake_hands();
	get(1, "/1");
	for (int i = 0; i < 100000; i++) {
		settings(0, (uint32_t)i);
		acknowledge(1);
		frame(1, H2_DATA, 0, 1, SLICE(""));
	}
	frame(0, H2_HEADERS, 0, 3, SLICE(""));
	for (int i = 0; i < 100000; i++)
		frame(0, H2_CONTINUATION, 0, 3, SLICE(""));
	read_with(SIZE_MAX, &(struct h2_terms){.client = -1});
	assert_text(buf_slice(&found), "1 GET h.example /1 -> 0  malformed\n");
}

/* ---- upgrades ---- */

static void test_begins(void **state)
{
	(void)state;
	say(0, SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"));
	struct flow *flow = make_flow();
	struct talk talk = {.flow = flow};
	assert_false(h2_begins(&talk));
	h2_flow_free(flow);
	say(0, SLICE("\n"));
	piece_len = 3;
	flow = make_flow();
	talk.flow = flow;
	assert_true(h2_begins(&talk));
	h2_flow_free(flow);
}

static void test_upgrade(void **state)
{
	(void)state;
	const struct h2_terms terms = {.client = -1};
	struct spool *spool = spool_new();
	/* HTTP2-Settings: a table of 65536 bytes */
	say(0, SLICE("POST /up HTTP/1.1\r\nHost: h.example\r\n"
		     "Content-Length: 5\r\nConnection: Upgrade, HTTP2-Settings"
		     "\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAQAA\r\n\r\n"
		     "asked"));
	say(1, SLICE("HTTP/1.1 101 Switching Protocols\r\n"
		     "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
	shake_hands();
	nghttp2_hd_deflate_change_table_size(deflaters[1], 65536);
	head(1, 1, ":status: 200\n", false);
	get(3, "/3");
	data(1, 1, "answered", true);
	head(1, 3, ":status: 200\n", true);
	piece_len = 11;
	struct flow *flow = make_flow();
	struct talk talk = {.flow = flow};
	assert_false(h2_begins(&talk));
	kept_count = 0;
	assert_true(exchanges_find(&talk, spool, take, NULL));
	assert_int_equal(kept_count, 0);
	assert_true(h2_begins(&talk));
	struct h2_found f = h2_find(&talk, spool, &terms, take, NULL);
	for (size_t i = 0; i < kept_count; i++)
		print(&kept[i]);
	assert_text(buf_slice(&found),
		    "1 POST h.example /up < asked -> 200 answered complete\n"
		    "3 GET h.example /3 -> 200  complete\n");
	h2_flow_free(f.flow);
	h2_flow_free(flow);
	spool_free(spool);
}

#define T(f) cmocka_unit_test_setup_teardown(f, wire_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_heads),
	    T(test_fields_in_order),
	    T(test_interleaved),
	    T(test_padding_priority_continuation),
	    T(test_trailers),
	    T(test_no_body),
	    T(test_push),
	    T(test_tunnels),
	    T(test_resets),
	    T(test_end_in_a_frame),
	    T(test_false_length),
	    T(test_line_breaks_in_fields),
	    T(test_malformed_heads),
	    T(test_frames_out_of_order),
	    T(test_interrupted_block),
	    T(test_impossible_frame),
	    T(test_table_size),
	    T(test_table_size_not_acknowledged),
	    T(test_gap_in_data),
	    T(test_gap_over_frames),
	    T(test_open_at_a_gap),
	    T(test_gap_in_requests),
	    T(test_false_frames),
	    T(test_nothing_behind_a_gap),
	    T(test_gaps_everywhere),
	    T(test_loose_gap),
	    T(test_gap_in_head),
	    T(test_late_start),
	    T(test_late_start_in_a_frame),
	    T(test_bomb),
	    T(test_many_bombs),
	    T(test_floods),
	    T(test_begins),
	    T(test_upgrade),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
