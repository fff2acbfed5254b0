/* Rules applied to answers and targets, from rule text to the bytes sent. */
#include "rules_text.h"

#include "rewrite/coding.h"
#include "rewrite/finish.h"

#include "capture/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#define RECORDED_AT 1000000000 /* Sun, 09 Sep 2001 01:46:40 GMT */
#define NOW 1700000000

/* Of "bcd", by openssl dgst -binary | base64. */
#define MD5_BCD "1LfChIgsqeIIu2Xoq9X0yA=="
#define SHA256_BCD "prD5DSrCuNHyUMaHMBrvEyBJ6QFt+TZoDoH6e8fYHXA="

static struct matcher *matcher;

static int setup(void **state)
{
	(void)state;
	matcher = matcher_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	matcher_free(matcher);
	return 0;
}

/* A body that comes in pieces. */
struct pieces {
	struct slice rest;
	size_t size;
};

static bool next_piece(void *context, struct slice *bytes)
{
	struct pieces *p = context;
	*bytes = slice_to(p->rest, p->size);
	p->rest = slice_from(p->rest, p->size);
	return bytes->len > 0;
}

static struct original original_from(struct slice head, const char *method,
				     struct pieces *body)
{
	struct message m;
	assert_int_equal(http_response(head, slice_of(method), &m), HTTP_DONE);
	return (struct original){
	    .method = slice_of(method),
	    .host = SLICE("evil.example"),
	    .target = SLICE("/gate.php?id=7"),
	    .time = RECORDED_AT,
	    .head = m.head,
	    .status = m.status,
	    .next = strcmp(method, "HEAD") ? next_piece : NULL,
	    .context = body,
	    .framing = m.framing,
	};
}

/* An answer on its way: from what was recorded to what is sent. */
struct way {
	struct rules *rules;
	struct pieces body;
	struct original original;
	struct rewritten w;
	struct finished f;
	bool changed;
};

static void begin(struct way *y, const char *rules, const char *head,
		  struct slice body)
{
	*y = (struct way){.rules = rules_of(rules), .body = {body, 1000}};
	y->original = original_from(slice_of(head), "GET", &y->body);
}

static void go(struct way *y, bool coded)
{
	y->changed = apply(y->rules, matcher, &y->original, false, NULL, &y->w);
	if (y->changed)
		assert_true(rewritten_finish(&y->w, coded, &y->f));
}

static void end(struct way *y)
{
	rewritten_release(&y->w);
	finished_release(&y->f);
	rules_free(y->rules);
}

struct example {
	const char *rules, *head, *body;
	const char *new_head; /* NULL: nothing changed */
	const char *new_body; /* NULL: as recorded */
	const char *told;
};

static void check(const struct example *e)
{
	struct way y;
	begin(&y, e->rules, e->head, slice_of(e->body));
	go(&y, true);
	assert_int_equal(y.changed, e->new_head != NULL);
	if (e->new_head)
		assert_text(buf_slice(&y.f.head), e->new_head);
	assert_int_equal(y.f.body_changed, e->new_body != NULL);
	assert_text(buf_slice(&y.f.body), e->new_body ? e->new_body : "");
	assert_text(buf_slice(e->new_head ? &y.f.told : &y.w.told), e->told);
	end(&y);
}

static void check_all(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&examples[i]);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define HTML "Content-Type: text/html\r\n"

/* P20: what no rule touches stays byte for byte. */
static void test_fields(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"header X-None s/a/b/\nheader X-None delete\n",
	     OK "server:x\r\nX-A: a\r\n\r\n", "", NULL, NULL, ""},
	    {"header x-b s/1/2/\n",
	     OK "server:x\r\nX-B :  a\r\n 1 \r\nx-a: 1\r\nX-A: 2\r\n"
		"X-b:1\r\nX-B: 3\r\nX-Fold: a\r\n\tb\r\n\r\n",
	     "",
	     OK "server:x\r\nX-B :  a 2 \r\nx-a: 1\r\nX-A: 2\r\n"
		"X-b:2\r\nX-B: 3\r\nX-Fold: a\r\n\tb\r\n\r\n",
	     NULL, "r:1 2x"},
	    {"header Server set Apache\nheader X-Replayed set yes\n",
	     OK "A: b\r\nSERVER: x\r\nC: d\r\nserver: y\r\n\r\n", "",
	     OK "A: b\r\nSERVER: Apache\r\nC: d\r\nX-Replayed: yes\r\n\r\n",
	     NULL, "r:1, r:2"},
	    {"header Strict-Transport-Security delete\n",
	     OK "strict-transport-security: max-age=1\r\nA: b\r\n"
		"Strict-Transport-Security: x;\r\n y\r\n\r\n",
	     "", OK "A: b\r\n\r\n", NULL, "r:1 2x"},
	    /* one works on what the other made */
	    {"header A s/1/2/\nheader A s/2/3/\nheader A s/1/4/\n",
	     OK "A: 1\r\n\r\n", "", OK "A: 3\r\n\r\n", NULL, "r:1, r:2"},
	    /* conditions look at the answer as recorded */
	    {"type=text/html header Content-Type set text/plain\n"
	     "type=text/plain header A set b\n"
	     "type=text/html header C set d\n",
	     OK "Content-Type: TEXT/HTML; charset=x\r\n\r\n", "",
	     OK "Content-Type: text/plain\r\nC: d\r\n\r\n", NULL, "r:1, r:3"},
	    {"host=*.example path=/gate.php status=30x header Location "
	     "s{^http://({ip})}{http://${steer:1}}i\n",
	     "HTTP/1.1 302 Found\r\nLocation: HTTP://192.0.2.7/x\r\n"
	     "Content-Length: 0\r\n\r\n",
	     "",
	     "HTTP/1.1 302 Found\r\n"
	     "Location: http://192-0-2-7.ip.test/x\r\n"
	     "Content-Length: 0\r\n\r\n",
	     NULL, "r:1"},
	};
	check_all(examples, COUNT(examples));
}

/* P8: a head never splits. */
static void test_splitting(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"header A s/1/1\\r\\nB: c/\n", OK "A: 1\r\n\r\n", "", NULL, NULL,
	     "r:1 not applied, this would split or overfill A"},
	    {"header A s/1/\\n/\n", OK "A: 1\r\nA: 2\r\nA: 1\r\n\r\n", "", NULL,
	     NULL, "r:1 not applied, this would split or overfill A"},
	    {"header A s/1/\\0/\nheader B s/1/2/\n", OK "A: 1\r\nB: 1\r\n\r\n",
	     "", OK "A: 1\r\nB: 2\r\n\r\n", NULL,
	     "r:2; r:1 not applied, this would split or overfill A"},
	    {"status s/OK/OK\\r\\nA: b/\n", OK "\r\n", "", NULL, NULL,
	     "r:1 not applied, this would split or overfill the status"},
	};
	check_all(examples, COUNT(examples));
}

static void test_status(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"path=/gate.php status set 200 OK\n",
	     "HTTP/1.0 404 Not Found\r\nContent-Length: 1\r\n\r\n", "a",
	     "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", NULL, "r:1"},
	    {"status s/^302 .*/307 Kept/\n",
	     "HTTP/1.1 302\r\nContent-Length: 1\r\n\r\n", "a", NULL, NULL, ""},
	    {"status s/^302/307/\n",
	     "HTTP/1.1 302\r\nContent-Length: 1\r\n\r\n", "a",
	     "HTTP/1.1 307\r\nContent-Length: 1\r\n\r\n", NULL, "r:1"},
	    {"status s/200/20/\nstatus s/200/2000/\nstatus s/200/100/\n",
	     OK "Content-Length: 1\r\n\r\n", "a", NULL, NULL,
	     "r:1 not applied, this is no status: 20 OK; "
	     "r:2 not applied, this is no status: 2000 OK; "
	     "r:3 not applied, this is no status: 100 OK"},
	    /* a status that has no body, and one that has */
	    {"status set 204 No Content\n",
	     OK "Content-Encoding: br\r\nContent-Length: 1\r\nA: b\r\n\r\n",
	     "a", "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", "",
	     "r:1; status 204 has no body"},
	    {"status set 200 OK\n",
	     "HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\n\r\n", "",
	     OK "Content-Length: 0\r\n\r\n", "", "r:1"},
	    {"status set 200 OK\nbody set hello\n",
	     "HTTP/1.1 304 Not Modified\r\nA: b\r\n\r\n", "",
	     OK "A: b\r\nContent-Length: 5\r\n\r\n", "hello", "r:1, r:2"},
	};
	check_all(examples, COUNT(examples));
}

/* P20: lengths and framing of what was rewritten. */
static void test_lengths(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"body s/a/bcd/g\n",
	     OK HTML "content-length:  3\r\nA: b\r\nContent-Length: 3\r\n\r\n",
	     "aXa", OK HTML "content-length:  7\r\nA: b\r\n\r\n", "bcdXbcd",
	     "r:1 2x"},
	    {"body s/a/bcd/\n",
	     OK "A: b\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n"
		"C: d\r\n\r\n",
	     "a", OK "A: b\r\nContent-Length: 3\r\nC: d\r\n\r\n", "bcd", "r:1"},
	    {"body s/a/bcd/\n",
	     OK "Transfer-Encoding: chunked\r\nA: b\r\nContent-Length: 9\r\n"
		"\r\n",
	     "a", OK "A: b\r\nContent-Length: 3\r\n\r\n", "bcd", "r:1"},
	    {"body set hello\n", OK "Content-Length: 0\r\n\r\n", "",
	     OK "Content-Length: 5\r\n\r\n", "hello", "r:1"},
	    {"body delete\n", OK "Content-Length: 1\r\n\r\n", "a",
	     OK "Content-Length: 0\r\n\r\n", "", "r:1"},
	    /* the framing stays where only the head changes, or nothing */
	    {"body s/b/c/\nheader A s/b/c/\n",
	     OK "Transfer-Encoding:chunked\r\nA: b\r\n\r\n", "a",
	     OK "Transfer-Encoding:chunked\r\nA: c\r\n\r\n", NULL, "r:2"},
	    {"body s/a/a/\n", OK "Content-Length: 1\r\n\r\n", "a", NULL, NULL,
	     ""},
	    /* each on the result of the one before */
	    {"body s/1/2/\nbody s/2/3/\nbody s/1/4/\n",
	     OK "Content-Length: 1\r\n\r\n", "1",
	     OK "Content-Length: 1\r\n\r\n", "3", "r:1, r:2"},
	};
	check_all(examples, COUNT(examples));
}

static void test_until_close(void **state)
{
	(void)state;
	struct way y;
	begin(&y, "body s/a/bc/\n", OK HTML "\r\n", SLICE("a"));
	go(&y, true);
	assert_text(buf_slice(&y.f.head), OK HTML "\r\n");
	assert_text(buf_slice(&y.f.body), "bc");
	assert_true(y.f.close);
	end(&y);
}

static void test_head_method(void **state)
{
	(void)state;
	struct way y;
	begin(&y, "body s/a/bc/\nheader A delete\nstatus set 404 X\n",
	      OK "A: b\r\nContent-Length: 99\r\n\r\n", SLICE(""));
	y.original = original_from(y.original.head, "HEAD", &y.body);
	go(&y, true);
	assert_text(buf_slice(&y.f.head),
		    "HTTP/1.1 404 X\r\nContent-Length: 99\r\n\r\n");
	assert_false(y.f.body_changed);
	assert_false(y.f.close);
	end(&y);
}

/* A cut body keeps being cut. */
static void test_cut(void **state)
{
	(void)state;
	struct way y;
	begin(&y, "body s/a/bcd/\n", OK "Content-Length: 10\r\n\r\n",
	      SLICE("aX"));
	y.original.cut = true;
	y.original.missing = 8;
	go(&y, true);
	assert_text(buf_slice(&y.f.head), OK "Content-Length: 12\r\n\r\n");
	assert_text(buf_slice(&y.f.body), "bcdX");
	assert_true(y.f.close);
	end(&y);

	begin(&y, "body s/a/bcd/\n",
	      OK "Transfer-Encoding: chunked\r\nDigest: md5=x\r\n\r\n",
	      SLICE("aX"));
	y.original.cut = true;
	go(&y, true);
	assert_text(buf_slice(&y.f.head), OK "Transfer-Encoding: chunked\r\n"
					     "\r\n");
	assert_text(buf_slice(&y.f.body), "4\r\nbcdX\r\n");
	assert_true(y.f.close);
	end(&y);

	/* an empty chunk would be the last one */
	begin(&y, "body delete\n", OK "Transfer-Encoding: chunked\r\n\r\n",
	      SLICE("aX"));
	y.original.cut = true;
	go(&y, true);
	assert_true(y.f.body_changed);
	assert_int_equal(y.f.body.len, 0);
	end(&y);

	begin(&y, "body s/a/bcd/\n",
	      OK "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n",
	      SLICE("aX"));
	y.original.cut = true;
	go(&y, true);
	assert_false(y.changed);
	assert_text(buf_slice(&y.w.told), "gzip body is cut: left as recorded");
	end(&y);
}

/* ---- content codings ---- */

static struct buf coded(const char *coding, struct slice plain)
{
	struct buf out = {0};
	assert_true(coding_encode(slice_of(coding), plain, &out));
	return out;
}

static void expect_decoded(const char *coding, struct slice body,
			   const char *plain)
{
	struct buf out = {0};
	assert_int_equal(coding_decode(slice_of(coding), body, SIZE_MAX, &out),
			 CODING_OK);
	assert_text(buf_slice(&out), plain);
	buf_release(&out);
}

static void expect_length(struct slice head, size_t len)
{
	struct message m;
	assert_int_equal(http_response(head, SLICE("GET"), &m), HTTP_DONE);
	assert_int_equal(m.framing, HTTP_LENGTH);
	assert_int_equal(m.length, len);
}

static const char *const codings[] = {
    "gzip", "deflate", "br", "zstd", "gzip, br", "x-gzip", "identity",
};

static void test_codings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(codings); i++) {
		struct buf head = {0};
		struct way y;
		struct buf body = coded(codings[i], SLICE("<p>1"));
		buf_printf(&head, OK HTML "Content-Encoding: %s\r\n",
			   codings[i]);
		buf_printf(&head, "Content-Length: %zu\r\n\r\n", body.len);
		buf_add_byte(&head, 0);
		begin(&y, "type=text/* body s/1/two/\n",
		      (const char *)head.data, buf_slice(&body));
		y.body.size = 3;
		go(&y, true);
		assert_true(y.f.body_changed);
		expect_decoded(codings[i], buf_slice(&y.f.body), "<p>two");
		expect_length(buf_slice(&y.f.head), y.f.body.len);
		if (strcmp(codings[i], "identity"))
			assert_non_null(memmem(y.f.head.data, y.f.head.len,
					       "Content-Encoding", 16));
		finished_release(&y.f);

		assert_true(rewritten_finish(&y.w, false, &y.f));
		assert_text(buf_slice(&y.f.body), "<p>two");
		expect_length(buf_slice(&y.f.head), y.f.body.len);
		assert_null(memmem(y.f.head.data, y.f.head.len,
				   "Content-Encoding", 16));
		end(&y);
		buf_release(&body);
		buf_release(&head);
	}
}

/* A coding over several fields, folded. */
static void test_coding_fields(void **state)
{
	(void)state;
	struct way y;
	struct buf body = coded("deflate, gzip", SLICE("1"));
	begin(&y, "body s/1/two/\n",
	      OK "content-encoding: deflate\r\nContent-Encoding:\r\n gzip\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
	      buf_slice(&body));
	go(&y, true);
	expect_decoded("deflate,gzip", buf_slice(&y.f.body), "two");
	finished_release(&y.f);
	assert_true(rewritten_finish(&y.w, false, &y.f));
	assert_text(buf_slice(&y.f.head), OK "Content-Length: 3\r\n\r\n");
	assert_text(buf_slice(&y.f.told), "r:1; decoded for this client");
	end(&y);
	buf_release(&body);
}

static void expect_left(const char *encoding, struct slice body,
			const char *told)
{
	struct buf head = {0};
	struct way y;
	buf_printf(&head, OK HTML "Content-Encoding: %s\r\n\r\n", encoding);
	buf_add_byte(&head, 0);
	begin(&y, "body s/a/b/\n", (const char *)head.data, body);
	go(&y, true);
	assert_false(y.changed);
	assert_text(buf_slice(&y.w.told), told);
	end(&y);
	buf_release(&head);
}

static void test_damaged(void **state)
{
	(void)state;
	struct buf body = coded("gzip", SLICE("aaaaaaaaaa and more"));
	struct slice whole = buf_slice(&body);
	expect_left("gzip", slice_to(whole, whole.len / 2),
		    "gzip body is cut: left as recorded");
	expect_left("gzip", slice_to(whole, 12),
		    "gzip body is cut: left as recorded");
	body.data[body.len - 6] ^= 1; /* of the CRC */
	expect_left("gzip", whole, "gzip body is broken: left as recorded");
	body.data[body.len - 6] ^= 1;
	body.data[12] ^= 0x55;
	expect_left("gzip", whole, "gzip body is broken: left as recorded");
	expect_left("foo\\\x01", whole,
		    "foo\\\\x01 body is in a coding that is not known: "
		    "left as recorded");
	expect_left("br", SLICE("\x00\x01\xff\xfe\x01"),
		    "br body is broken: left as recorded");
	buf_release(&body);
}

/* Garbage behind a member is ignored as browsers do; several are one body. */
static void test_members(void **state)
{
	(void)state;
	struct buf body = coded("gzip", SLICE("1 "));
	struct buf more = coded("gzip", SLICE("1"));
	struct way y;
	buf_add(&body, buf_slice(&more));
	begin(&y, "body s/1/two/g\n", OK "Content-Encoding: gzip\r\n\r\n",
	      buf_slice(&body));
	go(&y, true);
	expect_decoded("gzip", buf_slice(&y.f.body), "two two");
	end(&y);
	buf_add_string(&body, "garbage");
	begin(&y, "body s/1/two/g\n", OK "Content-Encoding: gzip\r\n\r\n",
	      buf_slice(&body));
	go(&y, true);
	expect_decoded("gzip", buf_slice(&y.f.body), "two two");
	end(&y);
	buf_release(&body);
	buf_release(&more);
}

/* P7: a coding that is named, and plain text. */
static void test_misnamed(void **state)
{
	(void)state;
	static const char *const named[] = {"gzip", "br", "deflate", "zstd"};
	struct slice page = SLICE("<html><p>Hello 1, and some more text.");
	for (size_t i = 0; i < COUNT(named); i++) {
		struct buf head = {0};
		struct way y;
		buf_printf(&head, OK HTML "Content-Encoding: %s\r\n", named[i]);
		buf_add_string(&head, "Content-Length: 37\r\n\r\n");
		buf_add_byte(&head, 0);
		for (size_t size = 1; size < 50; size += 16) {
			begin(&y, "body s/1/two/\n", (char *)head.data, page);
			y.body.size = size;
			go(&y, true);
			assert_text(buf_slice(&y.f.head),
				    OK HTML "Content-Length: 39\r\n\r\n");
			assert_text(buf_slice(&y.f.body),
				    "<html><p>Hello two, and some more text.");
			assert_text(buf_slice(&y.f.told),
				    "r:1; content coding was named but not "
				    "applied: taken out");
			end(&y);
		}
		buf_release(&head);
		/* and nothing is told, or changed, where nothing matches */
		expect_left(named[i], SLICE("<p>Hello"), "");
	}
}

/* A coding that cannot be made is told, and the body may go out plain. */
static void test_unknown_coding(void **state)
{
	(void)state;
	struct way y;
	begin(&y, "body s/1/two/\n",
	      OK "Content-Encoding: br\r\nContent-Length: 4\r\n\r\n",
	      SLICE(""));
	y.w.body_changed = true;
	y.w.framing = HTTP_LENGTH;
	buf_add(&y.w.head, y.original.head);
	buf_add_string(&y.w.encoding, "br, rot13");
	assert_false(rewritten_finish(&y.w, true, &y.f));
	assert_true(rewritten_finish(&y.w, false, &y.f));
	assert_text(buf_slice(&y.f.head), OK "Content-Length: 0\r\n\r\n");
	end(&y);
}

/* P8: about 1 MB that unfolds to 1 GB. */
static void test_bomb(void **state)
{
	(void)state;
	enum { LEN = 1 << 20 };
	static uint8_t zeros[LEN];
	struct buf body = {0};
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	memset(zeros, ' ', LEN);
	for (int i = 0; i < 1024; i++) {
		z.next_in = zeros;
		z.avail_in = LEN;
		z.next_out = buf_reserve(&body, LEN);
		z.avail_out = LEN;
		deflate(&z, i == 1023 ? Z_FINISH : Z_NO_FLUSH);
		body.len += LEN - z.avail_out;
	}
	deflateEnd(&z);
	assert_in_range(body.len, 900000, 1100000);
	expect_left("gzip", buf_slice(&body),
		    "gzip body is too large: left as recorded");
	buf_release(&body);
}

/* ---- digests of the body ---- */

static void test_digests(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"body s/a/bcd/\n",
	     OK "Content-MD5: x\r\nETag: \"a\"\r\nContent-Length: 1\r\n\r\n",
	     "a", OK "Content-MD5: " MD5_BCD "\r\nContent-Length: 3\r\n\r\n",
	     "bcd", "r:1; Content-MD5 made true; ETag taken out"},
	    {"body s/a/bcd/\n",
	     OK "Digest: SHA-256=x,unixsum=7\r\nETag: W/\"a\"\r\n"
		"Digest: MD5=x\r\nContent-Length: 1\r\n\r\n",
	     "a",
	     OK "Digest: SHA-256=" SHA256_BCD "\r\nETag: W/\"a\"\r\n"
		"Digest: MD5=" MD5_BCD "\r\nContent-Length: 3\r\n\r\n",
	     "bcd", "r:1; Digest made true"},
	    {"body s/a/bcd/\n",
	     OK "Content-Digest: md5=:x:, sha-256=:x:\r\n"
		"Repr-Digest: crc32c=:x:\r\nAccept-Ranges: bytes\r\n"
		"Content-Length: 1\r\n\r\n",
	     "a",
	     OK "Content-Digest: md5=:" MD5_BCD ":, sha-256=:" SHA256_BCD
		":\r\nAccept-Ranges: bytes\r\nContent-Length: 3\r\n\r\n",
	     "bcd", "r:1; Content-Digest made true; Repr-Digest taken out"},
	    /* all stays where only the head changes */
	    {"header A delete\n",
	     OK "A: b\r\nContent-MD5: x\r\nETag: \"a\"\r\n"
		"Content-Length: 1\r\n\r\n",
	     "a",
	     OK "Content-MD5: x\r\nETag: \"a\"\r\nContent-Length: 1\r\n\r\n",
	     NULL, "r:1"},
	};
	check_all(examples, COUNT(examples));
}

/* Digests are of the bytes that go out: in their coding, or without it. */
static void test_coded_digests(void **state)
{
	(void)state;
	struct buf body = coded("gzip", SLICE("<p>1"));
	struct way y;
	begin(&y, "body s/<p>1/bcd/\n",
	      OK "Content-Encoding: gzip\r\nRepr-Digest: sha-256=:x:\r\n\r\n",
	      buf_slice(&body));
	for (int in_coding = 0; in_coding < 2; in_coding++) {
		uint8_t digest[DIGEST_MAX];
		struct buf text = {0};
		y.body.rest = buf_slice(&body);
		go(&y, in_coding);
		size_t len =
		    digest_of(DIGEST_SHA256, buf_slice(&y.f.body), digest);
		base64_add(&text, (struct slice){digest, len});
		assert_non_null(
		    memmem(y.f.head.data, y.f.head.len, text.data, text.len));
		assert_true(in_coding ||
			    slice_equal(buf_slice(&text), SLICE(SHA256_BCD)));
		buf_release(&text);
		rewritten_release(&y.w);
		finished_release(&y.f);
	}
	end(&y);
	buf_release(&body);
}

/* ---- types and character sets ---- */

/* Binaries stay, whatever they are sent as: their digest is evidence. */
static void test_types(void **state)
{
	(void)state;
	static const char exe[] = "MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0 a a";
	struct way y;
	begin(&y, "type=text/* body s/a/b/g\n",
	      OK HTML "Content-Length: 20\r\n\r\n",
	      (struct slice){(const uint8_t *)exe, sizeof exe - 1});
	go(&y, true);
	assert_false(y.changed);
	assert_int_equal(y.w.told.len, 0);
	end(&y);
	static const struct example examples[] = {
	    /* without a type the first bytes tell */
	    {"type=text/html body s/a/b/\n", OK "Content-Length: 9\r\n\r\n",
	     "<html>a\r\n", OK "Content-Length: 9\r\n\r\n", "<html>b\r\n",
	     "r:1"},
	    {"type=text/html body s/a/b/\n",
	     OK "Content-Type: text/plain\r\n\r\n", "<html>a\r\n", NULL, NULL,
	     ""},
	    {"type!=text/html body s/a/b/\n", OK HTML "\r\n", "<html>a\r\n",
	     NULL, NULL, ""},
	};
	check_all(examples, COUNT(examples));
}

static struct buf utf16(const char *text)
{
	struct buf out = {0};
	buf_add(&out, SLICE("\xff\xfe"));
	for (; *text; text++) {
		buf_add_byte(&out, (uint8_t)*text);
		buf_add_byte(&out, 0);
	}
	return out;
}

/* P22: UTF-16 is converted, and back; in a coding, in small pieces. */
static void test_utf16(void **state)
{
	(void)state;
	struct buf page = utf16("<html>link 1"),
		   expected = utf16("<html>link two");
	struct buf body = coded("gzip", buf_slice(&page)), out = {0};
	struct way y;
	begin(&y, "type=text/* body s/\\b1\\b/two/u\n",
	      OK HTML "Content-Encoding: gzip\r\n\r\n", buf_slice(&body));
	y.body.size = 1;
	y.w.keep_plain = true;
	go(&y, true);
	assert_int_equal(
	    coding_decode(SLICE("gzip"), buf_slice(&y.f.body), SIZE_MAX, &out),
	    CODING_OK);
	assert_true(slice_equal(buf_slice(&out), buf_slice(&expected)));
	assert_text(buf_slice(&y.w.plain), "\xef\xbb\xbf<html>link 1");
	assert_int_equal(y.w.charset, CHARSET_UTF16_LE);
	end(&y);
	/* half a character at the end */
	page.len--;
	begin(&y, "type=text/* body s/1/two/\n", OK HTML "\r\n",
	      buf_slice(&page));
	go(&y, true);
	assert_false(y.changed);
	assert_text(buf_slice(&y.w.told),
		    "body ends inside a character: left as recorded");
	end(&y);
	buf_release(&page);
	buf_release(&expected);
	buf_release(&body);
	buf_release(&out);
}

/* P22: characters only where the body says which they are. */
static void test_utf8(void **state)
{
	(void)state;
	static const struct example examples[] = {
	    {"body s/^.$/x/u\n",
	     OK "Content-Type: text/html; charset=utf-8\r\n"
		"Content-Length: 2\r\n\r\n",
	     "\xc3\xa4",
	     OK "Content-Type: text/html; charset=utf-8\r\n"
		"Content-Length: 1\r\n\r\n",
	     "x", "r:1"},
	    {"body s/./x/u\n",
	     OK "Content-Type: text/html; charset=utf-8\r\n\r\n", "\xc3", NULL,
	     NULL, "r:1 not applied, the body is not UTF-8, as it says"},
	    {"body s/./x/u\n", OK HTML "Content-Length: 2\r\n\r\n", "\xc3\xa4",
	     NULL, NULL,
	     "r:1 not applied, the body does not say that it is UTF-8"},
	    {"body s/./x/g\n", OK HTML "Content-Length: 2\r\n\r\n", "\xc3\xa4",
	     OK HTML "Content-Length: 2\r\n\r\n", "xx", "r:1 2x"},
	};
	check_all(examples, COUNT(examples));
}

/* P22: a match across the pieces in which the body lies. */
static void test_pieces(void **state)
{
	(void)state;
	for (size_t size = 1; size < 12; size++) {
		struct way y;
		begin(&y, "body s{({link})({ip})}{$1${steer:2}}g\n",
		      OK HTML "\r\n", SLICE("<a href=\"http://192.0.2.7/\">"));
		y.body.size = size;
		go(&y, true);
		assert_text(buf_slice(&y.f.body),
			    "<a href=\"http://192-0-2-7.ip.test/\">");
		end(&y);
	}
}

static void test_keep_plain(void **state)
{
	(void)state;
	struct buf body = coded("br", SLICE("<p>1"));
	struct way y;
	begin(&y, "body s/1/two/\n", OK HTML "Content-Encoding: br\r\n\r\n",
	      buf_slice(&body));
	y.w.keep_plain = true;
	go(&y, true);
	assert_text(buf_slice(&y.w.plain), "<p>1");
	assert_text(buf_slice(&y.w.body), "<p>two");
	end(&y);
	buf_release(&body);
}

/* ---- dates ---- */

#define RECORDED "Sun, 09 Sep 2001 01:46:40 GMT"
#define MONDAY "Mon, 10 Sep 2001 01:46:40 GMT" /* a day ahead */
#define LATER "Tue, 14 Nov 2023 22:13:20 GMT"  /* NOW */
#define LATER_MONDAY "Wed, 15 Nov 2023 22:13:20 GMT"

static void expect_dates(const char *rules, bool shift_all, const char *head,
			 const char *then, const char *now)
{
	struct way y;
	begin(&y, rules, head, SLICE("a"));
	y.changed = apply(y.rules, matcher, &y.original, shift_all, NULL, &y.w);
	assert_int_equal(y.changed, then != NULL);
	if (then) {
		assert_text(buf_slice(&y.w.head), then);
		assert_true(rewritten_finish(&y.w, true, &y.f));
		dates_move(y.f.head.data, y.f.dates, y.f.date_count, NOW);
		assert_text(buf_slice(&y.f.head), now);
	}
	end(&y);
}

/* P26: a cookie that lay ahead lies ahead again, a deletion stays one. */
static void test_cookies(void **state)
{
	(void)state;
	expect_dates("date Set-Cookie shift\n", false,
		     OK "Date: " RECORDED "\r\n"
			"Set-Cookie: a=1; expires=Mon, 10-Sep-01 01:46:40 GMT; "
			"path=/\r\n"
			"set-cookie: b=1; Expires=" RECORDED "\r\n"
			"Set-Cookie: c=1; Expires=Thu, 01-Jan-1970 00:00:01 "
			"GMT\r\n"
			"Set-Cookie: d=1; Max-Age=60\r\n"
			"Set-Cookie: e=1; Expires=Fri, 31-Dec-9999 23:59:59 "
			"GMT\r\n"
			"Set-Cookie: f=1;\r\n Expires=" MONDAY "\r\n\r\n",
		     OK "Date: " RECORDED "\r\n"
			"Set-Cookie: a=1; expires=" MONDAY "; path=/\r\n"
			"set-cookie: b=1; Expires=" RECORDED "\r\n"
			"Set-Cookie: c=1; Expires=Thu, 01-Jan-1970 00:00:01 "
			"GMT\r\n"
			"Set-Cookie: d=1; Max-Age=60\r\n"
			"Set-Cookie: e=1; Expires=Fri, 31-Dec-9999 23:59:59 "
			"GMT\r\n"
			"Set-Cookie: f=1; Expires=" MONDAY "\r\n\r\n",
		     OK "Date: " RECORDED "\r\n"
			"Set-Cookie: a=1; expires=" LATER_MONDAY "; path=/\r\n"
			"set-cookie: b=1; Expires=" RECORDED "\r\n"
			"Set-Cookie: c=1; Expires=Thu, 01-Jan-1970 00:00:01 "
			"GMT\r\n"
			"Set-Cookie: d=1; Max-Age=60\r\n"
			"Set-Cookie: e=1; Expires=Fri, 31-Dec-9999 23:59:59 "
			"GMT\r\n"
			"Set-Cookie: f=1; Expires=" LATER_MONDAY "\r\n\r\n");
}

#define ALL_DATES(at, monday)                                                  \
	OK "Date: " at "\r\nX: " RECORDED "\r\nExpires: " monday "\r\n"        \
	   "Last-Modified: " at "\r\nRetry-After: " monday "\r\n"              \
	   "Set-Cookie: a=1; Expires=" monday "\r\nContent-Length: 1\r\n\r\n"

/* P27: all fields alike, by a rule or by the option; never one of them alone
 * unless a rule says so. */
static void test_clock(void **state)
{
	(void)state;
	static const char recorded[] = ALL_DATES(RECORDED, MONDAY);
	static const char moved[] = ALL_DATES(LATER, LATER_MONDAY);
	expect_dates("date * shift\n", false, recorded, recorded, moved);
	expect_dates("body s/X/Y/\n", true, recorded, recorded, moved);
	expect_dates("date Date shift\ndate Expires shift\n", true, recorded,
		     recorded, moved);
	expect_dates("type=image/* date * shift\n", false, recorded, NULL, "");
	expect_dates("date * shift\n", false,
		     OK "Expires: -1\r\nRetry-After: 120\r\n\r\n", NULL, "");
}

/* Their places are right however lines before them change. */
static void test_date_places(void **state)
{
	(void)state;
	struct way y;
	begin(&y,
	      "header A s/1/much longer/\nheader B delete\nbody s/a/bcd/\n"
	      "date Expires shift\nheader Expires s/GMT/GMT/\n",
	      OK "A: 1\r\nB: 2\r\nETag: \"x\"\r\nContent-MD5: x\r\n"
		 "Transfer-Encoding: chunked\r\nExpires: " MONDAY "\r\n\r\n",
	      SLICE("a"));
	go(&y, true);
	assert_int_equal(y.f.date_count, 1);
	assert_int_equal(y.f.dates[0].ahead, 86400);
	dates_move(y.f.head.data, y.f.dates, 1, NOW);
	assert_text(buf_slice(&y.f.head), OK
		    "A: much longer\r\nContent-MD5: " MD5_BCD "\r\n"
		    "Content-Length: 3\r\nExpires: " LATER_MONDAY "\r\n\r\n");
	end(&y);
}

/* ---- digests that name other bodies, and parts of this one ---- */

/* Of "one" and "two", by openssl dgst. */
#define SHA256_ONE "sha256-dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z/0Me0="
#define SHA256_TWO "sha256-P8TM/nRYcOLA2Z9x8w/wZWyN7dQcwdfT03aw2+aF4vM="

static const struct digest_map *changed_bodies(void *context)
{
	return context;
}

/* P39: a page vouches for a script that a rule changes elsewhere. */
static void test_integrity(void **state)
{
	(void)state;
	struct digest_map *map = digest_map_new();
	struct way y;
	digest_map_add(map, SLICE("one"), SLICE("two"));
	begin(&y, "path=/other body s/a/b/\n",
	      OK HTML "Content-Security-Policy: script-src '" SHA256_ONE
		      "'\r\nContent-Length: 1\r\n\r\n",
	      SLICE("<script src=x integrity=\"" SHA256_ONE "\">"));
	y.original.changed = changed_bodies;
	y.original.changed_context = map;
	go(&y, true);
	assert_text(buf_slice(&y.f.body),
		    "<script src=x integrity=\"" SHA256_TWO "\">");
	assert_non_null(memmem(y.f.head.data, y.f.head.len, "'" SHA256_TWO "'",
			       sizeof SHA256_TWO + 1));
	assert_text(buf_slice(&y.f.told), "integrity of 2 made true");
	end(&y);
	/* images that happen to name one are none of ours */
	begin(&y, "path=/other body s/a/b/\n",
	      OK "Content-Type: image/png\r\nContent-Length: 1\r\n\r\n",
	      SLICE("\x89PNG\r\n\x1a\n" SHA256_ONE));
	y.original.changed = changed_bodies;
	y.original.changed_context = map;
	go(&y, true);
	assert_false(y.changed);
	end(&y);
	digest_map_free(map);
}

/* P40: a page's policy vouches for its own script, which a rule changes. */
static void test_policy(void **state)
{
	(void)state;
	static const struct example e = {
	    "body s{<script>one}{<script>two}\n",
	    OK HTML "Content-Security-Policy: script-src '" SHA256_ONE
		    "'; report-uri /r\r\n"
		    "Content-Security-Policy-Report-Only: x '" SHA256_ONE
		    "'\r\n\r\n",
	    "<meta http-equiv=Content-Security-Policy content=\"script-src "
	    "'" SHA256_ONE "'\"><script>one</script>",
	    OK HTML "Content-Security-Policy: script-src '" SHA256_TWO
		    "'; report-uri /r\r\n"
		    "Content-Security-Policy-Report-Only: x '" SHA256_TWO
		    "'\r\n\r\n",
	    "<meta http-equiv=Content-Security-Policy content=\"script-src "
	    "'" SHA256_TWO "'\"><script>two</script>",
	    "r:1; integrity of 3 made true"};
	check(&e);
}

/* P35: what names the origin follows the address. */
static void test_origins(void **state)
{
	(void)state;
	static const struct example e = {
	    "header Set-Cookie s{(;\\s*domain\\s*=\\s*)({ip})}{$1${steer:2}}i\n"
	    "header Access-Control-Allow-Origin s{({link})({ip})}"
	    "{$1${steer:2}}gi\n"
	    "header Content-Security-Policy s{(^|[\\s;,])({ip})(?=[:/\\s;,]|$)}"
	    "{$1${steer:2}}gi\n",
	    OK "Set-Cookie: a=192.0.2.7; Domain=192.0.2.7; path=/\r\n"
	       "Access-Control-Allow-Origin: http://192.0.2.7:8080\r\n"
	       "Content-Security-Policy: script-src 192.0.2.7:80 "
	       "198.51.100.1\r\nContent-Length: 1\r\n\r\n",
	    "a",
	    OK "Set-Cookie: a=192.0.2.7; Domain=192-0-2-7.ip.test; path=/\r\n"
	       "Access-Control-Allow-Origin: http://192-0-2-7.ip.test:8080\r\n"
	       "Content-Security-Policy: script-src 192-0-2-7.ip.test:80 "
	       "198-51-100-1.ip.test\r\nContent-Length: 1\r\n\r\n",
	    NULL,
	    "r:1, r:2, r:3 2x"};
	check(&e);
}

/* ---- limits ---- */

/* The whole answer is left as recorded, head too. */
static void test_limit(void **state)
{
	(void)state;
	struct buf body = {0};
	struct tally tallies[3] = {{0}};
	struct way y;
	memset(buf_reserve(&body, 1 << 20), 'a', 1 << 20);
	body.len = 1 << 20;
	begin(&y,
	      "header A s/1/2/\nbody s/a/b/\n"
	      "body s/(a+)+[bc]/x/g\n",
	      OK HTML "A: 1\r\n\r\n", buf_slice(&body));
	y.w.keep_plain = true;
	y.changed = apply(y.rules, matcher, &y.original, false, tallies, &y.w);
	assert_false(y.changed);
	assert_int_equal(y.w.head.len + y.w.body.len, 0);
	assert_text(buf_slice(&y.w.told),
		    "r:3 ran into its limit: left as recorded");
	assert_int_equal(tallies[0].matches, 0);
	assert_true(y.rules->list[2].warned);
	assert_false(y.rules->list[1].warned);
	end(&y);
	buf_release(&body);
}

/* No rule makes a body beyond measure. */
static void test_growth(void **state)
{
	(void)state;
	struct buf rules = {0};
	struct way y;
	for (int i = 0; i < 40; i++)
		buf_add_string(&rules, "body s/./aaaaaaaa/gs\n");
	buf_add_byte(&rules, 0);
	begin(&y, (char *)rules.data, OK HTML "\r\n", SLICE("a"));
	go(&y, true);
	assert_false(y.changed);
	assert_non_null(memmem(y.w.told.data, y.w.told.len, "limit", 5));
	end(&y);
	buf_release(&rules);
}

/* ---- what is counted ---- */

static void test_tallies(void **state)
{
	(void)state;
	struct tally t[8] = {{0}};
	struct way y;
	begin(&y,
	      "type=text/html body s/a/b/g\n"         /* 0 */
	      "type=image/* body s/b/c/g\n"           /* 1 */
	      "type=image/* body s/x/c/g\n"           /* 2 */
	      "host=other type=image/* body s/b/c/\n" /* 3 */
	      "type=image/* header A s/1/2/\n"        /* 4 */
	      "type=image/* header A delete\n"        /* 5 */
	      "type=image/* date Expires shift\n"     /* 6 */
	      "type=image/* status set 404 X\n",      /* 7 */
	      OK HTML "A: 1\r\nA: 1\r\nExpires: " MONDAY "\r\n\r\n",
	      SLICE("aa"));
	static const struct tally expected[] = {{2, 0}, {0, 2}, {0, 0}, {0, 0},
						{0, 2}, {0, 2}, {0, 1}, {0, 1}};
	y.changed = apply(y.rules, matcher, &y.original, false, t, &y.w);
	assert_true(y.changed);
	assert_false(y.w.head_changed);
	assert_text(buf_slice(&y.w.body), "bb");
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(t[i].matches, expected[i].matches);
		assert_int_equal(t[i].but_type, expected[i].but_type);
	}
	end(&y);
	/* a body is read for that alone, and not told of */
	begin(&y, "type=image/* body s/a/b/g\n",
	      OK HTML "Content-Encoding: gzip\r\n\r\n", SLICE("\x1f\x8b\x08"));
	y.changed = apply(y.rules, matcher, &y.original, false, t, &y.w);
	assert_false(y.changed);
	assert_int_equal(y.w.told.len, 0);
	end(&y);
}

/* A body that no rule wants is not even asked for. */
static void test_unread(void **state)
{
	(void)state;
	struct way y;
	begin(&y, "type=text/* body s/a/b/\nheader A s/1/2/\n",
	      OK "Content-Type: image/png\r\nA: 1\r\n\r\n", SLICE("aaa"));
	go(&y, true);
	assert_true(y.changed);
	assert_int_equal(y.body.rest.len, 3);
	end(&y);
	/* and of one without a type no more than its start */
	struct buf body = {0};
	memset(buf_reserve(&body, 100000), 0, 100000);
	body.len = 100000;
	begin(&y, "type=text/* body s/a/b/\n", OK "A: 1\r\n\r\n",
	      buf_slice(&body));
	go(&y, true);
	assert_false(y.changed);
	assert_int_equal(y.body.rest.len, 95000);
	end(&y);
	buf_release(&body);
}

static void test_no_rules(void **state)
{
	(void)state;
	struct pieces body = {SLICE("a"), 1};
	struct rewritten w = {0};
	struct original o =
	    original_from(SLICE(OK "A: b\r\n\r\n"), "GET", &body);
	assert_false(apply(NULL, matcher, &o, false, NULL, &w));
	assert_false(apply(NULL, matcher, &o, true, NULL, &w));
	o.head = (struct slice){0}; /* not whole */
	struct rules *rules = rules_of("header A delete\n");
	assert_false(apply(rules, matcher, &o, true, NULL, &w));
	rewritten_release(&w);
	rules_free(rules);
}

/* ---- targets ---- */

static void expect_target(const char *text, const char *target,
			  const char *expected)
{
	struct rules *rules = rules_of(text);
	struct subject s = {.method = SLICE("GET"),
			    .host = SLICE("h"),
			    .target = slice_of(target),
			    .status = 200,
			    .type = SLICE("text/html")};
	struct buf out = {0};
	assert_int_equal(apply_target(rules, matcher, &s, &out),
			 expected != NULL);
	assert_text(buf_slice(&out), expected ? expected : "");
	buf_release(&out);
	rules_free(rules);
}

/* P14 */
static void test_targets(void **state)
{
	(void)state;
	static const char buster[] = "target s{([?&])_=\\d+}{${1}_=0}\n";
	expect_target(buster, "/a?x=1&_=123", "/a?x=1&_=0");
	expect_target(buster, "/a?x=1&_=0", NULL);
	expect_target(buster, "/a?x=1", NULL);
	expect_target("body s/a/b/\n", "/a", NULL);
	expect_target("host=other target s/a/b/\n", "/a", NULL);
	expect_target("target s/a/b/\ntarget s/b/c/\n", "/a", "/c");
	expect_target("target s/a/b/\ntarget s/b/a/\n", "/a", NULL);
	expect_target("path=/a target set /b\n", "/a?c", "/b");
	assert_false(apply_target(NULL, matcher, &(struct subject){0}, NULL));
}

/* A limit leaves the target as it is. */
static void test_target_limit(void **state)
{
	(void)state;
	struct buf target = {0};
	buf_add_byte(&target, '/');
	for (int i = 0; i < 5000; i++)
		buf_add_byte(&target, 'a');
	buf_add_byte(&target, 0);
	expect_target("target s/^/x/\ntarget s/(a+)+[bc]/x/\n",
		      (char *)target.data, NULL);
	buf_release(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_splitting),
	    cmocka_unit_test(test_status),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_until_close),
	    cmocka_unit_test(test_head_method),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_codings),
	    cmocka_unit_test(test_coding_fields),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_misnamed),
	    cmocka_unit_test(test_unknown_coding),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_digests),
	    cmocka_unit_test(test_coded_digests),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_utf16),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_keep_plain),
	    cmocka_unit_test(test_cookies),
	    cmocka_unit_test(test_clock),
	    cmocka_unit_test(test_date_places),
	    cmocka_unit_test(test_integrity),
	    cmocka_unit_test(test_policy),
	    cmocka_unit_test(test_origins),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_growth),
	    cmocka_unit_test(test_tallies),
	    cmocka_unit_test(test_unread),
	    cmocka_unit_test(test_no_rules),
	    cmocka_unit_test(test_targets),
	    cmocka_unit_test(test_target_limit),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
