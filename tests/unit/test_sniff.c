/* Media types by Content-Type and by the body's own bytes. */
#include "unit.h"

#include "rewrite/sniff.h"

static void expect(const char *content_type, struct slice body,
		   const char *type)
{
	struct buf out = {0};
	struct slice given = {0};
	if (content_type)
		given = slice_of(content_type);
	struct slice got = sniff_type(given, body, &out);
	if (!slice_equal(got, slice_of(type)))
		print_error("%s: %.*s\n", type, (int)got.len, got.data);
	assert_text(got, type);
	buf_release(&out);
}

#define BINARY "application/octet-stream"

static const char *const text_types[] = {
    "text/html",
    "text/plain",
    "text/css",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
    "application/ecmascript",
    "application/json",
    "application/ld+json",
    "application/xml",
    "application/xhtml+xml",
    "image/svg+xml",
    "application/rss+xml",
    "application/dash+xml",
    "application/x-www-form-urlencoded",
    "application/vnd.apple.mpegurl",
    "audio/x-mpegurl",
    "application/x-ns-proxy-autoconfig",
    "application/hta",
};

static const struct slice binaries[] = {
    SLICE("MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff"),
    SLICE("\x7f"
	  "ELF\x02\x01\x01\0"),
    SLICE("PK\x03\x04\x14\0\0\0\x08\0"),
    SLICE("PK\x05\x06\0\0\0\0"),
    SLICE("Rar!\x1a\x07\x01\0"),
    SLICE("7z\xbc\xaf\x27\x1c\0\x04"),
    SLICE("\x1f\x8b\x08\0\0\0\0\0"),
    SLICE("BZh91AY&SY"),
    SLICE("\xfd"
	  "7zXZ\0\0\x04"),
    SLICE("\x28\xb5\x2f\xfd\x04"),
    SLICE("MSCF\0\0\0\0\x10"),
    SLICE("%PDF-1.4\n1 0 obj\n"),
    SLICE("{\\rtf1\\ansi"),
    SLICE("FWS\x05\x30\x01\0\0"),
    SLICE("CWS\x09\x30\x01\0\0"),
    SLICE("ZWS\x0d\x30\x01\0\0"),
    SLICE("\xca\xfe\xba\xbe\0\0\0\x32"),
    SLICE("\x89PNG\r\n\x1a\n"),
    SLICE("GIF89a\x01\0\x01\0"),
    SLICE("\xff\xd8\xff\xe0\0\x10JFIF"),
    SLICE("BM\x36\x10\0\0\0\0\0\0"),
    SLICE("\0\0\x01\0\x01\0\x10\x10"),
    SLICE("RIFF\x24\x10\0\0WEBPVP8 "),
    SLICE("RIFF\x24\x10\0\0WAVEfmt "),
    SLICE("OggS\0\x02\0\0"),
    SLICE("ID3\x03\0\0\0\0"),
    SLICE("\0\0\0\x18"
	  "ftypmp42\0\0\0\0"),
    SLICE("wOFF\0\x01\0\0"),
    SLICE("wOF2\0\x01\0\0"),
    SLICE("\0\x01\0\0\0\x10"),
    SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"),
    SLICE("\0asm\x01\0\0\0"),
    SLICE("L\0\0\0\x01\x14\x02\0"),
    SLICE("dex\n035\0"),
    SLICE("\xcf\xfa\xed\xfe\x07\0\0\x01"),
    SLICE("\xfe\xed\xfa\xce\0\0\0\x12"),
};

/* P22: payloads under the name of a text. */
static void test_binaries(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(binaries); i++) {
		for (size_t j = 0; j < COUNT(text_types); j++)
			expect(text_types[j], binaries[i], BINARY);
		expect("image/png", binaries[i], "image/png");
	}
}

/* Words with which texts may begin as well. */
static void test_words(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "MZ is the mark of an old program",
	    "BMW and others",
	    "FWS is short for something",
	    "CWS = 1;",
	    "RIFF raff",
	    "ID3 tags are described here",
	    "PK: primary key",
	    "the ftyp box",
	    "OTTO",
	    "GIF8 pictures",
	    "%PDFs",
	    "7zip",
	    "Rar!",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		expect("text/plain", slice_of(texts[i]), "text/plain");
		expect(NULL, slice_of(texts[i]), "text/plain");
	}
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *content_type, *type;
	} rows[] = {
	    {"text/html", "text/html"},
	    {"Text/HTML; charset=UTF-8", "text/html"},
	    {" text/html ;x", "text/html"},
	    {"text/html charset=utf-8", "text/html"},
	    {"text/css,text/css", "text/css"},
	    {"Application/X-JavaScript", "application/x-javascript"},
	    {"image/png", "image/png"},
	    {"application/octet-stream", "application/octet-stream"},
	    {"application/vnd.ms-cab.x+y", "application/vnd.ms-cab.x+y"},
	    /* Those that browsers do not take: the body shows. */
	    {"", "text/plain"},
	    {"html", "text/plain"},
	    {"/", "text/plain"},
	    {"text/", "text/plain"},
	    {"/html", "text/plain"},
	    {"text/html/x", "text/plain"},
	    {"*/*", "text/plain"},
	    {"unknown/unknown", "text/plain"},
	    {"application/unknown", "text/plain"},
	    {"text/<html>", "text/plain"},
	    {"te\"xt/html", "text/plain"},
	    {";", "text/plain"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(rows[i].content_type, SLICE("hello"), rows[i].type);
	expect("html", binaries[0], BINARY);
	/* NULs that only look like the end. */
	struct buf out = {0};
	assert_text(
	    sniff_type((struct slice){(const uint8_t *)"text/html\0x", 11},
		       SLICE("x"), &out),
	    "text/plain");
	buf_release(&out);
}

static void test_without_type(void **state)
{
	(void)state;
	static const struct {
		struct slice body;
		const char *type;
	} rows[] = {
	    {SLICE(""), "text/plain"},
	    {SLICE("hello"), "text/plain"},
	    {SLICE("<html>"), "text/html"},
	    {SLICE("\r\n\t <!DOCTYPE HTML PUBLIC"), "text/html"},
	    {SLICE("<!doctype html>"), "text/html"},
	    {SLICE("\xef\xbb\xbf<HTML lang=en>"), "text/html"},
	    {SLICE("<head>"), "text/html"},
	    {SLICE("<SCRIPT src=x>"), "text/html"},
	    {SLICE("<iframe src=x>"), "text/html"},
	    {SLICE("<h1>Not Found</h1>"), "text/html"},
	    {SLICE("<div class=x>"), "text/html"},
	    {SLICE("<font>"), "text/html"},
	    {SLICE("<table>"), "text/html"},
	    {SLICE("<a href=x>"), "text/html"},
	    {SLICE("<style>"), "text/html"},
	    {SLICE("<title>x"), "text/html"},
	    {SLICE("<b>x"), "text/html"},
	    {SLICE("<body\nonload=x>"), "text/html"},
	    {SLICE("<br/>"), "text/html"},
	    {SLICE("<p>"), "text/html"},
	    {SLICE("<!--x"), "text/html"},
	    {SLICE("<meta http-equiv=refresh>"), "text/html"},
	    {SLICE("<html>\0\0\x01"), "text/html"},
	    {SLICE("<abc>"), "text/plain"},
	    {SLICE("<html"), "text/plain"},
	    {SLICE("<h1x>"), "text/plain"},
	    {SLICE("< html>"), "text/plain"},
	    {SLICE("<?xml version='1.0'?><x/>"), "text/xml"},
	    {SLICE("{\"a\":1}"), "application/json"},
	    {SLICE("{ }"), "application/json"},
	    {SLICE("[\n1,2]"), "application/json"},
	    {SLICE("[{}]"), "application/json"},
	    {SLICE("[]"), "application/json"},
	    {SLICE("[null]"), "application/json"},
	    {SLICE("[InternetShortcut]\nURL=http://192.0.2.7/"), "text/plain"},
	    {SLICE("{ x }"), "text/plain"},
	    {SLICE("{"), "text/plain"},
	    {SLICE("#EXTM3U\n"), "application/vnd.apple.mpegurl"},
	    {SLICE("// x\nfunction FindProxyForURL(url, host) {"),
	     "application/x-ns-proxy-autoconfig"},
	    {SLICE("\xff\xfeh\0i\0"), "text/plain"},
	    {SLICE("h\0i\0"), "text/plain"},
	    {SLICE("\0h\0i"), "text/plain"},
	    {SLICE("\x01\x02\x03\x04"), BINARY},
	    {SLICE("hello\0"), BINARY},
	    {SLICE("\x89PNG\r\n\x1a\n"), "image/png"},
	    {SLICE("%PDF-1.7"), "application/pdf"},
	    {SLICE("PK\x03\x04\x14"), "application/zip"},
	    {SLICE("MZ\x90\0"), BINARY},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect(NULL, rows[i].body, rows[i].type);
}

static struct buf make_noise(size_t len)
{
	struct buf noise = {0};
	uint32_t seed = 7;
	while (noise.len < len) {
		seed = seed * 1664525 + 1013904223;
		buf_add_byte(&noise, (uint8_t)(seed >> 24));
	}
	return noise;
}

/* P22: encrypted payloads have no first bytes of their own. */
static void test_noise(void **state)
{
	(void)state;
	struct buf noise = make_noise(5000);
	for (size_t i = 0; i < COUNT(text_types); i++)
		expect(text_types[i], buf_slice(&noise), BINARY);
	expect(NULL, buf_slice(&noise), BINARY);
	expect("image/jpeg", buf_slice(&noise), "image/jpeg");
	/* One that only begins as a tag might. */
	noise.data[0] = '<';
	noise.data[1] = 0xaa;
	expect("text/html", buf_slice(&noise), BINARY);
	buf_release(&noise);
}

/* As much as one binary byte in fifty is a text; zeros in a page any. */
static void test_stray(void **state)
{
	(void)state;
	struct buf text = {0};
	for (size_t i = 0; i < 100; i++)
		buf_add_byte(&text, 'a');
	text.data[10] = text.data[20] = 1;
	expect("text/plain", buf_slice(&text), "text/plain");
	text.data[30] = 1;
	expect("text/plain", buf_slice(&text), BINARY);
	buf_release(&text);

	expect("text/html", SLICE("<ht\0ml><\0s\0c\0ript>a()</script>"),
	       "text/html");
	expect("text/html", SLICE("<\0h\0t\0m\0l\0>\0"), "text/html");
	expect("text/html", SLICE("\0\0 \n<\0html>\0\0\0"), "text/html");
	expect("text/html", SLICE("<\0\x90\0\0\0\0"), BINARY);
	expect("text/javascript", SLICE("callback(1)\0"), "text/javascript");
	expect("text/plain", SLICE("\0"), "text/plain");
}

/* P22 */
static void test_utf16(void **state)
{
	(void)state;
	static const struct slice bodies[] = {
	    SLICE("\xff\xfe<\0p\0>\0"),
	    SLICE("\xfe\xff\0<\0p\0>"),
	    SLICE("a\0(\0)\0;\0"),
	    SLICE("\0a\0(\0)\0;"),
	    SLICE("\xff\xfe\x1f\x04\x40\x04\x38\x04"),
	};
	for (size_t i = 0; i < COUNT(bodies); i++)
		expect("text/javascript", bodies[i], "text/javascript");
	expect("text/javascript", SLICE("a\0\0\0b\0\0\0"), BINARY);
}

/* What is looked at ends where it should, and all of it may be looked at. */
static void test_lengths(void **state)
{
	(void)state;
	struct buf body = {0};
	for (size_t i = 0; i < 3000; i++)
		buf_add_byte(&body, 'a');
	memset(body.data + 1445, 0, 3000 - 1445);
	expect("text/plain", buf_slice(&body), "text/plain");
	expect(NULL, buf_slice(&body), "text/plain");
	memset(body.data + 1400, 0, 45);
	expect("text/plain", buf_slice(&body), BINARY);
	buf_release(&body);
	for (size_t i = 0; i < COUNT(binaries); i++) {
		for (size_t len = 0; len <= binaries[i].len; len++) {
			struct buf start = {0}, out = {0};
			start.data = xmalloc(len);
			start.len = start.cap = len;
			if (len)
				memcpy(start.data, binaries[i].data, len);
			assert_true(sniff_type((struct slice){0},
					       buf_slice(&start), &out)
					.len);
			assert_true(sniff_type(buf_slice(&start),
					       buf_slice(&start), &out)
					.len);
			buf_release(&start);
			buf_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_binaries),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_without_type),
	    cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_stray),
	    cmocka_unit_test(test_utf16),
	    cmocka_unit_test(test_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
