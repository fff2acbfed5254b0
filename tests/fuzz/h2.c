/* Fuzzes connections of HTTP/2: whatever their frames, what is found lies in
 * the flow that was made, and heads that count as good are such of HTTP/1.1.
 *
 * The input's first byte says what is known of the connection, then come
 * pieces: a byte for the side (1), a gap (2), what the length counts by (4: 16
 * bytes), one for the length, and the piece's bytes, of a gap none. */
#include "quick.h"

#include "capture/h2.h"
#include "capture/spool.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LATE = 1, KNOWN = 2, LOOSE = 4, HTTPS = 8 };
enum { SIDE = 1, GAP = 2, LONG = 4 };

static void add_piece(struct stream *s, struct slice bytes, uint32_t len)
{
	if (!len)
		return;
	s->pieces = xreallocarray(s->pieces, s->count + 1, sizeof *s->pieces);
	s->pieces[s->count] =
	    (struct piece){.data = bytes.data, .time = s->count, .len = len};
	s->count++;
}

static struct flow *make_flow(struct reader *r, uint8_t how)
{
	struct flow *flow = xcalloc(1, sizeof *flow);
	flow->streams[0].from_start = flow->streams[1].from_start =
	    !(how & LATE);
	flow->streams[0].end = flow->streams[1].end = STREAM_FIN;
	while (reader_left(r)) {
		uint8_t kind = reader_u8(r);
		uint32_t len = reader_u8(r) * (kind & LONG ? 16U : 1U);
		struct slice bytes = {0};
		if (!(kind & GAP)) {
			if (len > reader_left(r))
				len = (uint32_t)reader_left(r);
			bytes = reader_take(r, len);
		}
		add_piece(&flow->streams[kind & SIDE], bytes, len);
	}
	return flow;
}

static volatile uint8_t touched; /* bytes that have to be there */

static uint64_t length(struct body_reader r)
{
	uint64_t len = 0;
	struct slice bytes;
	while (body_next(&r, &bytes)) {
		len += bytes.len;
		if (bytes.data)
			touched ^= bytes.data[0] ^ bytes.data[bytes.len - 1];
	}
	return len;
}

static struct exchange *kept;
static size_t kept_count;

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)context;
	if (!first)
		abort();
	kept = xreallocarray(kept, kept_count + 1, sizeof *kept);
	kept[kept_count++] = *e;
}

static void check_heads(const struct exchange *e)
{
	struct message m;
	if (http_request(e->request_head, &m) != HTTP_DONE ||
	    m.head.len != e->request_head.len ||
	    !slice_equal(m.method, exchange_method(e)) ||
	    !slice_equal(m.target, exchange_target(e)) || m.malformed)
		abort();
	if (http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE ||
	    m.head.len != e->response_head.len || m.status != e->status ||
	    m.malformed)
		abort();
}

static void check(const struct exchange *e)
{
	length(exchange_request_body(e));
	if (length(exchange_response_body(e)) != e->body_bytes)
		abort();
	if (e->response.len !=
	    length((struct body_reader){
		.span = span_read(&e->flow->streams[!e->client], e->response)}))
		abort();
	exchange_trailers(e);
	if (e->state == EXCHANGE_COMPLETE)
		check_heads(e);
}

static void run(const struct talk *talk, const struct h2_terms *terms,
		struct spool *spool)
{
	kept_count = 0;
	struct h2_found f = h2_find(talk, spool, terms, take, NULL);
	for (size_t i = 0; i < kept_count; i++)
		if (kept[i].version == EXCHANGE_HTTP2)
			check(&kept[i]);
	for (size_t i = 0; i < f.tunnel_count; i++)
		h2_flow_free((struct flow *)f.tunnels[i].flow);
	free(f.tunnels);
	if (f.flow)
		h2_flow_free(f.flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct slice){data, size});
	uint8_t how = reader_u8(&r);
	struct h2_terms terms = {.https = how & HTTPS,
				 .loose_gaps = how & LOOSE,
				 .client = how & KNOWN ? 0 : -1};
	struct flow *flow = make_flow(&r, how);
	struct talk talk = {.flow = flow};
	struct spool *spool = spool_new();
	/* Only an upgrade is of interest of what stands in HTTP/1. */
	if (!h2_begins(&talk) && terms.client < 0)
		exchanges_find(&talk, spool, take, NULL);
	if (h2_begins(&talk) || terms.client >= 0)
		run(&talk, &terms, spool);
	spool_free(spool);
	h2_flow_free(flow);
	return 0;
}
