/* Fuzzes requests of clients against what was recorded: whatever they are, what
 * is found fits by the step that is told, and a range's parts make it up.
 *
 * The input is records: a byte for the method, whether it is asked for or was
 * recorded, and the answer (see below), one for the host and the client, one
 * for a length, and the target, behind which a line break begins the body, or
 * the Range field's value where there is one. */
#include "must.h"

#include "site/match.h"

#include "capture/spool.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKS = 1, METHOD = 6, RANGED = 8, HOSTLESS = 16, KIND = 0xe0 };

#define EXCHANGES_MAX 24
#define TEXT_MAX 1024

static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS"};
static const char *const hosts[] = {"a.example", "A.example:8080", "192.0.2.1",
				    "b.example"};
static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012",
    "HTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/10\r\n"
    "Content-Length: 4\r\n\r\n0123",
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\n"
    "Content-Length: 6\r\n\r\n456789",
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-5/12\r\n"
    "Content-Length: 4\r\n\r\n2345",
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nno!\r\n0\r\n\r\n",
    NULL,
};

static struct exchange exchanges[EXCHANGES_MAX];
static struct flow flows[EXCHANGES_MAX];
static struct piece pieces[EXCHANGES_MAX][2];
static size_t count;

/* ---- the recording ---- */

static void add_target(struct buf *out, struct slice target)
{
	buf_add_byte(out, '/');
	for (size_t i = 0; i < target.len; i++)
		if (target.data[i] > ' ' && target.data[i] != 0x7f)
			buf_add_byte(out, target.data[i]);
}

/* Writes the request that a record stands for. */
static void add_request(struct buf *out, uint8_t kind, uint8_t who,
			struct slice text)
{
	size_t end = slice_find(text, '\n');
	struct slice rest = slice_from(text, end + 1);
	buf_printf(out, "%s ", methods[(kind & METHOD) >> 1]);
	add_target(out, slice_to(text, end));
	buf_add_string(out, " HTTP/1.1\r\n");
	if (!(kind & HOSTLESS))
		buf_printf(out, "Host: %s\r\n", hosts[who & 3]);
	if (who & 4)
		buf_add_string(out, "Cookie: a=b\r\n");
	if (who & 8)
		buf_add_string(out, "If-None-Match: \"a\"\r\n");
	if (kind & RANGED) {
		buf_printf(out, "Range: bytes=%.*s\r\n\r\n",
			   (int)slice_find(slice_to(rest, 20), '\n'),
			   (const char *)rest.data);
		return;
	}
	if (rest.len)
		buf_printf(out, "Content-Length: %zu\r\n", rest.len);
	buf_add_string(out, "\r\n");
	buf_add(out, rest);
}

/* Takes the bytes. */
static void set_side(size_t i, int side, struct buf *bytes)
{
	pieces[i][side] =
	    (struct piece){.data = bytes->data, .len = (uint32_t)bytes->len};
	flows[i].streams[side] = (struct stream){.pieces = &pieces[i][side],
						 .count = 1,
						 .from_start = true,
						 .end = STREAM_FIN};
}

static struct exchange *found;

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)context, (void)first;
	if (found)
		*found = *e;
	found = NULL;
}

static void record(struct spool *spool, struct buf *asked, uint8_t kind,
		   uint8_t who)
{
	size_t i = count;
	struct buf answered = {0};
	flows[i] = (struct flow){
	    .ends = {{{4, {10, 9, 9, 9}}, 50000},
		     {{4, {192, 0, 2, who >> 6}}, who & 16 ? 8080 : 80}}};
	if (answers[kind >> 5])
		buf_add_string(&answered, answers[kind >> 5]);
	set_side(i, 0, asked);
	set_side(i, 1, &answered);
	struct talk talk = {.flow = &flows[i]};
	found = &exchanges[i];
	exchanges_find(&talk, spool, take, NULL);
	count += !found;
	if (found) {
		free(asked->data);
		free(answered.data);
	}
	found = NULL;
}

static void forget(void)
{
	for (size_t i = 0; i < count; i++) {
		free((void *)pieces[i][0].data);
		free((void *)pieces[i][1].data);
	}
	count = 0;
}

/* ---- what has to hold ---- */

static void digest_body(struct request *r)
{
	struct digest d = {0};
	digest_start(&d);
	digest_add(&d, r->body);
	digest_finish(&d, r->digest);
	digest_release(&d);
	r->has_body = r->body.len > 0;
}

static bool is_same_body(const struct request *r, const struct exchange *e)
{
	struct buf body = {0};
	request_body_read(e, &body);
	bool same = slice_equal(buf_slice(&body), r->body);
	buf_release(&body);
	return same;
}

/* A request that names no host counts as one to the server's address, and is
 * found by another that names none. */
static bool is_same_host(const struct request *r, const struct exchange *e)
{
	struct url url = exchange_url(e);
	struct address literal;
	if (url.host.len && r->url.host.len)
		return slice_equal_nocase(r->url.host, url.host);
	if (url.host.len)
		return host_literal(url.host, &literal);
	if (!r->url.host.len)
		return true;
	return host_literal(r->url.host, &literal) &&
	       address_equal(&literal, &exchange_server(e)->address);
}

static bool is_as_recorded(const struct request *r, const struct exchange *e)
{
	struct url url = exchange_url(e);
	return slice_equal(r->method, exchange_method(e)) &&
	       is_same_host(r, e) && slice_equal(r->url.target, url.target) &&
	       (r->any_port || r->url.port == url.port) &&
	       slice_same(r->traits.value[TRAIT_RANGE],
			  head_range(e->request_head)) &&
	       is_same_body(r, e);
}

static void check_parts(const struct match *m)
{
	uint64_t len = 0;
	for (size_t i = 0; i < m->part_count; i++) {
		const struct part *p = &m->parts[i];
		must(p->exchange < count && p->len);
		must(p->skip + p->len <= exchanges[p->exchange].body_bytes);
		len += p->len;
	}
	if (!m->part_count)
		return;
	must(m->first <= m->last && m->last < m->total);
	must(len == m->last - m->first + 1);
}

static void check(const struct table *t, const struct request *r,
		  const struct match *m, bool exact)
{
	bool recorded = false;
	for (size_t i = 0; i < count; i++)
		recorded |= exchanges[i].status && exchanges[i].status != 304 &&
			    is_as_recorded(r, &exchanges[i]);
	must((m->step == MATCH_NONE) == (m->exchange == TABLE_NONE));
	must(!recorded || r->url.host.len == 0 || m->step == MATCH_EXACT);
	if (m->step == MATCH_NONE)
		return;
	const struct exchange *e = &exchanges[m->exchange];
	must(m->exchange < count && !m->only_304);
	must(!exact || m->step <= MATCH_TARGET_RULE);
	must(m->step != MATCH_EXACT || is_as_recorded(r, e));
	must(!table_entry(t, m->exchange)->not_modified ||
	     traits_conditional(&r->traits));
	must(slice_equal(exchange_method(e), r->method) ||
	     (slice_equal(exchange_method(e), SLICE("GET")) &&
	      slice_equal(r->method, SLICE("HEAD"))));
	check_parts(m);
}

static void ask(const struct table *t, struct places *places,
		const struct buf *text, uint8_t who)
{
	struct message m;
	struct match match = {0}, again = {0};
	if (http_request(buf_slice(text), &m) != HTTP_DONE)
		return;
	struct request r = {
	    .method = m.method,
	    .host_field = m.host,
	    .url = url_of(m.method, m.target, m.host, false, 80),
	    .traits = traits_read(m.fields),
	    .client = {{4, {10, 0, 0, who >> 5}}, 50000},
	    .local = {{4, {192, 0, 2, who >> 6}}, 80},
	    .any_port = who & 32,
	    .body = slice_from(buf_slice(text), m.head.len),
	};
	digest_body(&r);
	for (int exact = 0; exact < 2; exact++) {
		struct place_of *place = place_find(places, &r.client.address);
		match_find(t, place, &r, exact, &match);
		check(t, &r, &match, exact);
	}
	if (who & 16)
		places_reset(places);
	match_find(t, place_find(places, &r.client.address), &r, false, &again);
	check(t, &r, &again, false);
	match_release(&match);
	match_release(&again);
}

/* Those that were recorded, or those that are asked for. */
static void read_records(struct slice input, struct spool *spool,
			 const struct table *t, struct places *places)
{
	struct reader r = reader_of(input);
	while (reader_left(&r) && !r.short_read) {
		struct buf text = {0};
		uint8_t kind = reader_u8(&r), who = reader_u8(&r);
		size_t len = reader_u8(&r);
		struct slice words = slice_to(reader_rest(&r), len);
		reader_skip(&r, words.len);
		if (!(kind & ASKS) == !!t)
			continue;
		add_request(&text, kind, who, words);
		if (!t && count < EXCHANGES_MAX) {
			record(spool, &text, kind, who);
			continue; /* and text is theirs */
		}
		if (t)
			ask(t, places, &text, who);
		buf_release(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = {data, size < TEXT_MAX ? size : TEXT_MAX};
	struct spool *spool = spool_new();
	read_records(input, spool, NULL, NULL);
	struct recording recording = {.exchanges = exchanges, .count = count};
	struct table *t = table_new(&recording, NULL);
	struct places *places = places_new(count);
	read_records(input, spool, t, places);
	places_free(places);
	table_free(t);
	spool_free(spool);
	forget();
	return 0;
}
