/* Character sets: which one a body is in, and UTF-16 there and back. */
#include "unit.h"

#include "rewrite/charset.h"

#include <stdlib.h>

#define UTF8 CHARSET_UTF8
#define LE CHARSET_UTF16_LE
#define BE CHARSET_UTF16_BE
#define BYTES CHARSET_BYTES

static const struct {
	const char *content_type, *type;
	struct slice body;
	enum charset charset;
} rows[] = {
    /* nothing said */
    {NULL, "text/html", SLICE(""), BYTES},
    {NULL, "text/html", SLICE("<p>x"), BYTES},
    {"text/html", "text/html", SLICE("<p>x"), BYTES},
    {NULL, "text/javascript", SLICE("<meta charset=utf-8>"), BYTES},
    {NULL, "text/plain", SLICE("a\0b\0"), BYTES},
    /* a mark goes before all */
    {NULL, "text/html", SLICE("\xef\xbb\xbfx"), UTF8},
    {NULL, "text/html", SLICE("\xff\xfex\0"), LE},
    {NULL, "text/html", SLICE("\xfe\xff\0x"), BE},
    {"text/html; charset=utf-8", "text/html", SLICE("\xff\xfex\0"), LE},
    {"text/html; charset=utf-16", "text/html", SLICE("\xef\xbb\xbf"), UTF8},
    {NULL, "text/html", SLICE("\xef\xbb"), BYTES},
    /* Content-Type */
    {"text/html; charset=utf-8", "text/html", SLICE("x"), UTF8},
    {"text/html;charset=\"UTF8\"", "text/html", SLICE("x"), UTF8},
    {"text/html; Charset = 'utf-8' ; x", "text/html", SLICE("x"), UTF8},
    {"text/html; x=y; charset=UTF-16", "text/html", SLICE("x"), LE},
    {"text/html; charset=utf-16le", "text/html", SLICE("x"), LE},
    {"text/html; charset=utf-16be", "text/html", SLICE("x"), BE},
    {"text/html; charset=ucs-2", "text/html", SLICE("x"), LE},
    {"text/html; charset=iso-8859-1", "text/html",
     SLICE("<meta charset=utf-8>"), BYTES},
    {"text/html; charset=utf-8x", "text/html", SLICE("x"), BYTES},
    {"text/html; xcharset=utf-8", "text/html", SLICE("x"), BYTES},
    {"text/html; charset", "text/html", SLICE("x"), BYTES},
    {"text/html; charset=", "text/html", SLICE("<meta charset=utf-8>"), UTF8},
    {"charset=utf-8", "text/html", SLICE("x"), BYTES},
    {"application/json; charset=utf-16", "application/json", SLICE("{}"), LE},
    /* meta elements */
    {NULL, "text/html", SLICE("<head><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<META\nCHARSET = 'UTF-8' />"), UTF8},
    {NULL, "text/html", SLICE("<meta charset=\"utf-16\">"), UTF8},
    {NULL, "text/html", SLICE("<meta charset=utf-16be>"), UTF8},
    {NULL, "text/html",
     SLICE("<meta http-equiv=Content-Type "
	   "content='text/html; charset=utf-8'>"),
     UTF8},
    {NULL, "text/html",
     SLICE("<meta content=\"a;charset = 'utf-8'\" "
	   "http-equiv=\"content-type\">"),
     UTF8},
    {NULL, "text/html", SLICE("<meta content='x; charset=utf-8'>"), BYTES},
    {NULL, "text/html",
     SLICE("<meta http-equiv=refresh content='x; charset=utf-8'>"), BYTES},
    {NULL, "text/html", SLICE("<meta charset=gbk><meta charset=utf-8>"), BYTES},
    {NULL, "text/html", SLICE("<meta name=x><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!-- <meta charset=utf-8> -->"), BYTES},
    {NULL, "text/html", SLICE("<!-- x --><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!--><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!--- ---><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!-- --!><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!-- -- ><meta charset=utf-8>"), BYTES},
    {NULL, "text/html", SLICE("<a x='<meta charset=utf-8>'>"), BYTES},
    {NULL, "text/html", SLICE("<a x='>'><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<a b=/><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<!doctype html>< a><meta charset=utf-8>"), UTF8},
    {NULL, "text/html", SLICE("<meta charset=utf-8"), BYTES},
    {NULL, "text/html", SLICE("<metal charset=utf-8>"), BYTES},
    {NULL, "text/html", SLICE("</meta charset=utf-8>"), BYTES},
    /* XML */
    {NULL, "text/xml", SLICE("<x/>"), UTF8},
    {NULL, "image/svg+xml", SLICE("<svg/>"), UTF8},
    {NULL, "text/xml", SLICE("<?xml version='1.0'?>"), UTF8},
    {NULL, "text/xml", SLICE("<?xml version='1.0' encoding='UTF-8'?>"), UTF8},
    {NULL, "text/xml", SLICE("<?xml encoding = \"utf-16\"?>"), UTF8},
    {NULL, "text/xml", SLICE("<?xml version='1.0' encoding='gbk'?>"), BYTES},
    {NULL, "text/xml", SLICE("<\0?\0x\0m\0l\0"), LE},
    {NULL, "text/xml", SLICE("\0<\0?\0x\0m\0l"), BE},
    {NULL, "text/html", SLICE("<?xml encoding='utf-8'?><html>"), UTF8},
    /* JSON, style sheets */
    {NULL, "application/json", SLICE("{}"), UTF8},
    {NULL, "application/ld+json", SLICE("{}"), UTF8},
    {NULL, "text/css", SLICE("@charset \"utf-8\";"), UTF8},
    {NULL, "text/css", SLICE("@charset \"gbk\";"), BYTES},
    {NULL, "text/css", SLICE("@charset 'utf-8';"), BYTES},
    {NULL, "text/css", SLICE("a{}"), BYTES},
};

/* P22 */
static void test_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice given = {0};
		if (rows[i].content_type)
			given = slice_of(rows[i].content_type);
		enum charset got =
		    charset_of(given, slice_of(rows[i].type), rows[i].body);
		if (got != rows[i].charset)
			print_error("row %zu: %.*s\n", i, (int)rows[i].body.len,
				    rows[i].body.data);
		assert_int_equal(got, rows[i].charset);
	}
}

/* Each start of each body, in memory of just its length. */
static void test_of_starts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t len = 0; len <= rows[i].body.len; len++) {
			uint8_t *copy = xmalloc(len);
			struct slice start = {copy, len};
			if (len)
				memcpy(copy, rows[i].body.data, len);
			charset_of(start, slice_of(rows[i].type), start);
			charset_of((struct slice){0}, slice_of(rows[i].type),
				   start);
			free(copy);
		}
	}
}

static void test_far(void **state)
{
	(void)state;
	struct buf body = {0};
	for (size_t i = 0; i < 1024; i++)
		buf_add_byte(&body, '<');
	buf_add_string(&body, "<meta charset=utf-8>");
	assert_int_equal(
	    charset_of((struct slice){0}, SLICE("text/html"), buf_slice(&body)),
	    BYTES);
	buf_release(&body);
}

static struct slice swapped(struct slice body, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i + 1 < body.len; i += 2) {
		buf_add_byte(out, body.data[i + 1]);
		buf_add_byte(out, body.data[i]);
	}
	return buf_slice(out);
}

static void expect_decoded(enum charset charset, struct slice body,
			   struct slice text)
{
	struct buf out = {0}, back = {0};
	buf_add_byte(&out, '!');
	buf_add_byte(&back, '!');
	assert_true(charset_decode(charset, body, &out));
	assert_true(slice_equal(slice_from(buf_slice(&out), 1), text));
	assert_true(charset_encode(charset, text, &back));
	assert_true(slice_equal(slice_from(buf_slice(&back), 1), body));
	buf_release(&out);
	buf_release(&back);
}

static void test_decode(void **state)
{
	(void)state;
	static const struct {
		struct slice body, text;
	} both[] = {
	    {SLICE(""), SLICE("")},
	    {SLICE("a\0b\0"), SLICE("ab")},
	    {SLICE("\0\0"), SLICE("\0")},
	    {SLICE("\xff\xfe<\0"), SLICE("\xef\xbb\xbf<")},
	    {SLICE("\x7f\0\x80\0"), SLICE("\x7f\xc2\x80")},
	    {SLICE("\xff\x07\0\x08"), SLICE("\xdf\xbf\xe0\xa0\x80")},
	    {SLICE("\xff\xff"), SLICE("\xef\xbf\xbf")},
	    {SLICE("\x3d\xd8\0\xde"), SLICE("\xf0\x9f\x98\x80")},
	    {SLICE("\xff\xdb\xff\xdf"), SLICE("\xf4\x8f\xbf\xbf")},
	    {SLICE("\0\xd8\0\xdc"), SLICE("\xf0\x90\x80\x80")},
	    /* halves of characters */
	    {SLICE("\0\xd8"), SLICE("\xed\xa0\x80")},
	    {SLICE("\xff\xdf"), SLICE("\xed\xbf\xbf")},
	    {SLICE("\0\xdc\0\xd8"), SLICE("\xed\xb0\x80\xed\xa0\x80")},
	    {SLICE("\0\xd8\0\xd8\0\xdc"),
	     SLICE("\xed\xa0\x80\xf0\x90\x80\x80")},
	    {SLICE("\0\xd8"
		   "a\0"),
	     SLICE("\xed\xa0\x80"
		   "a")},
	};
	struct buf other = {0};
	for (size_t i = 0; i < COUNT(both); i++) {
		expect_decoded(LE, both[i].body, both[i].text);
		expect_decoded(BE, swapped(both[i].body, &other), both[i].text);
	}
	expect_decoded(BYTES, SLICE("\xff\0x"), SLICE("\xff\0x"));
	expect_decoded(UTF8, SLICE("\xff\0x"), SLICE("\xff\0x"));
	buf_release(&other);
	/* nothing into nothing */
	assert_true(charset_decode(LE, SLICE(""), &other));
	assert_true(charset_encode(BE, SLICE(""), &other));
	assert_int_equal(other.len, 0);
	buf_release(&other);
}

static void test_odd(void **state)
{
	(void)state;
	struct buf out = {0};
	buf_add_string(&out, "as it was");
	assert_false(charset_decode(LE, SLICE("a\0b"), &out));
	assert_false(charset_decode(BE, SLICE("a"), &out));
	assert_text(buf_slice(&out), "as it was");
	buf_release(&out);
}

static void test_no_text(void **state)
{
	(void)state;
	static const struct slice bad[] = {
	    SLICE("a\x80"),
	    SLICE("\xc3"),
	    SLICE("\xc3("),
	    SLICE("\xc0\x80"),
	    SLICE("\xc1\xbf"),
	    SLICE("\xe0\x9f\xbf"),
	    SLICE("\xe2\x82"),
	    SLICE("\xf0\x8f\xbf\xbf"),
	    SLICE("\xf0\x9f\x98"),
	    SLICE("\xf4\x90\x80\x80"),
	    SLICE("\xf8\x88\x80\x80\x80"),
	    SLICE("\xff\xfe"),
	    /* would be read as one character */
	    SLICE("\xed\xa0\x80\xed\xb0\x80"),
	};
	struct buf out = {0};
	buf_add_string(&out, "as it was");
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(charset_encode(LE, bad[i], &out));
		assert_false(charset_encode(BE, bad[i], &out));
	}
	assert_text(buf_slice(&out), "as it was");
	buf_release(&out);
}

/* P22: nothing is lost, whatever the bytes. */
static void test_all_units(void **state)
{
	(void)state;
	struct buf body = {0}, text = {0}, back = {0};
	uint32_t seed = 3;
	for (uint32_t i = 0; i < 0x10000; i++) {
		buf_add_byte(&body, (uint8_t)i);
		buf_add_byte(&body, (uint8_t)(i >> 8));
	}
	for (uint32_t i = 0; i < 0x10000; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_add_byte(&body, (uint8_t)(seed >> 24));
		buf_add_byte(&body, 0xd8 | (seed >> 16 & 7));
	}
	assert_true(charset_decode(LE, buf_slice(&body), &text));
	assert_true(charset_encode(LE, buf_slice(&text), &back));
	assert_true(slice_equal(buf_slice(&body), buf_slice(&back)));
	buf_release(&body);
	buf_release(&text);
	buf_release(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of),        cmocka_unit_test(test_of_starts),
	    cmocka_unit_test(test_far),       cmocka_unit_test(test_decode),
	    cmocka_unit_test(test_odd),       cmocka_unit_test(test_no_text),
	    cmocka_unit_test(test_all_units),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
