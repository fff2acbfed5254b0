/* Fuzzes HTTP/1 heads and chunked bodies: what is found lies in the input, and
 * does not depend on where the bytes were cut when they came.
 *
 * The input's first byte says what the rest is (see below), the second where
 * to cut it. */
#include "must.h"

#include "capture/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	RESPONSE = 1, /* a response; a request otherwise */
	CHUNKED = 2,  /* neither, but a chunked body */
	METHOD = 12,  /* of the response's request: see methods */
};

#define CUTS_ALL 96 /* bytes at the start that are cut everywhere */

static const struct slice methods[] = {SLICE("GET"), SLICE("HEAD"),
				       SLICE("CONNECT"), SLICE("POST")};

static bool lies_in(struct slice inner, struct slice outer)
{
	uintptr_t from = (uintptr_t)outer.data, at = (uintptr_t)inner.data;
	if (!inner.len)
		return true;
	return at >= from && at + inner.len <= from + outer.len;
}

static enum http_result parse(uint8_t what, struct slice in, struct message *m)
{
	if (what & RESPONSE)
		return http_response(in, methods[(what & METHOD) >> 2], m);
	return http_request(in, m);
}

/* ---- heads ---- */

static void check_fields(const struct message *m)
{
	struct slice rest = m->fields, before = rest;
	struct field f;
	struct buf line = {0};
	while (http_field_next(&rest, &f)) {
		must(lies_in(f.name, m->fields) && lies_in(f.value, m->fields));
		must(slice_find(f.name, ':') == f.name.len);
		must(rest.len < before.len && lies_in(rest, m->fields));
		before = rest;
		buf_clear(&line);
		http_unfold(&line, f.value);
		must(slice_find(buf_slice(&line), '\n') == line.len);
		http_has_token(f.value, SLICE("close"));
	}
	buf_release(&line);
	must(slice_same(http_field(m->fields, SLICE("Host")), m->host));
}

static void check_message(uint8_t what, struct slice in,
			  const struct message *m)
{
	must(m->head.data == in.data && m->head.len <= in.len);
	must(m->head.len <= HTTP_HEAD_MAX);
	must(m->head.data[m->head.len - 1] == '\n');
	must(lies_in(m->fields, m->head) && lies_in(m->host, m->fields));
	must(lies_in(m->method, m->head) && lies_in(m->target, m->head));
	must(lies_in(m->reason, m->head) && m->minor <= 9);
	if (what & RESPONSE)
		must(m->status >= 100 && m->status <= 999 && !m->method.len);
	else
		must(m->method.len && m->target.len && !m->status &&
		     m->framing != HTTP_UNTIL_CLOSE);
	must(m->framing != HTTP_LENGTH || m->length);
	must(!m->malformed || m->framing == HTTP_NO_BODY);
	check_fields(m);
}

static bool same_text(struct slice a, struct slice b)
{
	return slice_equal(a, b) && !a.data == !b.data;
}

static void check_same(const struct message *a, const struct message *b)
{
	must(same_text(a->head, b->head) && same_text(a->fields, b->fields));
	must(same_text(a->method, b->method) &&
	     same_text(a->target, b->target));
	must(same_text(a->reason, b->reason) && same_text(a->host, b->host));
	must(a->status == b->status && a->minor == b->minor &&
	     a->framing == b->framing && a->length == b->length &&
	     a->malformed == b->malformed && a->close == b->close &&
	     a->expect == b->expect && a->range == b->range);
}

/* What the first n bytes, in memory of their own, say of the whole. */
static void check_cut(uint8_t what, struct slice in, size_t n,
		      enum http_result whole, const struct message *m)
{
	uint8_t *copy = xmalloc(n);
	struct slice part = {copy, n};
	struct message early;
	if (n)
		memcpy(copy, in.data, n);
	enum http_result r = parse(what, part, &early);
	if (r == HTTP_DONE) {
		must(whole == HTTP_DONE);
		check_message(what, part, &early);
		check_same(&early, m);
	} else if (r == HTTP_BAD) {
		must(whole == HTTP_BAD);
	} else {
		must(whole != HTTP_DONE || n < m->head.len);
		must(whole != HTTP_DONE || http_empty_line(in, n));
	}
	free(copy);
}

static void check_head(uint8_t what, struct slice in, size_t cut)
{
	struct message m;
	enum http_result r = parse(what, in, &m);
	if (r == HTTP_DONE)
		check_message(what, in, &m);
	for (size_t n = 0; n < in.len && n < CUTS_ALL; n++)
		check_cut(what, in, n, r, &m);
	for (size_t n = CUTS_ALL; n < in.len; n += CUTS_ALL + cut)
		check_cut(what, in, n, r, &m);
	for (size_t n = 0; r == HTTP_DONE && n < 4 && n < m.head.len; n++)
		check_cut(what, in, m.head.len - n, r, &m);
}

/* ---- chunks ---- */

struct taken {
	struct buf body;
	enum http_result result;
	size_t left; /* behind the message */
};

/* The body of in, which comes in pieces of so many bytes. */
static struct taken take(struct slice in, size_t piece)
{
	struct taken t = {.result = HTTP_MORE};
	struct chunked c = {0};
	while (t.result == HTTP_MORE && in.len) {
		struct slice part = slice_to(in, piece), data, left = part;
		enum chunked_place place = chunked_place(&c);
		t.result = chunked_next(&c, &left, &data);
		must(lies_in(data, part) && lies_in(left, part));
		must(t.result != HTTP_MORE || left.len < part.len);
		must(place != CHUNKED_DATA || data.len);
		must(place != CHUNKED_TRAILERS || !data.len);
		buf_add(&t.body, data);
		in = slice_from(in, part.len - left.len);
	}
	t.left = in.len;
	return t;
}

/* Data that is missing is stepped over as if it had been there. */
static void check_skip(struct slice in)
{
	struct chunked c = {0}, d;
	struct slice data;
	while (in.len && chunked_next(&c, &in, &data) == HTTP_MORE) {
		if (chunked_place(&c) != CHUNKED_DATA)
			continue;
		d = c;
		must(!chunked_skip(&d, c.left + 1));
		must(chunked_skip(&d, c.left));
		must(chunked_place(&d) == CHUNKED_FRAMING && !d.left);
	}
	must(chunked_place(&c) == CHUNKED_DATA || !chunked_skip(&c, 1));
}

static void check_chunks(struct slice in, size_t cut)
{
	struct taken whole = take(in, in.len);
	for (size_t piece = 1; piece < in.len; piece += piece + cut) {
		struct taken other = take(in, piece);
		must(whole.result == other.result && whole.left == other.left);
		must(slice_equal(buf_slice(&whole.body),
				 buf_slice(&other.body)));
		buf_release(&other.body);
	}
	check_skip(in);
	buf_release(&whole.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct slice in = {data + 2, size - 2};
	if (data[0] & CHUNKED)
		check_chunks(in, data[1]);
	else
		check_head(data[0], in, data[1]);
	return 0;
}
