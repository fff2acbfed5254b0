/* The streams of one HTTP/2 connection, out of whose interleaved frames a flow
 * is made in which each has its bytes in one run: of a response the trailer
 * section, if any, then interim heads, head and body. */
#include "h2_streams.h"

#include <stdlib.h>

#define PARTS_MAX ((size_t)INT32_MAX) /* numbers of pieces have 32 bits */

/* ---- the list ---- */

struct h2_stream *h2_streams_add(struct h2_streams *s, uint32_t id, bool pushed)
{
	bool first = s->count == (pushed ? s->asked : 0);
	if (!first && s->list[s->count - 1].e.stream_id >= id)
		return NULL;
	if (s->count == INT32_MAX)
		return NULL;
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 16;
		s->list = xreallocarray(s->list, s->room, sizeof *s->list);
	}
	struct h2_stream *stream = &s->list[s->count++];
	*stream = (struct h2_stream){.e = {.stream_id = id, .pushed = pushed}};
	stream->e.version = EXCHANGE_HTTP2;
	s->asked += !pushed;
	return stream;
}

/* Promised ones have even numbers, the client's odd ones: RFC 9113 5.1.1. */
struct h2_stream *h2_streams_find(const struct h2_streams *s, uint32_t id)
{
	uint32_t low = id % 2 ? 0 : s->asked;
	uint32_t high = id % 2 ? s->asked : s->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (s->list[middle].e.stream_id == id)
			return &s->list[middle];
		if (s->list[middle].e.stream_id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void h2_streams_part(struct h2_streams *s, const struct h2_stream *stream,
		     bool response, struct piece piece)
{
	struct h2_parts *parts = &s->parts[response];
	if (parts->count == PARTS_MAX || !piece.len)
		return;
	if (parts->count == parts->room) {
		parts->room = parts->room ? parts->room * 2 : 64;
		parts->list = xreallocarray(parts->list, parts->room,
					    sizeof *parts->list);
	}
	parts->list[parts->count++] =
	    (struct h2_part){(uint32_t)(stream - s->list), piece};
}

void h2_streams_tear(struct h2_streams *s, bool response)
{
	for (uint32_t i = 0; i < s->count; i++) {
		struct h2_stream *stream = &s->list[i];
		if (response ? stream->answered : stream->asked)
			continue;
		stream->torn[response] = true;
		stream->gap |= response && stream->e.response_head.data &&
			       !stream->e.reset;
	}
}

void h2_streams_release(struct h2_streams *s)
{
	free(s->list);
	free(s->parts[0].list);
	free(s->parts[1].list);
	*s = (struct h2_streams){0};
}

/* ---- the flow ---- */

static bool has_trailers(const struct h2_stream *stream)
{
	return stream->trailers.len > 0;
}

/* Gives each stream its run of the pieces: how many there are, then where. */
static uint32_t place_runs(struct h2_streams *s, bool response)
{
	const struct h2_parts *parts = &s->parts[response];
	uint32_t at = 0;
	for (uint32_t i = 0; i < s->count; i++)
		s->list[i].pieces[response] = 0;
	for (size_t i = 0; i < parts->count; i++)
		s->list[parts->list[i].stream].pieces[response]++;
	for (uint32_t i = 0; i < s->count; i++) {
		struct h2_stream *stream = &s->list[i];
		at += response && has_trailers(stream);
		stream->run[response] = at;
		at += stream->pieces[response];
		stream->pieces[response] = 0;
	}
	return at;
}

static void put_trailers(const struct h2_stream *stream, struct piece *pieces)
{
	pieces[stream->run[1] - 1] =
	    (struct piece){.data = stream->trailers.data,
			   .time = stream->e.end_time,
			   .len = (uint32_t)stream->trailers.len};
}

/* Puts the pieces of one direction into their runs, whose order they keep. */
static void put_pieces(struct h2_streams *s, bool response, struct stream *out)
{
	struct h2_parts *parts = &s->parts[response];
	out->count = place_runs(s, response);
	if (out->count)
		out->pieces =
		    xreallocarray(NULL, out->count, sizeof *out->pieces);
	for (uint32_t i = 0; i < s->count && response; i++)
		if (has_trailers(&s->list[i]))
			put_trailers(&s->list[i], out->pieces);
	for (size_t i = 0; i < parts->count; i++) {
		struct h2_stream *stream = &s->list[parts->list[i].stream];
		uint32_t at =
		    stream->run[response] + stream->pieces[response]++;
		out->pieces[at] = parts->list[i].piece;
	}
	free(parts->list);
	*parts = (struct h2_parts){0};
}

static uint64_t length(const struct stream *s, uint32_t from, uint32_t count)
{
	uint64_t len = 0;
	for (uint32_t i = from; i < from + count; i++)
		len += s->pieces[i].len;
	return len;
}

static bool is_tunnel(const struct h2_stream *stream)
{
	return stream->connects && stream->e.status / 100 == 2;
}

/* Sets the spans of an exchange. What a tunnel carries is no body. */
static void set_spans(struct h2_stream *stream, const struct flow *flow)
{
	struct exchange *e = &stream->e;
	e->request_body.start.piece = stream->run[0];
	if (!is_tunnel(stream))
		e->request_body.len = length(&flow->streams[e->client],
					     stream->run[0], stream->pieces[0]);
	if (e->request_body.len && e->request_framing == HTTP_NO_BODY)
		e->request_framing = HTTP_LENGTH;
	e->trailers = has_trailers(stream);
	e->response.start.piece = stream->run[1];
	e->response.len = stream->heads_len + e->body_bytes;
	if (!e->response_head.data)
		return;
	e->response_body.start.piece = stream->run[1] + stream->heads;
	e->response_body.len = e->body_bytes;
}

static enum exchange_state state_of(const struct h2_stream *stream,
				    enum exchange_state cut)
{
	/* What is wrong with a torn one may be what was lost. */
	if (stream->malformed && !stream->torn[1])
		return EXCHANGE_MALFORMED;
	if (stream->gap || stream->malformed)
		return EXCHANGE_GAP;
	bool begun = stream->interim || stream->e.response_head.data;
	bool answered = stream->answered ||
			(is_tunnel(stream) && stream->e.response_head.data);
	if (!answered && cut != EXCHANGE_CUT && !stream->e.reset)
		return cut;
	if (!begun)
		return EXCHANGE_NO_RESPONSE;
	if (!answered)
		return EXCHANGE_CUT;
	if (!stream->e.response_head.data)
		return EXCHANGE_MALFORMED; /* an interim response ended it */
	/* RFC 9113 8.1.1 */
	if (stream->has_length && !stream->bodiless &&
	    stream->length != stream->e.body_bytes)
		return EXCHANGE_MALFORMED;
	return stream->false_request ? EXCHANGE_MALFORMED : EXCHANGE_COMPLETE;
}

struct flow *h2_streams_flow(struct h2_streams *s, const struct talk *talk,
			     enum exchange_state cut)
{
	struct flow *flow = xcalloc(1, sizeof *flow);
	*flow = *talk->flow;
	for (int i = 0; i < 2; i++) {
		flow->streams[i].pieces = NULL;
		flow->streams[i].count = 0;
	}
	if (!s->count)
		return flow;
	int client = s->list[0].e.client;
	put_pieces(s, false, &flow->streams[client]);
	put_pieces(s, true, &flow->streams[!client]);
	for (uint32_t i = 0; i < s->count; i++) {
		struct exchange *e = &s->list[i].e;
		e->flow = flow;
		e->tunnel = talk->tunnel;
		set_spans(&s->list[i], flow);
		e->state = (uint8_t)state_of(&s->list[i], cut);
		e->reset |= s->list[i].reset_asked && !s->list[i].answered;
		if (!e->end_time)
			e->end_time = e->time;
	}
	return flow;
}

void h2_streams_tell(const struct h2_streams *s, exchange_taker *take,
		     void *context)
{
	uint32_t own = 0, promised = s->asked;
	while (own < s->asked || promised < s->count) {
		bool next = own == s->asked ||
			    (promised < s->count &&
			     s->list[promised].e.time < s->list[own].e.time);
		const struct h2_stream *stream =
		    &s->list[next ? promised++ : own++];
		take(context, &stream->e, stream->first);
	}
}

/* ---- tunnels ---- */

/* Some pieces of a stream as one of its own. */
static void part_of(struct stream *out, const struct stream *in, uint32_t from,
		    uint32_t count, bool ended)
{
	out->end = ended ? STREAM_FIN : in->end;
	out->conflict = in->conflict;
	out->from_start = true;
	out->count = count;
	if (!count)
		return;
	out->pieces = xreallocarray(NULL, count, sizeof *out->pieces);
	memcpy(out->pieces, in->pieces + from, count * sizeof *out->pieces);
}

bool h2_stream_tunnel(const struct h2_stream *stream, struct talk *tunnel)
{
	const struct exchange *e = &stream->e;
	if (!is_tunnel(stream) || e->state != EXCHANGE_COMPLETE)
		return false;
	struct flow *flow = xcalloc(1, sizeof *flow);
	memcpy(flow->ends, e->flow->ends, sizeof flow->ends);
	flow->number = e->flow->number;
	flow->time = e->time;
	part_of(&flow->streams[e->client], &e->flow->streams[e->client],
		stream->run[0], stream->pieces[0], stream->asked);
	part_of(&flow->streams[!e->client], &e->flow->streams[!e->client],
		stream->run[1] + stream->heads,
		stream->pieces[1] - stream->heads, stream->answered);
	*tunnel = (struct talk){.flow = flow, .tunnel = exchange_target(e)};
	return true;
}
