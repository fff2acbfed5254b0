/* HTTP/2 from byte streams to exchanges: both directions of a connection, the
 * client's first, so that every request is known before what answers it. */
#include "h2.h"

#include "digest.h"
#include "h2_side.h"

#include <stdlib.h>

static const char preface_text[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_LEN (sizeof preface_text - 1)

/* Heads may take this and so many times the bytes captured: a real cookie that
 * is sent as one byte a request fits, a bomb does not. */
#define BUDGET_MIN (UINT64_C(64) << 10)
#define BUDGET_FACTOR 64

/* ---- where it begins ---- */

/* Steps over the client's preface. False if it is not there. */
static bool skip_preface(struct cursor *c)
{
	struct cursor look = *c;
	struct slice bytes, rest = {(const uint8_t *)preface_text, PREFACE_LEN};
	while (rest.len) {
		if (!cursor_bytes(&look, &bytes) || !bytes.data)
			return false;
		bytes = slice_to(bytes, rest.len);
		if (!slice_starts(rest, bytes))
			return false;
		rest = slice_from(rest, bytes.len);
		cursor_skip(&look, bytes.len, NULL);
	}
	*c = look;
	return true;
}

static struct cursor cursor_at(const struct talk *talk, int side)
{
	return cursor_of(&talk->flow->streams[side], talk->from[side], side);
}

/* The end that says the preface; -1: none. */
static int client_of(const struct talk *talk)
{
	for (int side = 0; side < 2; side++) {
		struct cursor c = cursor_at(talk, side);
		if (skip_preface(&c))
			return side;
	}
	return -1;
}

bool h2_begins(const struct talk *talk)
{
	return talk->upgraded.flow || client_of(talk) >= 0;
}

/* A server's first frame is SETTINGS (RFC 9113 3.4). */
static bool begins_with_settings(struct cursor c)
{
	struct h2_frame f;
	return h2_frame_next(&c, &f) == H2_FRAME && f.type == H2_SETTINGS &&
	       !(f.flags & H2_ACK);
}

static void begin_side(struct h2_side *s, struct h2_reader *r,
		       const struct talk *talk, bool asks)
{
	int side = asks ? r->client : !r->client;
	bool behind = talk->from[side].piece || talk->from[side].skip;
	*s = (struct h2_side){.r = r, .c = cursor_at(talk, side), .asks = asks};
	bool begun = asks ? skip_preface(&s->c) : begins_with_settings(s->c);
	s->late = !begun && !behind && !s->c.stream->from_start;
}

/* ---- upgrades ---- */

/* The request that was sent before becomes that of stream 1, which the client
 * has ended. */
static void take_upgraded(struct h2_reader *r, const struct talk *talk)
{
	struct h2_stream *stream = h2_streams_add(&r->streams, 1, false);
	struct exchange *e = &stream->e;
	const struct exchange *from = &talk->upgraded;
	struct slice bytes;
	e->time = from->time;
	e->client = from->client;
	e->https = from->https;
	e->ranged = from->ranged;
	e->request_head = from->request_head;
	e->parts = from->parts;
	e->request_framing = from->request_framing;
	stream->first = talk->asked;
	stream->asked = true;
	struct span_reader body =
	    span_read(&from->flow->streams[from->client], from->request_body);
	while (span_next(&body, &bytes))
		h2_streams_part(&r->streams, stream, false,
				(struct piece){.data = bytes.data,
					       .time = from->time,
					       .len = (uint32_t)bytes.len});
}

/* The client's first settings stand in a field of that request, and the 101
 * acknowledged them. */
static void take_first_limit(struct h2_side *answers, const struct talk *talk)
{
	struct message m;
	struct buf payload = {0};
	if (http_request(talk->upgraded.request_head, &m) != HTTP_DONE)
		return;
	struct slice text = http_field(m.fields, SLICE("HTTP2-Settings"));
	if (base64_read(text, &payload))
		answers->has_limit =
		    h2_settings_read(buf_slice(&payload), &answers->limit) ==
		    H2_SETTING_FOUND;
	buf_release(&payload);
}

/* ---- the connection ---- */

static uint64_t budget_of(const struct talk *talk)
{
	uint64_t bytes = 0;
	for (int i = 0; i < 2; i++) {
		const struct stream *s = &talk->flow->streams[i];
		for (uint32_t k = 0; k < s->count; k++)
			bytes += s->pieces[k].data ? s->pieces[k].len : 0;
	}
	return BUDGET_MIN + BUDGET_FACTOR * bytes;
}

static enum exchange_state read_sides(struct h2_reader *r,
				      const struct talk *talk)
{
	struct h2_side asks, answers;
	begin_side(&asks, r, talk, true);
	begin_side(&answers, r, talk, false);
	asks.limits = (struct h2_settings){.c = answers.c};
	answers.limits = (struct h2_settings){.c = asks.c};
	asks.limits.lost = answers.late;
	answers.limits.lost = asks.late;
	if (talk->upgraded.flow) {
		take_upgraded(r, talk);
		take_first_limit(&answers, talk);
	}
	h2_side_read(&asks);
	return h2_side_read(&answers);
}

static void take_tunnels(const struct h2_streams *s, struct h2_found *found)
{
	size_t room = 0;
	struct talk tunnel;
	for (uint32_t i = 0; i < s->count; i++) {
		if (!h2_stream_tunnel(&s->list[i], &tunnel))
			continue;
		if (found->tunnel_count == room) {
			room = room ? room * 2 : 4;
			found->tunnels =
			    xreallocarray(found->tunnels, room, sizeof tunnel);
		}
		found->tunnels[found->tunnel_count++] = tunnel;
	}
}

struct h2_found h2_find(const struct talk *talk, struct spool *spool,
			const struct h2_terms *terms, exchange_taker *take,
			void *context)
{
	struct h2_found found = {0};
	struct h2_reader r = {
	    .spool = spool,
	    .budget = budget_of(talk),
	    .https = terms->https,
	    .loose_gaps = terms->loose_gaps,
	    .client =
		talk->upgraded.flow ? talk->upgraded.client : terms->client,
	};
	if (r.client < 0)
		r.client = client_of(talk);
	if (r.client < 0)
		return found;
	enum exchange_state cut = read_sides(&r, talk);
	if (r.streams.count) {
		found.flow = h2_streams_flow(&r.streams, talk, cut);
		h2_streams_tell(&r.streams, take, context);
		take_tunnels(&r.streams, &found);
	}
	found.lost = r.lost;
	h2_streams_release(&r.streams);
	h2_head_release(&r.head);
	return found;
}

void h2_flow_free(struct flow *flow)
{
	flow_drop(flow);
	free(flow);
}
