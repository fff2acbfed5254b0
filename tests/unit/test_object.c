/* What messages carried: codings off, bounded, whole or not. */
#include "exchanges.h"

#include "replay/report/object.h"

#include "rewrite/coding.h"

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define TEXT "a page, a page, a page, a page\n"
#define ROOM ((size_t)1 << 20)

static int teardown(void **state)
{
	(void)state;
	forget_exchanges();
	return 0;
}

/* An answer with these fields, its length and this body, of which the last
 * missing bytes were not recorded. */
static struct exchange *answer(const char *fields, struct slice body,
			       size_t missing)
{
	struct buf b = {0};
	buf_printf(&b, "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\n\r\n",
		   fields, body.len);
	buf_add(&b, slice_to(body, body.len - missing));
	struct exchange *e = &exchanges[record_bytes(GET, buf_slice(&b))];
	if (missing)
		e->state = EXCHANGE_CUT;
	buf_release(&b);
	return e;
}

static struct exchange *coded(const char *coding, struct slice text,
			      size_t missing)
{
	struct buf body = {0}, fields = {0};
	buf_printf(&fields, "Content-Encoding: %s\r\n", coding);
	buf_add_byte(&fields, 0);
	assert_true(coding_encode(slice_of(coding), text, &body));
	struct exchange *e =
	    answer((const char *)fields.data, buf_slice(&body), missing);
	buf_release(&body);
	buf_release(&fields);
	return e;
}

/* trouble NULL: the object is whole. */
static void expect(struct object *o, struct slice bytes,
		   enum object_coding coding, const char *trouble)
{
	assert_true(slice_equal(o->bytes, bytes));
	assert_string_equal(object_coding_name(o->coding),
			    object_coding_name(coding));
	assert_int_equal(o->whole, !trouble);
	if (trouble)
		assert_string_equal(o->trouble, trouble);
	else
		assert_null(o->trouble);
	object_release(o);
}

static void test_plain(void **state)
{
	(void)state;
	struct object o;
	struct exchange *e =
	    answer("Content-Type: Text/Plain; charset=x\r\n", SLICE(TEXT), 0);
	object_read(&o, e, OBJECT_RESPONSE, ROOM);
	assert_int_equal(o.recorded, sizeof TEXT - 1);
	assert_text(o.type, "text/plain");
	assert_text(o.content_type, "Text/Plain; charset=x");
	assert_int_equal(o.codings.len, 0);
	expect(&o, SLICE(TEXT), OBJECT_PLAIN, NULL);
	object_read(&o, e, OBJECT_REQUEST, ROOM);
	expect(&o, SLICE(""), OBJECT_PLAIN, NULL);
	object_read(&o, &exchanges[record(GET, NULL)], OBJECT_RESPONSE, ROOM);
	expect(&o, SLICE(""), OBJECT_PLAIN, NULL);
}

static void test_decoded(void **state)
{
	(void)state;
	static const char *const codings[] = {"gzip", "deflate",  "br",
					      "zstd", "gzip, br", "x-gzip"};
	for (size_t i = 0; i < COUNT(codings); i++) {
		struct object o;
		struct exchange *e = coded(codings[i], SLICE(TEXT), 0);
		object_read(&o, e, OBJECT_RESPONSE, ROOM);
		assert_text(o.codings, codings[i]);
		assert_int_equal(o.recorded, e->body_bytes);
		expect(&o, SLICE(TEXT), OBJECT_DECODED, NULL);
		object_read_coded(&o, e, OBJECT_RESPONSE, ROOM);
		assert_int_equal(o.bytes.len, e->body_bytes);
		assert_int_equal(o.coding, OBJECT_CODED);
		assert_true(o.whole);
		object_release(&o);
	}
}

/* A transfer coding lies over the content codings. */
static void test_transfer_coding(void **state)
{
	(void)state;
	struct buf inner = {0}, b = {0};
	struct object o;
	coding_encode(SLICE("br, gzip"), SLICE(TEXT), &inner);
	buf_printf(&b,
		   "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n"
		   "Content-Encoding: br\r\n\r\n%zx\r\n",
		   inner.len);
	buf_add(&b, buf_slice(&inner));
	buf_add_string(&b, "\r\n0\r\n\r\n");
	object_read(&o, &exchanges[record_bytes(GET, buf_slice(&b))],
		    OBJECT_RESPONSE, ROOM);
	assert_text(o.codings, "br, gzip");
	assert_int_equal(o.recorded, inner.len);
	expect(&o, SLICE(TEXT), OBJECT_DECODED, NULL);
	buf_release(&inner);
	buf_release(&b);
}

/* What cannot be decoded stays as it was recorded. */
static void test_not_decoded(void **state)
{
	(void)state;
	struct object o;
	object_read(&o, answer("Content-Encoding: rot13\r\n", SLICE(TEXT), 0),
		    OBJECT_RESPONSE, ROOM);
	expect(&o, SLICE(TEXT), OBJECT_CODED,
	       "is in a coding that is not known");
	object_read(&o, answer("Content-Encoding: gzip\r\n", SLICE(TEXT), 0),
		    OBJECT_RESPONSE, ROOM);
	expect(&o, SLICE(TEXT), OBJECT_MISNAMED, NULL);
	struct slice binary = SLICE("MZ\0\1\2\3\4");
	object_read(&o, answer("Content-Encoding: gzip\r\n", binary, 0),
		    OBJECT_RESPONSE, ROOM);
	expect(&o, binary, OBJECT_CODED, "is broken");
	object_read(&o, answer("Content-Encoding: gzip\r\n", SLICE(""), 0),
		    OBJECT_RESPONSE, ROOM);
	assert_text(o.codings, "gzip");
	expect(&o, SLICE(""), OBJECT_PLAIN, NULL);
}

/* What there is, and that it is not all. */
static void test_cut(void **state)
{
	(void)state;
	struct object o;
	object_read(&o, answer("", SLICE(TEXT), 3), OBJECT_RESPONSE, ROOM);
	expect(&o, slice_to(SLICE(TEXT), sizeof TEXT - 4), OBJECT_PLAIN,
	       "is cut");
	/* without the check sum */
	object_read(&o, coded("gzip", SLICE(TEXT), 6), OBJECT_RESPONSE, ROOM);
	expect(&o, SLICE(TEXT), OBJECT_DECODED, "is cut");
	/* the request alone was cut */
	struct exchange *e = answer("", SLICE(TEXT), 0);
	e->state = EXCHANGE_CUT;
	object_read(&o, e, OBJECT_RESPONSE, ROOM);
	expect(&o, SLICE(TEXT), OBJECT_PLAIN, NULL);
}

static void test_gap(void **state)
{
	(void)state;
	struct object o;
	struct exchange *e = answer("", SLICE(TEXT), 0);
	struct stream *s = &flows[e - exchanges].streams[1];
	struct piece all = s->pieces[0], three[3];
	uint32_t head = all.len - (sizeof TEXT - 1);
	three[0] = three[1] = three[2] = all;
	three[0].len = head + 5;
	three[1] = (struct piece){.len = 3};
	three[2].data += head + 8;
	three[2].len -= head + 8;
	s->pieces = three;
	s->count = 3;
	e->state = EXCHANGE_GAP;
	object_read(&o, e, OBJECT_RESPONSE, ROOM);
	assert_int_equal(o.recorded, sizeof TEXT - 1 - 3);
	expect(&o, slice_to(SLICE(TEXT), 5), OBJECT_PLAIN, "has a gap");
}

static void test_bounds(void **state)
{
	(void)state;
	struct object o;
	struct slice start = slice_to(SLICE(TEXT), 7);
	struct exchange *e = answer("", SLICE(TEXT), 0);
	object_read(&o, e, OBJECT_RESPONSE, 7);
	assert_true(o.too_large);
	assert_int_equal(o.recorded, sizeof TEXT - 1);
	expect(&o, start, OBJECT_PLAIN, "is too large");
	object_read(&o, e, OBJECT_RESPONSE, sizeof TEXT - 1);
	assert_false(o.too_large);
	expect(&o, SLICE(TEXT), OBJECT_PLAIN, NULL);

	/* a bomb: its start is there, and not much more memory */
	size_t len = (size_t)64 << 20;
	struct slice zeros = {xcalloc(1, len), len};
	e = coded("br", zeros, 0);
	object_read(&o, e, OBJECT_RESPONSE, len);
	assert_true(o.too_large && !o.whole);
	assert_string_equal(o.trouble, "is too large");
	assert_true(o.bytes.len < len / 8);
	object_release(&o);
	object_read_coded(&o, e, OBJECT_RESPONSE, len);
	assert_int_equal(o.bytes.len, e->body_bytes);
	assert_true(o.whole);
	object_release(&o);
	free((void *)zeros.data);
}

static void test_request(void **state)
{
	(void)state;
	struct object o;
	object_read(&o,
		    &exchanges[record("POST / HTTP/1.1\r\nHost: h\r\n"
				      "Content-Type: application/json\r\n"
				      "Content-Length: 2\r\n\r\n{}",
				      NULL)],
		    OBJECT_REQUEST, ROOM);
	assert_text(o.type, "application/json");
	/* that there is no answer makes it no worse */
	expect(&o, SLICE("{}"), OBJECT_PLAIN, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_plain, teardown),
	    cmocka_unit_test_teardown(test_decoded, teardown),
	    cmocka_unit_test_teardown(test_transfer_coding, teardown),
	    cmocka_unit_test_teardown(test_not_decoded, teardown),
	    cmocka_unit_test_teardown(test_cut, teardown),
	    cmocka_unit_test_teardown(test_gap, teardown),
	    cmocka_unit_test_teardown(test_bounds, teardown),
	    cmocka_unit_test_teardown(test_request, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
