/* Fuzzes TCP segments in any order: of what was said each byte stands in its
 * place, of two copies the first counts, and what is missing is told.
 *
 * The input's first byte says what is known (see below), four are each side's
 * first sequence number, two the length of what it says; then come segments of
 * five bytes: kind, place in two, length, and which copy. WILD ones are of six
 * connections' ends and have any numbers: for them only what holds for all
 * segments is checked. */
#include "must.h"

#include "capture/flow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKED = 1, ANSWERED = 2, WILD = 4 };
enum { SIDE = 1, FIN = 2, RST = 4, SNAPPED = 8, EMPTY = 16, LONG = 32 };

#define SEGMENTS_MAX 400
#define STREAM_MAX 4096
#define COPIES 4

/* One that was said. */
struct said {
	const uint8_t *data;
	size_t len;
	struct endpoint from;
	uint32_t seq; /* of its first byte */
	int64_t time;
};

/* What is to come out of one side. */
struct model {
	uint32_t isn;
	uint32_t len;             /* of all that it says */
	uint8_t byte[STREAM_MAX]; /* the copy that came first */
	bool seen[STREAM_MAX];
	bool single[STREAM_MAX]; /* came alone: may be a keep-alive's */
	uint32_t high;           /* behind the last byte or the FIN seen */
	bool fin, reset, differs, doubted;
	uint32_t segments;
};

static uint8_t bytes[COPIES][STREAM_MAX + 256]; /* [0] is the truth */
static uint8_t arena[SEGMENTS_MAX * 2048];      /* as frames: none touch */
static size_t arena_used;
static struct said said[SEGMENTS_MAX + 2];
static size_t said_count;
static struct model models[2];

static void make_bytes(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof bytes[0]; i++)
		for (int copy = 0; copy < COPIES; copy++) {
			x = x * 1664525 + 1013904223;
			bytes[copy][i] = (uint8_t)(x >> 24);
		}
}

static void say(struct flows *f, struct packet *p)
{
	uint8_t *own = arena + arena_used;
	p->kind = PACKET_TCP;
	if (p->payload.len)
		memcpy(own, p->payload.data, p->payload.len);
	p->payload.data = own;
	arena_used += p->payload.len + 1;
	p->time = (int64_t)said_count + 1;
	said[said_count++] =
	    (struct said){p->payload.data, p->payload.len, p->from,
			  p->seq + (p->flags & TCP_SYN ? 1 : 0), p->time};
	flows_add(f, p);
}

static struct endpoint end_of(int side)
{
	return (struct endpoint){{4, {192, 0, 2, (uint8_t)(side + 1)}},
				 side % 2 ? 80 : 50000};
}

/* ---- what is expected ---- */

static void model_keep(struct model *m, uint32_t at, struct slice payload)
{
	for (uint32_t i = 0; i < payload.len; i++) {
		bool *single = &m->single[at + i];
		*single = payload.len == 1 || *single;
		m->differs |=
		    m->seen[at + i] && m->byte[at + i] != payload.data[i];
		/* Whether a single byte counts is not said here. */
		m->doubted |= *single;
		if (!m->seen[at + i])
			m->byte[at + i] = payload.data[i];
		m->seen[at + i] = true;
	}
	m->segments++;
}

static void add_expected(struct flows *f, struct reader *r)
{
	uint8_t kind = reader_u8(r);
	uint32_t at = reader_u16(r), len = reader_u8(r);
	uint8_t copy = reader_u8(r) % COPIES;
	int side = kind & SIDE;
	struct model *m = &models[side], *other = &models[!side];
	at = kind & FIN ? m->len : at % (m->len + 1);
	len = kind & EMPTY ? 0 : kind & LONG ? len * 8 : len;
	if (len > m->len - at)
		len = m->len - at;
	uint32_t captured = kind & SNAPPED ? len / 2 : len;
	struct packet p = {.from = end_of(side),
			   .to = end_of(!side),
			   .payload = {bytes[copy] + at, captured},
			   .missing = len - captured,
			   .seq = m->isn + 1 + at,
			   .ack = other->isn + 1 + other->high,
			   .flags = TCP_ACK};
	p.flags |= (kind & FIN ? TCP_FIN : 0) | (kind & RST ? TCP_RST : 0);
	say(f, &p);
	m->reset |= kind & RST;
	if (kind & RST)
		return;
	m->fin |= kind & FIN;
	model_keep(m, at, p.payload);
	if ((len || kind & FIN) && at + len > m->high)
		m->high = at + len;
}

/* One piece at its place, against what was said there. */
static void check_bytes(const struct model *m, const struct piece *p,
			uint32_t at)
{
	must(p->len <= m->len && at <= m->len - p->len);
	for (uint32_t i = 0; i < p->len; i++) {
		bool seen = m->seen[at + i], single = m->single[at + i];
		if (!p->data)
			must(!seen || single);
		else
			must(seen && (single || p->data[i] == m->byte[at + i]));
	}
}

static void check_side(const struct model *m, const struct stream *s,
		       bool reset)
{
	uint32_t at = s->count ? s->pieces[0].seq - m->isn - 1 : 0;
	if (s->from_start)
		must(!at);
	for (uint32_t i = 0; i < at && at <= m->len; i++)
		must(!m->seen[i] || m->single[i]);
	for (uint32_t i = 0; i < s->count; i++) {
		/* an acknowledged FIN counts as a byte that nobody saw */
		if (i + 1 == s->count && !s->pieces[i].data)
			must(at + s->pieces[i].len <= m->len + 1);
		else
			check_bytes(m, &s->pieces[i], at);
		at += s->pieces[i].len;
	}
	if (s->from_start || s->count)
		must(at >= m->high);
	for (; at < m->len; at++)
		must(!m->seen[at] || m->single[at]);
	must(s->end == (m->fin  ? STREAM_FIN
			: reset ? STREAM_RESET
				: STREAM_OPEN));
	must(!s->conflict || m->differs);
	must(s->conflict || !m->differs || m->doubted || m->segments > 4);
}

/* ---- what holds for all ---- */

static bool was_said(const struct piece *p, const struct endpoint *from)
{
	for (size_t i = 0; i < said_count; i++) {
		const struct said *s = &said[i];
		if (!s->len || p->data < s->data ||
		    p->data + p->len > s->data + s->len)
			continue;
		if (endpoint_equal(&s->from, from) && p->time == s->time &&
		    p->seq == s->seq + (uint32_t)(p->data - s->data))
			return true;
	}
	return false;
}

static uint64_t check_pieces(const struct flow *flow, int side)
{
	const struct stream *s = &flow->streams[side];
	uint64_t gaps = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct piece *p = &s->pieces[i];
		must(p->len > 0);
		if (i)
			must(p->seq == p[-1].seq + p[-1].len);
		must(!p->data || was_said(p, &flow->ends[side]));
		gaps += !p->data;
	}
	return gaps;
}

static void check_all(struct flows *f, bool wild)
{
	uint64_t gaps = 0;
	struct flow_counts counts = {0};
	struct shelf shelf = {0};
	must(wild || flows_len(f) <= 1);
	for (uint32_t i = 0; i < flows_len(f); i++) {
		const struct flow *flow = flows_finish(f, i, &counts, &shelf);
		gaps += check_pieces(flow, 0) + check_pieces(flow, 1);
		for (int side = 0; side < 2 && !wild; side++) {
			struct endpoint end = end_of(side);
			int mine = !endpoint_equal(&flow->ends[0], &end);
			check_side(&models[side], &flow->streams[mine],
				   models[0].reset || models[1].reset);
		}
	}
	must(counts.gaps == gaps);
	must(wild || !counts.stray);
	must(!flows_counts(f)->dropped);
	shelf_release(&shelf);
}

/* ---- the input ---- */

static void add_wild(struct flows *f, struct reader *r)
{
	uint8_t ends = reader_u8(r), flags = reader_u8(r);
	uint32_t seq = reader_u32(r), len = reader_u8(r);
	uint8_t side = ends & 1, pair = (ends >> 1 & 3) * 2;
	size_t at = (size_t)seq % STREAM_MAX;
	struct packet p = {.from = end_of(pair + side),
			   .to = end_of(pair + !side),
			   .payload = {bytes[ends >> 3 & 3] + at, len},
			   .missing = ends & 0x80 ? len : 0,
			   .seq = seq,
			   .ack = reader_u32(r),
			   .flags =
			       flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)};
	if (ends & 0x40 && !(flags & 0x20))
		flows_add_quoted(f, &p);
	else
		say(f, &p);
}

static void begin(struct flows *f, struct reader *r, uint8_t known)
{
	for (int side = 0; side < 2; side++) {
		models[side] = (struct model){.isn = reader_u32(r)};
		models[side].len = reader_u16(r) % STREAM_MAX;
	}
	struct packet p = {.from = end_of(0),
			   .to = end_of(1),
			   .seq = models[0].isn,
			   .flags = TCP_SYN};
	if (known & ASKED)
		say(f, &p);
	p = (struct packet){.from = end_of(1),
			    .to = end_of(0),
			    .seq = models[1].isn,
			    .ack = models[0].isn + 1,
			    .flags = TCP_SYN | TCP_ACK};
	if (known & ANSWERED)
		say(f, &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct slice){data, size});
	struct flows *f = flows_new(0);
	uint8_t known = reader_u8(&r);
	bool wild = known & WILD;
	static bool made;
	if (!made)
		make_bytes();
	made = true;
	said_count = arena_used = 0;
	if (!wild)
		begin(f, &r, known);
	while (!r.short_read && reader_left(&r) && said_count < SEGMENTS_MAX) {
		if (wild)
			add_wild(f, &r);
		else
			add_expected(f, &r);
	}
	check_all(f, wild);
	flows_free(f);
	return 0;
}
