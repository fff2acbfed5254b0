/* TLS connections become flows of what they carry. */
#include "tls.h"

#include "tls_session.h"

#include <stdlib.h>

struct opener {
	const struct flow *flow;
	const struct tls_means *means;
	struct tls_session session;
	struct tls_records records[2];
	struct tls_wire wires[2];
	bool has_wire[2]; /* read, but not taken yet */
	bool ended[2];
	uint64_t lens[2]; /* of what came out */
	uint32_t rooms[2];
	int client;         /* which end of the flow */
	bool disk_full;     /* nothing that is opened can be kept */
	struct buf scratch; /* for it all the same: handshakes go on */
	struct tls_opened *out;
};

const char *tls_result_words(enum tls_result result)
{
	switch (result) {
	case TLS_READ:
		return NULL;
	case TLS_NO_HANDSHAKE:
		return "its handshake was not recorded";
	case TLS_NO_SECRETS:
	case TLS_NO_SECRETS_YET:
		return "no secrets for it";
	case TLS_WRONG_SECRETS:
		return "the secrets for it do not fit";
	case TLS_NO_CIPHER:
		return "its cipher suite cannot be read";
	case TLS_COMPRESSED:
		return "its records are compressed";
	case TLS_CUT:
		return "it ended inside its handshake";
	}
	return NULL;
}

/* ---- the streams that come out ---- */

static void put_piece(struct opener *o, int end, const struct piece *p)
{
	struct stream *s = &o->out->flow.streams[end];
	if (!p->len)
		return;
	if (s->count == o->rooms[end]) {
		o->rooms[end] = o->rooms[end] ? o->rooms[end] * 2 : 8;
		s->pieces =
		    xreallocarray(s->pieces, o->rooms[end], sizeof *s->pieces);
	}
	s->pieces[s->count] = *p;
	s->pieces[s->count++].seq = (uint32_t)o->lens[end];
	o->lens[end] += p->len;
}

static void put_gap(struct opener *o, int end, uint64_t len, int64_t time)
{
	while (len) {
		uint32_t part = len > INT32_MAX ? INT32_MAX : (uint32_t)len;
		struct piece p = {.time = time, .len = part};
		put_piece(o, end, &p);
		len -= part;
	}
}

/* Bytes that stand in the room; in a gap if that is none of the spool's. */
static void put_data(struct opener *o, int end, size_t len,
		     const struct tls_wire *w)
{
	const struct tls_means *m = o->means;
	struct piece p = {.time = w->time, .len = (uint32_t)len};
	if (len && !o->disk_full)
		p.data =
		    spool_end(m->spool, len, m->position(m->context, w->first));
	put_piece(o, end, &p);
}

/* Where a record is opened into. */
static uint8_t *room_for(struct opener *o, const struct tls_wire *w)
{
	size_t len = w->record.body.len;
	uint8_t *room = spool_begin(o->means->spool, len);
	o->disk_full = !room;
	if (room)
		return room;
	buf_clear(&o->scratch);
	return buf_reserve(&o->scratch, len);
}

/* ---- reading both sides ---- */

static enum tls_end role_of(const struct opener *o, int end)
{
	return end == o->client ? TLS_CLIENT : TLS_SERVER;
}

static bool peek(struct opener *o, int end)
{
	if (!o->has_wire[end] && !o->ended[end]) {
		o->has_wire[end] =
		    tls_records_next(&o->records[end], &o->wires[end]);
		o->ended[end] = !o->has_wire[end];
	}
	return o->has_wire[end];
}

/* Takes one record of an end. False if there is none, or if it has to wait. */
static bool step(struct opener *o, int end)
{
	struct tls_session *s = &o->session;
	enum tls_end role = role_of(o, end);
	struct tls_content content;
	if (!tls_session_go_on(s, role) || !peek(o, end))
		return false;
	const struct tls_wire *w = &o->wires[end];
	if (!tls_session_is_ready(s, role, w->record.type))
		return false;
	o->has_wire[end] = false;
	if (!tls_session_take(s, role, w, room_for(o, w), &content))
		return true;
	put_gap(o, end, content.lost, w->time);
	put_data(o, end, content.bytes.len, w);
	return true;
}

/* One side is read as far as it does not depend on the other, then that. Where
 * both wait, something is missing: one goes on without it. */
static void read_both(struct opener *o)
{
	struct tls_session *s = &o->session;
	for (;;) {
		bool moved = false;
		for (int end = 0; end < 2; end++)
			while (!tls_session_is_hopeless(s) && step(o, end))
				moved = true;
		if (tls_session_is_hopeless(s) || (o->ended[0] && o->ended[1]))
			return;
		if (moved)
			continue;
		if (!s->told.version)
			return;
		s->forced = true;
		moved = step(o, o->client) || step(o, !o->client);
		s->forced = false;
		if (!moved)
			return;
	}
}

/* What was lost behind the last record, and how the stream ended. */
static void end_stream(struct opener *o, int end)
{
	const struct stream *in = &o->flow->streams[end];
	struct stream *out = &o->out->flow.streams[end];
	struct tls_side *side = &o->session.sides[role_of(o, end)];
	const struct tls_records *r = &o->records[end];
	out->from_start = true;
	out->conflict = in->conflict;
	out->end = in->end;
	if (side->closed) {
		/* Whatever came behind it, that was all. */
		out->end = STREAM_FIN;
		return;
	}
	if (tls_session_is_open(&o->session, role_of(o, end))) {
		tls_channel_lose(&side->channel, &r->loss);
		put_gap(o, end, tls_channel_lost(&side->channel),
			in->count ? in->pieces[in->count - 1].time : 0);
	}
	if (r->ends_inside)
		out->end = STREAM_OPEN;
}

/* ---- what the handshake told ---- */

static struct slice keep(struct opener *o, const struct buf *bytes)
{
	const uint8_t *copy =
	    bytes->len ? spool_put(o->means->spool, buf_slice(bytes), 0) : NULL;
	if (!copy)
		return (struct slice){0};
	return (struct slice){copy, bytes->len};
}

static void keep_facts(struct opener *o)
{
	const struct tls_told *t = &o->session.told;
	o->out->facts = (struct tls_facts){
	    .version = t->version,
	    .cipher = t->suite.name,
	    .server_name = keep(o, &t->server_name),
	    .alpn = keep(o, &t->alpn),
	    .chain = keep(o, &t->chain),
	    .asks_certificate = t->asks_certificate,
	    .sends_certificate = t->sends_certificate,
	};
}

static enum tls_result result_of(const struct tls_session *s)
{
	const struct tls_told *t = &s->told;
	bool verified = false, failed = false;
	for (int i = 0; i < 2; i++) {
		verified |= s->sides[i].channel.verified;
		failed |= s->sides[i].channel.failed;
	}
	if (verified)
		return TLS_READ;
	if (!s->greeted || !t->version)
		return TLS_NO_HANDSHAKE;
	if (t->compressed)
		return TLS_COMPRESSED;
	if (!t->suite.name || t->lacks_cipher)
		return TLS_NO_CIPHER;
	if (t->lacks_secret)
		return tls_session_may_resume(s) ? TLS_NO_SECRETS_YET
						 : TLS_NO_SECRETS;
	return failed ? TLS_WRONG_SECRETS : TLS_CUT;
}

/* ---- opening ---- */

static int first_type(const struct flow *flow, const struct place from[2],
		      int end)
{
	/* Enough for a record's head and the type of the message. */
	uint8_t head[TLS_RECORD_HEAD + 1];
	size_t have = 0;
	struct slice bytes;
	struct span_reader r = span_read(&flow->streams[end],
					 (struct span){from[end], sizeof head});
	while (span_next(&r, &bytes) && bytes.data) {
		memcpy(head + have, bytes.data, bytes.len);
		have += bytes.len;
	}
	return handshake_begins((struct slice){head, have});
}

bool tls_begins(const struct flow *flow, const struct place from[2])
{
	for (int end = 0; end < 2; end++) {
		struct slice byte;
		struct span_reader r =
		    span_read(&flow->streams[end], (struct span){from[end], 1});
		if (!span_next(&r, &byte) || !byte.data ||
		    byte.data[0] != TLS_HANDSHAKE)
			return false;
	}
	return true;
}

static void begin(struct opener *o, const struct place from[2])
{
	const struct flow *flow = o->flow;
	tls_session_begin(&o->session, o->means->secrets);
	for (int end = 0; end < 2; end++)
		o->records[end].at =
		    cursor_of(&flow->streams[end], from[end], end);
	o->out = xcalloc(1, sizeof *o->out);
	o->out->flow.ends[0] = flow->ends[0];
	o->out->flow.ends[1] = flow->ends[1];
	o->out->flow.number = flow->number;
	o->out->flow.time = flow->time;
	o->out->flow.tls = &o->out->facts;
}

enum tls_result tls_open(const struct flow *flow, const struct place from[2],
			 const struct tls_means *means,
			 struct tls_opened **opened)
{
	struct opener o = {.flow = flow, .means = means};
	*opened = NULL;
	while (o.client < 2 &&
	       first_type(flow, from, o.client) != HANDSHAKE_CLIENT_HELLO)
		o.client++;
	if (o.client == 2)
		return TLS_NO_HANDSHAKE;
	begin(&o, from);
	read_both(&o);
	enum tls_result result = result_of(&o.session);
	if (result == TLS_READ) {
		for (int end = 0; end < 2; end++)
			end_stream(&o, end);
		keep_facts(&o);
		*opened = o.out;
	} else {
		tls_opened_free(o.out);
	}
	spool_flush(means->spool);
	buf_release(&o.scratch);
	tls_session_release(&o.session);
	tls_records_release(&o.records[0]);
	tls_records_release(&o.records[1]);
	return result;
}

void tls_opened_free(struct tls_opened *o)
{
	if (!o)
		return;
	flow_drop(&o->flow);
	free(o);
}
