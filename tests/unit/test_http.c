/* Heads, framing and chunks of single messages. */
#include "unit.h"

#include "capture/http.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A copy that ends where a page that cannot be read begins: a parser that
 * reads one byte too many dies. */
static uint8_t *guarded(struct slice s)
{
	static uint8_t *pages;
	size_t page = (size_t)sysconf(_SC_PAGESIZE), room = page * 64;
	if (!pages) {
		pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(pages, MAP_FAILED);
		assert_int_equal(mprotect(pages + room, page, PROT_NONE), 0);
	}
	assert_true(s.len <= room);
	uint8_t *at = pages + room - s.len;
	if (s.len)
		memcpy(at, s.data, s.len);
	return at;
}

static enum http_result request(const char *text, struct message *m)
{
	struct slice s = slice_of(text);
	return http_request((struct slice){guarded(s), s.len}, m);
}

static enum http_result response(const char *text, const char *method,
				 struct message *m)
{
	struct slice s = slice_of(text);
	return http_response((struct slice){guarded(s), s.len},
			     slice_of(method), m);
}

static const struct {
	const char *text, *method, *target, *host;
	enum http_framing framing;
	uint64_t length;
	bool malformed, close;
} requests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a", HTTP_NO_BODY, 0,
     false, false},
    {"GET /a b c HTTP/1.1\r\n\r\n", "GET", "/a b c", NULL, HTTP_NO_BODY, 0,
     false, false},
    {"get\t/x  HTTP/1.0\n\n", "get", "/x", NULL, HTTP_NO_BODY, 0, false, true},
    {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET", "/", NULL, HTTP_NO_BODY, 0, false,
     false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET", "/", NULL,
     HTTP_NO_BODY, 0, false, false},
    {"GET / HTTP/1.1\r\nConnection: te, Close\r\n\r\n", "GET", "/", NULL,
     HTTP_NO_BODY, 0, false, true},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "POST", "/", NULL,
     HTTP_LENGTH, 5, false, false},
    {"POST / HTTP/1.1\r\nContent-Length: 5, 5\r\ncontent-length:005\r\n\r\n",
     "POST", "/", NULL, HTTP_LENGTH, 5, false, false},
    {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
     "POST", "/", NULL, HTTP_NO_BODY, 0, true, false},
    {"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "POST", "/", NULL,
     HTTP_NO_BODY, 0, true, false},
    {"POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", "POST", "/", NULL,
     HTTP_NO_BODY, 0, true, false},
    {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "POST",
     "/", NULL, HTTP_NO_BODY, 0, true, false},
    {"POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: "
     "gzip,\tChUnked\r\n\r\n",
     "POST", "/", NULL, HTTP_CHUNKED, 0, false, false},
    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", "POST", "/",
     NULL, HTTP_NO_BODY, 0, true, false},
    /* a folded line is no Content-Length (RFC 9112 5.2) */
    {"GET / HTTP/1.1\r\nX: a\r\n Content-Length: 7\r\nHost:\tb \r\n\r\n", "GET",
     "/", "b", HTTP_NO_BODY, 0, false, false},
    {"CONNECT h:443 HTTP/1.1\r\nhOST: h:443\r\n\r\n", "CONNECT", "h:443",
     "h:443", HTTP_NO_BODY, 0, false, false},
    {"GET /\x01\xff HTTP/1.1\r\n\r\n", "GET", "/\x01\xff", NULL, HTTP_NO_BODY,
     0, false, false},
};

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct message m;
		assert_int_equal(request(requests[i].text, &m), HTTP_DONE);
		assert_text(m.method, requests[i].method);
		assert_text(m.target, requests[i].target);
		if (requests[i].host)
			assert_text(m.host, requests[i].host);
		else
			assert_null(m.host.data);
		assert_int_equal(m.framing, requests[i].framing);
		assert_int_equal(m.length, requests[i].length);
		assert_int_equal(m.malformed, requests[i].malformed);
		assert_int_equal(m.close, requests[i].close);
	}
}

static void test_no_requests(void **state)
{
	static const char *const texts[] = {
	    "SSH-2.0-OpenSSH_9.2\r\n",
	    "HTTP/1.1 200 OK\r\n\r\n",
	    "GET /\r\n\r\n",
	    "GET / HTTP/2.0\r\n\r\n",
	    "GET  HTTP/1.1\r\n\r\n",
	    "\x16\x03\x01",
	    "EHLO a.example\r\n",
	    "G\x80T / HTTP/1.1\r\n\r\n",
	    " GET / HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.x\r\n\r\n",
	    "PRI * HTTP/2.0\r\n\r\nSM",
	    "GET /HTTP/1.1\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct message m;
		assert_int_equal(request(texts[i], &m), HTTP_BAD);
	}
}

/* Every beginning of a message is HTTP_MORE, and the whole is HTTP_DONE with
 * nothing of what follows taken. */
static void test_beginnings(void **state)
{
	static const char text[] = "GET /a?b HTTP/1.1\r\nHost: h\r\n"
				   "X: y\r\n z\r\nContent-Length: 3\r\n\r\n";
	(void)state;
	struct message m;
	struct slice all = slice_of(text);
	for (size_t n = 0; n < all.len; n++) {
		struct slice part = {guarded(slice_to(all, n)), n};
		assert_int_equal(http_request(part, &m), HTTP_MORE);
	}
	char longer[sizeof text + 3];
	snprintf(longer, sizeof longer, "%sabc", text);
	assert_int_equal(request(longer, &m), HTTP_DONE);
	assert_int_equal(m.head.len, all.len);
}

static const struct {
	const char *text, *method;
	uint16_t status;
	const char *reason;
	enum http_framing framing;
	uint64_t length;
	bool malformed, close;
} responses[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "GET", 200, "OK",
     HTTP_LENGTH, 7, false, false},
    {"HTTP/1.1 200\r\n\r\n", "GET", 200, "", HTTP_UNTIL_CLOSE, 0, false, true},
    {"HTTP/1.0 200 \n\n", "GET", 200, "", HTTP_UNTIL_CLOSE, 0, false, true},
    {"HTTP/1.1 404 Non trouv\xe9\r\nContent-Length: 0\r\n\r\n", "GET", 404,
     "Non trouv\xe9", HTTP_NO_BODY, 0, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HEAD", 200, "OK",
     HTTP_NO_BODY, 0, false, false},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "GET", 304,
     "Not Modified", HTTP_NO_BODY, 0, false, false},
    {"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 204, "No",
     HTTP_NO_BODY, 0, false, false},
    {"HTTP/1.1 100 Continue\r\n\r\n", "POST", 100, "Continue", HTTP_NO_BODY, 0,
     false, false},
    {"HTTP/1.1 200 Fine\r\nContent-Length: 7\r\n\r\n", "CONNECT", 200, "Fine",
     HTTP_NO_BODY, 0, false, false},
    {"HTTP/1.1 407 No\r\nContent-Length: 7\r\n\r\n", "CONNECT", 407, "No",
     HTTP_LENGTH, 7, false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "7\r\n\r\n",
     "GET", 200, "OK", HTTP_CHUNKED, 0, false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "GET", 200, "OK",
     HTTP_UNTIL_CLOSE, 0, false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: "
     "7\r\n\r\n",
     "GET", 200, "OK", HTTP_LENGTH, 7, false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n", "GET",
     200, "OK", HTTP_NO_BODY, 0, true, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 7 8\r\n\r\n", "GET", 200, "OK",
     HTTP_NO_BODY, 0, true, false},
};

static void test_responses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(responses); i++) {
		struct message m;
		assert_int_equal(
		    response(responses[i].text, responses[i].method, &m),
		    HTTP_DONE);
		assert_int_equal(m.status, responses[i].status);
		assert_text(m.reason, responses[i].reason);
		assert_int_equal(m.framing, responses[i].framing);
		if (m.framing == HTTP_LENGTH)
			assert_int_equal(m.length, responses[i].length);
		assert_int_equal(m.malformed, responses[i].malformed);
		assert_int_equal(m.close, responses[i].close);
	}
}

static void test_no_responses(void **state)
{
	static const char *const texts[] = {
	    "HTTP/2 200 OK\r\n\r\n",
	    "HTTP/1.1 20 OK\r\n\r\n",
	    "HTTP/1.1200 OK\r\n\r\n",
	    "HTTP/1.1 2000 OK\r\n\r\n",
	    "http/1.1 200 OK\r\n\r\n",
	    "ICY 200 OK\r\n\r\n",
	    "<html>",
	    "HTTP/1.1 099 OK\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct message m;
		assert_int_equal(response(texts[i], "GET", &m), HTTP_BAD);
	}
}

static void test_head_too_long(void **state)
{
	(void)state;
	size_t len = HTTP_HEAD_MAX + 100;
	char *text = malloc(len);
	memset(text, 'a', len);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	struct message m;
	struct slice s = {(uint8_t *)text, len};
	assert_int_equal(http_request(s, &m), HTTP_BAD);
	memset(text, 'a', 19);
	assert_int_equal(http_request(s, &m), HTTP_BAD);
	free(text);
}

static void test_fields(void **state)
{
	(void)state;
	struct slice rest = SLICE("a: 1\r\nB :\t2 \t\r\nno colon\r\n"
				  "C: x\r\n  y\r\n\tz\r\nb: 3\nD:\r\n");
	struct slice again = rest;
	struct field f;
	struct buf line = {0};
	assert_true(http_field_next(&rest, &f));
	assert_text(f.name, "a");
	assert_text(f.value, "1");
	assert_true(http_field_next(&rest, &f));
	assert_text(f.name, "B");
	assert_text(f.value, "2");
	assert_true(http_field_next(&rest, &f));
	assert_text(f.name, "C");
	http_unfold(&line, f.value);
	assert_text(buf_slice(&line), "x y z");
	buf_release(&line);
	assert_true(http_field_next(&rest, &f));
	assert_true(http_field_next(&rest, &f));
	assert_text(f.name, "D");
	assert_int_equal(f.value.len, 0);
	assert_false(http_field_next(&rest, &f));
	assert_text(http_field(again, SLICE("b")), "2");
	assert_null(http_field(again, SLICE("e")).data);
}

static void test_tokens(void **state)
{
	(void)state;
	assert_true(http_has_token(SLICE("a, Close ,b"), SLICE("close")));
	assert_true(http_has_token(SLICE("gzip;q=0"), SLICE("gzip")));
	assert_false(http_has_token(SLICE("closed"), SLICE("close")));
	assert_false(http_has_token(SLICE(""), SLICE("close")));
}

static const struct {
	const char *text, *body, *left;
	enum http_result result;
} chunks[] = {
    {"5\r\nhello\r\n0\r\n\r\nrest", "hello", "rest", HTTP_DONE},
    {"005;x=\"y;z\"\r\nhello\r\n6 \r\n world\r\n0\r\nT: v\r\nU: w\r\n\r\n",
     "hello world", "", HTTP_DONE},
    {"2\nhi\n0\n\n", "hi", "", HTTP_DONE},
    {"0\r\n\r\n", "", "", HTTP_DONE},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", "", HTTP_DONE},
    {"5\r\nhel", "hel", "", HTTP_MORE},
    {"5\r\nhello", "hello", "", HTTP_MORE},
    {"5\r\nhello\r\n0\r\n", "hello", "", HTTP_MORE},
    {"g\r\n", "", "g\r\n", HTTP_BAD},
    {"\r\n", "", "\r\n", HTTP_BAD},
    {"5\r\nhelloX", "hello", "X", HTTP_BAD},
    {"-5\r\nhello", "", "-5\r\nhello", HTTP_BAD},
    {"ffffffffffffffff\r\n", "", "ff\r\n", HTTP_BAD},
};

/* In one go, and byte by byte. */
static void test_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chunks) * 2; i++) {
		size_t n = i / 2;
		struct slice all = slice_of(chunks[n].text);
		struct chunked c = {0};
		struct buf body = {0};
		enum http_result r = HTTP_MORE;
		size_t at = 0;
		while (r == HTTP_MORE && at < all.len) {
			size_t step = i % 2 ? 1 : all.len - at;
			struct slice part = slice_to(slice_from(all, at), step);
			struct slice in = {guarded(part), part.len}, data;
			r = chunked_next(&c, &in, &data);
			buf_add(&body, data);
			at += part.len - in.len;
		}
		assert_int_equal(r, chunks[n].result);
		assert_text(buf_slice(&body), chunks[n].body);
		if (r == HTTP_DONE)
			assert_text(slice_from(all, at), chunks[n].left);
		buf_release(&body);
	}
}

static void test_chunks_with_gap(void **state)
{
	(void)state;
	struct chunked c = {0};
	struct slice in = SLICE("a\r\n01"), data;
	while (in.len)
		assert_int_equal(chunked_next(&c, &in, &data), HTTP_MORE);
	assert_false(chunked_skip(&c, 9));
	assert_true(chunked_skip(&c, 8));
	in = SLICE("\r\n0\r\n\r\n");
	assert_int_equal(chunked_next(&c, &in, &data), HTTP_DONE);
	c = (struct chunked){0};
	assert_false(chunked_skip(&c, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_no_requests),
	    cmocka_unit_test(test_beginnings),
	    cmocka_unit_test(test_responses),
	    cmocka_unit_test(test_no_responses),
	    cmocka_unit_test(test_head_too_long),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_chunks_with_gap),
	};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
