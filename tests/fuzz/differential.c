/* Fuzzes one connection that is recorded in two ways: whatever order its bytes
 * came in, in what segments and how often, its exchanges are the same.
 *
 * The input begins with how it ends (see below) and the length of what is said
 * in two bytes. That is messages of HTTP/1, each a byte for the request, one
 * for the response, one for a length and so many bytes of bodies; or FRAMES of
 * HTTP/2: a byte for the side, three of the frame's head, one for a length and
 * its payload. Of what follows each half is a schedule: a byte for how it goes
 * (see below), then segments of a place in two bytes and a length, after which
 * what is missing yet is sent in order. */
#include "msan.h"
#include "must.h"
#include "quick.h"

#include "capture/pairing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES = 1, RESET = 2, CUT = 4, CUT_ANSWER = 8, UNCLOSED = 16 };
enum { LATE_SYN = 1, EARLY_FIN = 2, ACK_ALL = 4, ANSWERS_FIRST = 8 };
/* in the upper half: how long the segments are of what is missing yet */

#define STREAM_MAX 16384
#define SEGMENTS_MAX 100 /* of a schedule */
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define ISN(side) ((side) ? 5000U : 0xfffffff0U)

/* ---- what is said ---- */

static void add_chunks(struct buf *out, struct slice body, bool bad)
{
	while (body.len) {
		struct slice chunk = slice_to(body, 1 + body.data[0] % 32);
		buf_printf(out, "%zx%s\r\n", chunk.len,
			   chunk.len % 2 ? ";a=b" : "");
		buf_add(out, chunk);
		buf_add_string(out, chunk.len % 3 ? "\r\n" : "\n");
		body = slice_from(body, chunk.len);
	}
	buf_add_string(out, bad ? "wrong" : "0\r\nX-Trailer: 1\r\n\r\n");
}

static void add_body(struct buf *out, int framing, struct slice body)
{
	if (framing == HTTP_LENGTH)
		buf_printf(out, "Content-Length: %zu\r\n", body.len);
	if (framing == HTTP_CHUNKED)
		buf_add_string(out, "Transfer-Encoding: chunked\r\n");
	buf_add_string(out, "\r\n");
	if (framing == HTTP_CHUNKED)
		add_chunks(out, body, false);
	else if (framing != HTTP_NO_BODY)
		buf_add(out, body);
}

static void add_request(struct buf *out, uint8_t kind, struct slice body)
{
	static const char *const methods[] = {"GET", "POST", "HEAD", "CONNECT"};
	const char *method = methods[kind & 3];
	if (kind & 4)
		buf_add_string(out, "\r\n\n");
	buf_printf(out, "%s %s%u HTTP/1.%d\r\nHost: a.example%s\r\n", method,
		   kind & 8 ? "http://b.example/" : "/", kind, !(kind & 16),
		   kind & 32 ? "\r\n :80" : "");
	int framing = kind >> 6;
	add_body(out, framing == HTTP_UNTIL_CLOSE ? HTTP_NO_BODY : framing,
		 body);
}

static bool has_body(uint8_t asked, unsigned code)
{
	bool head = (asked & 3) == 2, connect = (asked & 3) == 3;
	return code >= 200 && code != 204 && code != 304 && !head &&
	       !(connect && code < 300);
}

/* Where a body stands that should be none the next message is searched for by
 * the segments' starts: that may differ, and is not said here. */
static void add_response(struct buf *out, uint8_t kind, uint8_t asked,
			 struct slice body)
{
	static const unsigned codes[] = {200, 404, 204, 304, 101, 502};
	unsigned code = codes[(kind & 7) % 6];
	bool bad = kind & 32 && kind & 7 && has_body(asked, code);
	if (kind & 8)
		buf_add_string(out, "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n");
	if (kind & 16)
		buf_add_string(out, "HTTP/1.1 103\n\n\r\n");
	buf_printf(out, "HTTP/1.1 %u Answer\r\nX-Kind: %u\r\n", code, kind);
	if (bad) {
		buf_add_string(out, "Transfer-Encoding: chunked\r\n\r\n");
		add_chunks(out, body, true);
	} else if (has_body(asked, code)) {
		add_body(out, kind >> 6, body);
	} else {
		buf_printf(out, "Content-Length: %u\r\n\r\n", kind);
	}
}

static void say_messages(struct reader *r, struct buf said[2])
{
	bool silent = false;
	while (reader_left(r) && !r->short_read) {
		uint8_t asked = reader_u8(r), answered = reader_u8(r);
		size_t len = reader_u8(r);
		struct slice body = slice_to(reader_rest(r), len);
		reader_skip(r, body.len);
		add_request(&said[0], asked, body);
		silent |= answered >= 0xf8;
		if (!silent)
			add_response(&said[1], answered, asked, body);
	}
}

static void say_frames(struct reader *r, struct buf said[2])
{
	buf_add_string(&said[0], PREFACE);
	while (reader_left(r) && !r->short_read) {
		struct buf *out = &said[reader_u8(r) & 1];
		uint8_t type = reader_u8(r), flags = reader_u8(r);
		uint8_t stream = reader_u8(r), len = reader_u8(r);
		struct slice payload = slice_to(reader_rest(r), len);
		reader_skip(r, payload.len);
		/* the length is told wrong, too */
		uint8_t told = type & 0x80 ? len : (uint8_t)payload.len;
		uint8_t head[9] = {0, 0, told, type & 0x7f, flags,
				   0, 0, 0,    stream};
		buf_add(out, (struct slice){head, sizeof head});
		buf_add(out, payload);
	}
}

/* ---- how it is recorded ---- */

struct recorder {
	struct flows *flows;
	struct slice said[2];
	bool sent[2][STREAM_MAX];
	uint8_t *memory[2 * STREAM_MAX + 2 * SEGMENTS_MAX];
	size_t count;
	int64_t now;
	uint8_t how, ends;
};

/* Every segment lies in memory of its own, as in frames. */
static void record(struct recorder *c, int side, size_t at, size_t len,
		   uint8_t flags)
{
	struct endpoint ends[2] = {{{4, {192, 0, 2, 1}}, 50000},
				   {{4, {192, 0, 2, 2}}, 80}};
	struct packet p = {.kind = PACKET_TCP,
			   .from = ends[side],
			   .to = ends[!side],
			   .time = ++c->now,
			   .seq = ISN(side) + 1 + (uint32_t)at,
			   .ack = ISN(!side) + 1,
			   .flags = flags};
	if (flags & TCP_SYN)
		p.seq--;
	else if (c->how & ACK_ALL)
		p.ack += (uint32_t)c->said[!side].len;
	if (len) {
		uint8_t *own = xmalloc(len);
		memcpy(own, c->said[side].data + at, len);
		memset(c->sent[side] + at, true, len);
		p.payload = (struct slice){own, len};
		c->memory[c->count++] = own;
	}
	flows_add(c->flows, &p);
}

static void shake_hands(struct recorder *c)
{
	record(c, 0, 0, 0, TCP_SYN);
	record(c, 1, 0, 0, TCP_SYN | TCP_ACK);
}

static void close_ends(struct recorder *c)
{
	if (c->ends & UNCLOSED)
		return;
	uint8_t flags = TCP_ACK | (c->ends & RESET ? TCP_RST : TCP_FIN);
	record(c, 1, c->said[1].len, 0, flags);
	record(c, 0, c->said[0].len, 0, flags);
}

static void record_rest(struct recorder *c, int side, size_t most)
{
	const bool *sent = c->sent[side];
	size_t all = c->said[side].len;
	for (size_t at = 0, len; at < all; at += len) {
		len = 1;
		while (at + len < all && len < most &&
		       sent[at + len] == sent[at])
			len++;
		if (!sent[at])
			record(c, side, at, len, TCP_ACK);
	}
}

static void record_all(struct recorder *c, struct reader *r)
{
	c->how = reader_u8(r);
	size_t most = c->how >> 4 ? (c->how >> 4) * 16U - 15 : 536;
	if (!(c->how & LATE_SYN))
		shake_hands(c);
	if (c->how & EARLY_FIN)
		close_ends(c);
	for (int i = 0; i < SEGMENTS_MAX && reader_left(r) >= 3; i++) {
		size_t at = reader_u16(r), len = reader_u8(r);
		int side = at & 1;
		size_t all = c->said[side].len;
		at = at / 2 % (all + 1);
		record(c, side, at, len < all - at ? len : all - at, TCP_ACK);
	}
	int first = c->how & ANSWERS_FIRST ? 1 : 0;
	record_rest(c, first, most);
	record_rest(c, !first, most);
	if (c->how & LATE_SYN)
		shake_hands(c);
	if (!(c->how & EARLY_FIN))
		close_ends(c);
}

/* ---- what comes of it ---- */

static void tell(struct buf *out, const char *what, struct slice bytes)
{
	buf_printf(out, "%s %zu ", what, bytes.len);
	buf_add(out, bytes);
	buf_add_byte(out, '\n');
}

static void tell_body(struct buf *out, struct body_reader r)
{
	struct slice bytes;
	buf_add_string(out, "body ");
	while (body_next(&r, &bytes)) {
		must(bytes.len);
		if (bytes.data)
			buf_add(out, bytes);
		else
			buf_printf(out, "[%zu]", bytes.len);
	}
	buf_add_byte(out, '\n');
}

static void tell_exchange(struct buf *out, const struct exchange *e)
{
	buf_printf(out, "exchange %u %u %u %u %u %u %u %u %u %u %u %u\n",
		   e->status, e->state, e->client, e->request_framing,
		   e->response_framing, e->https, e->ranged, e->version,
		   e->pushed, e->reset, e->trailers, e->stream_id);
	buf_printf(out, "lengths %llu %llu %llu %llu\n",
		   (unsigned long long)e->request_body.len,
		   (unsigned long long)e->response.len,
		   (unsigned long long)e->response_body.len,
		   (unsigned long long)e->body_bytes);
	tell(out, "method", exchange_method(e));
	tell(out, "target", exchange_target(e));
	tell(out, "host", exchange_host(e));
	tell(out, "tunnel", e->tunnel);
	tell(out, "asked", e->request_head);
	tell_body(out, exchange_request_body(e));
	tell(out, "answered", e->response_head);
	tell_body(out, exchange_response_body(e));
	tell(out, "trailers", exchange_trailers(e));
}

static void tell_conversation(struct buf *out, const struct conversation *c)
{
	buf_printf(out, "beside %d %d %d %d %llu %llu\n", c->tunneled,
		   c->opened, c->lost[0], c->lost[1],
		   (unsigned long long)c->bytes[0],
		   (unsigned long long)c->bytes[1]);
	tell(out, "first", c->first[0]);
	tell(out, "first", c->first[1]);
}

static void tell_all(struct buf *out, const struct pairing *p,
		     struct conversations *beside)
{
	size_t count;
	const struct flow_counts *f = pairing_counts(p);
	const struct h2_lost *lost = pairing_lost(p);
	const struct exchange *list = pairing_exchanges(p, &count);
	must(!f->gaps && !f->conflicts && !f->stray);
	buf_printf(
	    out, "lost %llu %llu %llu\n", (unsigned long long)lost->rests,
	    (unsigned long long)lost->gaps, (unsigned long long)lost->blocks);
	for (size_t i = 0; i < count; i++)
		tell_exchange(out, &list[i]);
	const struct conversation *c = conversations_list(beside, &count);
	for (size_t i = 0; i < count; i++)
		tell_conversation(out, &c[i]);
}

static struct buf read_recorded(struct recorder *c)
{
	struct buf out = {0};
	struct source *source = source_new(NULL);
	struct spool *spool = spool_new();
	struct names *names = names_new();
	struct conversations *beside = conversations_new(names);
	must(flows_len(c->flows) == 1);
	struct pairing *p =
	    pairing_run(c->flows, names, source, spool, NULL, beside);
	tell_all(&out, p, beside);
	pairing_free(p);
	conversations_free(beside);
	names_free(names);
	spool_free(spool);
	source_free(source);
	return out;
}

static struct buf run(const struct slice said[2], uint8_t ends,
		      struct slice schedule)
{
	static struct recorder c;
	struct reader r = reader_of(schedule);
	for (int side = 0; side < 2; side++) {
		c.said[side] = said[side];
		memset(c.sent[side], 0, said[side].len);
	}
	c.count = 0;
	c.now = 0;
	c.ends = ends;
	c.flows = flows_new(0);
	record_all(&c, &r);
	struct buf out = read_recorded(&c);
	flows_free(c.flows);
	for (size_t i = 0; i < c.count; i++)
		free(c.memory[i]);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct slice){data, size});
	struct buf said[2] = {0};
	uint8_t ends = reader_u8(&r);
	size_t len = reader_u16(&r);
	struct slice words = slice_to(reader_rest(&r), len);
	struct slice rest = slice_from(reader_rest(&r), len);
	struct reader w = reader_of(words);
	if (IN_MSAN && ends & FRAMES)
		return 0; /* nghttp2's */
	if (ends & FRAMES)
		say_frames(&w, said);
	else
		say_messages(&w, said);
	struct slice both[2];
	for (int side = 0; side < 2; side++) {
		size_t cut = ends & (side ? CUT_ANSWER : CUT) ? ends * 3U : 0;
		size_t all = said[side].len;
		both[side] =
		    slice_to(buf_slice(&said[side]), cut < all ? all - cut : 0);
		both[side] = slice_to(both[side], STREAM_MAX);
	}
	struct buf a = run(both, ends, slice_to(rest, rest.len / 2));
	struct buf b = run(both, ends, slice_from(rest, rest.len / 2));
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%.*s==== or ====\n%.*s", (int)a.len,
			(char *)a.data, (int)b.len, (char *)b.data);
	must(slice_equal(buf_slice(&a), buf_slice(&b)));
	buf_release(&a);
	buf_release(&b);
	buf_release(&said[0]);
	buf_release(&said[1]);
	return 0;
}
