/* JA3 and JA4 of hellos: real ones, published ones, broken ones. */
#include "guard.h"
#include "hellos.h"
#include "unit.h"

#include "capture/fingerprint.h"
#include "capture/hello.h"

#include <stdlib.h>

/* ---- hellos ---- */

/* As Python 3.11 with OpenSSL 3.0 sends it: TLS 1.3 and 1.2, to
 * www.example, with h2 and http/1.1. Its
 * end is padding. */
static const uint8_t hello_13[517] = {
    0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0x25,
    0x1e, 0x1e, 0xd4, 0x2c, 0x72, 0xa9, 0x6a, 0x98, 0xbd, 0x5b, 0x57, 0x4f,
    0xce, 0x45, 0xd5, 0xda, 0x59, 0x91, 0xc5, 0x8b, 0x2d, 0xb9, 0xf4, 0x3b,
    0xe8, 0x55, 0x7e, 0xc0, 0x8d, 0xe5, 0xb1, 0x20, 0x8d, 0x59, 0xfb, 0x58,
    0x7d, 0x89, 0x46, 0xb4, 0x16, 0x0a, 0x70, 0x43, 0xbb, 0x88, 0xb6, 0x5b,
    0x3b, 0xbb, 0x03, 0x82, 0x62, 0x28, 0x10, 0xe1, 0x47, 0x07, 0xbd, 0xd3,
    0x42, 0xa1, 0xbf, 0x50, 0x00, 0x10, 0x13, 0x02, 0x13, 0x03, 0x13, 0x01,
    0xc0, 0x2c, 0xc0, 0x30, 0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0xff, 0x01, 0x00,
    0x01, 0xa3, 0x00, 0x00, 0x00, 0x10, 0x00, 0x0e, 0x00, 0x00, 0x0b, 0x77,
    0x77, 0x77, 0x2e, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x0b,
    0x00, 0x04, 0x03, 0x00, 0x01, 0x02, 0x00, 0x0a, 0x00, 0x16, 0x00, 0x14,
    0x00, 0x1d, 0x00, 0x17, 0x00, 0x1e, 0x00, 0x19, 0x00, 0x18, 0x01, 0x00,
    0x01, 0x01, 0x01, 0x02, 0x01, 0x03, 0x01, 0x04, 0x00, 0x23, 0x00, 0x00,
    0x00, 0x10, 0x00, 0x0e, 0x00, 0x0c, 0x02, 0x68, 0x32, 0x08, 0x68, 0x74,
    0x74, 0x70, 0x2f, 0x31, 0x2e, 0x31, 0x00, 0x16, 0x00, 0x00, 0x00, 0x17,
    0x00, 0x00, 0x00, 0x0d, 0x00, 0x2a, 0x00, 0x28, 0x04, 0x03, 0x05, 0x03,
    0x06, 0x03, 0x08, 0x07, 0x08, 0x08, 0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b,
    0x08, 0x04, 0x08, 0x05, 0x08, 0x06, 0x04, 0x01, 0x05, 0x01, 0x06, 0x01,
    0x03, 0x03, 0x03, 0x01, 0x03, 0x02, 0x04, 0x02, 0x05, 0x02, 0x06, 0x02,
    0x00, 0x2b, 0x00, 0x05, 0x04, 0x03, 0x04, 0x03, 0x03, 0x00, 0x2d, 0x00,
    0x02, 0x01, 0x01, 0x00, 0x33, 0x00, 0x26, 0x00, 0x24, 0x00, 0x1d, 0x00,
    0x20, 0xd8, 0x47, 0x2a, 0xee, 0xca, 0x42, 0x06, 0x97, 0x5c, 0x6e, 0x9e,
    0xd2, 0x35, 0x54, 0x3d, 0xac, 0xf8, 0x1c, 0x4d, 0x4f, 0x19, 0xb5, 0x79,
    0x1c, 0x7d, 0xe5, 0xa1, 0x58, 0x45, 0x92, 0xa9, 0x10, 0x00, 0x15, 0x00,
    0xe4,
};

/* TLS 1.2 alone, to nobody by name. */
static const uint8_t hello_12[] = {
    0x16, 0x03, 0x01, 0x00, 0x6d, 0x01, 0x00, 0x00, 0x69, 0x03, 0x03, 0xf2,
    0x7d, 0xb0, 0xff, 0xa1, 0xca, 0x0e, 0xc7, 0x71, 0x84, 0xdc, 0x1b, 0x61,
    0x4c, 0x7d, 0x0d, 0xbf, 0x2f, 0xf3, 0x15, 0xa8, 0xf8, 0xe2, 0xff, 0x42,
    0xe0, 0x85, 0x20, 0x3f, 0x75, 0xd9, 0xe1, 0x00, 0x00, 0x06, 0x00, 0x2f,
    0x00, 0x35, 0x00, 0xff, 0x01, 0x00, 0x00, 0x3a, 0x00, 0x23, 0x00, 0x00,
    0x00, 0x16, 0x00, 0x00, 0x00, 0x17, 0x00, 0x00, 0x00, 0x0d, 0x00, 0x2a,
    0x00, 0x28, 0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08, 0x08,
    0x08, 0x09, 0x08, 0x0a, 0x08, 0x0b, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06,
    0x04, 0x01, 0x05, 0x01, 0x06, 0x01, 0x03, 0x03, 0x03, 0x01, 0x03, 0x02,
    0x04, 0x02, 0x05, 0x02, 0x06, 0x02,
};

/* One to be made: lists of numbers, ended by END. */
#define END UINT32_MAX
#define LIST_MAX 32
struct offer {
	unsigned version;
	uint32_t ciphers[LIST_MAX], types[LIST_MAX];
	uint32_t groups[LIST_MAX], signatures[LIST_MAX], versions[LIST_MAX];
	struct slice point_formats, alpn; /* the list of protocols */
	bool bare;                        /* without extensions */
};

static void put_list(struct buf *b, const uint32_t *list)
{
	for (; *list != END; list++)
		put16(b, *list);
}

static void put_counted(struct buf *b, const struct buf *body, bool short_len)
{
	if (short_len)
		buf_add_byte(b, (uint8_t)body->len);
	else
		put16(b, (unsigned)body->len);
	buf_add(b, buf_slice(body));
}

static void put_body(struct buf *b, const struct offer *o, uint32_t type)
{
	struct buf list = {0};
	switch (type) {
	case 10:
		put_list(&list, o->groups);
		put_counted(b, &list, false);
		break;
	case 11:
		buf_add(&list, o->point_formats);
		put_counted(b, &list, true);
		break;
	case 13:
		put_list(&list, o->signatures);
		put_counted(b, &list, false);
		break;
	case 16:
		buf_add(&list, o->alpn);
		put_counted(b, &list, false);
		break;
	case 43:
		put_list(&list, o->versions);
		put_counted(b, &list, true);
		break;
	}
	buf_release(&list);
}

static void put_extensions(struct buf *b, const struct offer *o)
{
	struct buf all = {0}, body = {0};
	for (const uint32_t *type = o->types; *type != END; type++) {
		buf_clear(&body);
		put_body(&body, o, *type);
		put16(&all, *type);
		put_counted(&all, &body, false);
	}
	put_counted(b, &all, false);
	buf_release(&all);
	buf_release(&body);
}

static void put_offer(struct buf *b, const struct offer *o)
{
	struct buf body = {0}, ciphers = {0};
	put16(&body, o->version);
	for (int i = 0; i < 32; i++)
		buf_add_byte(&body, (uint8_t)i);
	buf_add_byte(&body, 0);
	put_list(&ciphers, o->ciphers);
	put_counted(&body, &ciphers, false);
	buf_add(&body, SLICE("\x01\x00"));
	if (!o->bare)
		put_extensions(&body, o);
	buf_add(b, SLICE("\x01\x00"));
	put_counted(b, &body, false);
	buf_release(&ciphers);
	buf_release(&body);
}

static struct fingerprint print_of(const struct offer *o)
{
	struct buf hello = {0}, stream = {0};
	struct fingerprint f;
	put_offer(&hello, o);
	put_records(&stream, buf_slice(&hello), 16384);
	assert_true(fingerprint_read(buf_slice(&stream), &f));
	buf_release(&hello);
	buf_release(&stream);
	return f;
}

/* ---- what they are ---- */

static void test_real(void **state)
{
	(void)state;
	struct fingerprint f;
	/* As a program of its own in Python finds them. */
	assert_true(
	    fingerprint_read((struct slice){hello_13, sizeof hello_13}, &f));
	assert_string_equal(f.ja3, "860518fcd8312a3a217dfbe18f493304");
	assert_string_equal(f.ja4, "t13d0812h2_48922242edce_d41ae481755e");
	assert_int_equal(f.version, 0x0304);
	assert_text((struct slice){f.alpn, f.alpn_len}, "h2");
	assert_true(
	    fingerprint_read((struct slice){hello_12, sizeof hello_12}, &f));
	assert_string_equal(f.ja3, "a7c4b53808456ef3b2d5c034c2e5659a");
	assert_string_equal(f.ja4, "t12i030400_03e80547d04c_847bbcdea70d");
	assert_int_equal(f.version, 0x0303);
	assert_int_equal(f.alpn_len, 0);
}

/* The message without its record, of another transport: all else is equal. */
static void test_quic(void **state)
{
	(void)state;
	struct fingerprint f;
	struct slice message = {hello_13 + 5, sizeof hello_13 - 5};
	assert_true(fingerprint_quic(message, &f));
	assert_string_equal(f.ja3, "860518fcd8312a3a217dfbe18f493304");
	assert_string_equal(f.ja4, "q13d0812h2_48922242edce_d41ae481755e");
	for (size_t len = 0; len < message.len; len++) {
		struct guard g = guard_copy(slice_to(message, len));
		assert_false(fingerprint_quic(g.bytes, &f));
		assert_int_equal(f.ja4[0], '\0');
		guard_free(&g);
	}
}

/* The examples of JA3's README. */
static void test_ja3(void **state)
{
	(void)state;
	static const struct offer one = {
	    .version = 769,
	    .ciphers = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19,
			4, END},
	    .types = {0, 10, 11, END},
	    .groups = {23, 24, 25, END},
	    .point_formats = {(const uint8_t *)"", 1},
	};
	static const struct offer two = {
	    .version = 769,
	    .ciphers = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99, END},
	    .bare = true,
	};
	assert_string_equal(print_of(&one).ja3,
			    "ada70206e40642a3e4461f35503241d5");
	struct fingerprint f = print_of(&two);
	assert_string_equal(f.ja3, "de350869b8c85de67a350c8d186f11e6");
	assert_memory_equal(f.ja4, "t10i110000_", 11);
	assert_string_equal(f.ja4 + 23, "_000000000000");
}

/* The example of JA4's own description, from its original order. */
static const struct offer published = {
    .version = 0x0303,
    .ciphers = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9,
		0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, END},
    .types = {0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d,
	      0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
	      END},
    .groups = {END},
    .signatures = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806,
		   0x0601, END},
    .versions = {0x0304, 0x0303, END},
    .alpn = {(const uint8_t *)"\x02h2\x08http/1.1", 12},
};

static void test_ja4(void **state)
{
	(void)state;
	assert_string_equal(print_of(&published).ja4,
			    "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* Values that mean nothing count nowhere: RFC 8701. */
static void test_grease(void **state)
{
	(void)state;
	struct offer o = published;
	memmove(o.ciphers + 1, o.ciphers, 16 * sizeof *o.ciphers);
	memmove(o.types + 1, o.types, 17 * sizeof *o.types);
	memmove(o.signatures + 1, o.signatures, 9 * sizeof *o.signatures);
	o.ciphers[0] = 0x7a7a;
	o.types[0] = 0xfafa;
	o.signatures[0] = 0x0a0a;
	memcpy(o.versions, (uint32_t[]){0xeaea, 0x0304, END},
	       3 * sizeof *o.versions);
	memcpy(o.groups, (uint32_t[]){0x2a2a, END}, 2 * sizeof *o.groups);
	struct fingerprint plain = print_of(&published), f = print_of(&o);
	assert_string_equal(f.ja4, plain.ja4);
	assert_string_equal(f.ja3, plain.ja3);
	assert_int_equal(f.version, 0x0304);
	o.ciphers[0] = 0x7a6a; /* looks like it */
	assert_string_not_equal(print_of(&o).ja4, plain.ja4);
}

static void test_alpn(void **state)
{
	(void)state;
	static const struct {
		struct slice list;
		const char *code;
	} rows[] = {
	    {SLICE("\x02h2"), "h2"},
	    {SLICE("\x08http/1.1\x02h2"), "h1"},
	    {SLICE("\x01x"), "xx"},
	    {SLICE("\x01\xab"), "ab"},
	    {SLICE("\x02\xab\xcd"), "ad"},
	    {SLICE("\x02\x30\xab"), "3b"},
	    {SLICE("\x04\x30\x31\xab\xcd"), "3d"},
	    {SLICE("\x04\x30\xab\xcd\x31"), "01"},
	    {SLICE("\x02-x"), "28"},
	    {SLICE("\x00\x02h2"), "00"},
	    {SLICE(""), "00"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct offer o = published;
		o.alpn = rows[i].list;
		assert_memory_equal(print_of(&o).ja4 + 8, rows[i].code, 2);
	}
}

static void test_versions(void **state)
{
	(void)state;
	static const struct {
		unsigned version;
		const char *code;
	} rows[] = {{0x0300, "s3"}, {0x0301, "10"}, {0x0302, "11"},
		    {0x0303, "12"}, {0x0304, "13"}, {0x0002, "s2"},
		    {0x7f17, "00"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct offer o = {.version = rows[i].version,
				  .ciphers = {47, END},
				  .bare = true};
		struct fingerprint f = print_of(&o);
		assert_memory_equal(f.ja4 + 1, rows[i].code, 2);
		assert_int_equal(f.version, rows[i].version);
	}
}

/* More than two digits hold. */
static void test_many(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	buf_add(&hello, SLICE("\x01\x00"));
	put16(&hello, 2 + 32 + 1 + 2 + 20000 + 2);
	put16(&hello, 0x0303);
	for (int i = 0; i < 33; i++)
		buf_add_byte(&hello, 0);
	put16(&hello, 20000);
	for (unsigned i = 0; i < 10000; i++)
		put16(&hello, i);
	buf_add(&hello, SLICE("\x01\x00"));
	put_records(&stream, buf_slice(&hello), 1000);
	struct fingerprint f;
	assert_true(fingerprint_read(buf_slice(&stream), &f));
	assert_memory_equal(f.ja4, "t12i990000_", 11);
	buf_release(&hello);
	buf_release(&stream);
}

/* ---- cut, split, changed ---- */

static void test_records(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	struct fingerprint f, g;
	put_offer(&hello, &published);
	f = print_of(&published);
	for (size_t size = 1; size < hello.len; size++) {
		buf_clear(&stream);
		put_records(&stream, buf_slice(&hello), size);
		assert_true(fingerprint_read(buf_slice(&stream), &g));
		assert_string_equal(f.ja4, g.ja4);
		assert_string_equal(f.ja3, g.ja3);
		assert_text((struct slice){g.alpn, g.alpn_len}, "h2");
	}
	buf_release(&hello);
	buf_release(&stream);
}

/* Each byte cut off is missed, and nothing is read behind the end. */
static void test_prefixes(void **state)
{
	(void)state;
	const struct slice hellos[] = {{hello_13, sizeof hello_13},
				       {hello_12, sizeof hello_12}};
	struct fingerprint f;
	for (size_t i = 0; i < COUNT(hellos); i++) {
		for (size_t len = 0; len < hellos[i].len; len++) {
			struct guard g = guard_copy(slice_to(hellos[i], len));
			assert_false(fingerprint_read(g.bytes, &f));
			assert_int_equal(f.ja3[0], 0);
			guard_free(&g);
		}
	}
}

static void test_changed(void **state)
{
	(void)state;
	uint8_t copy[sizeof hello_12];
	struct fingerprint f;
	for (size_t i = 0; i < sizeof copy; i++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(copy, hello_12, sizeof copy);
			copy[i] = (uint8_t)value;
			if (!fingerprint_read((struct slice){copy, sizeof copy},
					      &f))
				continue;
			assert_int_equal(strlen(f.ja3), JA3_LEN);
			assert_int_equal(strlen(f.ja4), JA4_LEN);
		}
	}
}

static void test_random(void **state)
{
	(void)state;
	uint8_t bytes[300];
	struct fingerprint f;
	uint32_t seed = 1;
	for (int run = 0; run < 20000; run++) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		/* Half of them get as far as the hello's own fields. */
		if (run & 1)
			memcpy(bytes, "\x16\x03\x01\x01\x27\x01\x00\x01\x23",
			       9);
		struct slice s = {bytes, seed % sizeof bytes};
		fingerprint_read(s, &f);
		hello_asks_certificate(s);
		handshake_extent(s);
	}
}

static void test_not_hellos(void **state)
{
	(void)state;
	struct fingerprint f;
	assert_false(fingerprint_read(SLICE("GET / HTTP/1.1\r\n\r\n"), &f));
	/* SSLv2-compatible: RFC 5246 E.2 */
	assert_false(fingerprint_read(
	    SLICE("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"), &f));
	/* A ServerHello. */
	uint8_t copy[sizeof hello_12];
	memcpy(copy, hello_12, sizeof copy);
	copy[5] = 2;
	assert_false(fingerprint_read((struct slice){copy, sizeof copy}, &f));
}

/* ---- the server's side ---- */

static void put_message(struct buf *b, uint8_t type, unsigned len)
{
	buf_add_byte(b, type);
	buf_add_byte(b, 0);
	put16(b, len);
	for (unsigned i = 0; i < len; i++)
		buf_add_byte(b, 0x5a);
}

static void test_asks(void **state)
{
	(void)state;
	struct buf plain = {0}, stream = {0};
	put_message(&plain, 2, 70);
	put_message(&plain, 11, 3000);
	put_message(&plain, 12, 300);
	put_records(&stream, buf_slice(&plain), 1400);
	assert_false(hello_asks_certificate(buf_slice(&stream)));
	put_message(&plain, 13, 40);
	put_message(&plain, 14, 0);
	for (size_t size = 1; size < 4000; size += 37) {
		buf_clear(&stream);
		put_records(&stream, buf_slice(&plain), size);
		assert_true(hello_asks_certificate(buf_slice(&stream)));
	}
	/* Cut in it: it is none yet. */
	assert_false(hello_asks_certificate(
	    slice_to(buf_slice(&stream), stream.len - 5)));
	/* Behind a ChangeCipherSpec nothing is in clear. */
	buf_clear(&stream);
	buf_clear(&plain);
	put_message(&plain, 2, 70);
	put_records(&stream, buf_slice(&plain), 1400);
	buf_add(&stream, SLICE("\x14\x03\x03\x00\x01\x01"));
	buf_clear(&plain);
	put_message(&plain, 13, 40);
	put_records(&stream, buf_slice(&plain), 1400);
	assert_false(hello_asks_certificate(buf_slice(&stream)));
	buf_release(&plain);
	buf_release(&stream);
}

static void test_extent(void **state)
{
	(void)state;
	struct slice hello = {hello_12, sizeof hello_12};
	assert_int_equal(handshake_begins(hello), HANDSHAKE_CLIENT_HELLO);
	assert_int_equal(handshake_extent(hello), sizeof hello_12);
	struct buf stream = {0};
	put_records(&stream, slice_from(hello, 5), 50);
	assert_int_equal(handshake_extent(buf_slice(&stream)), HELLO_MAX);
	assert_int_equal(handshake_begins(SLICE("\x16\x03\x01\x00\x05")),
			 HANDSHAKE_NONE);
	buf_release(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_real),     cmocka_unit_test(test_ja3),
	    cmocka_unit_test(test_ja4),      cmocka_unit_test(test_grease),
	    cmocka_unit_test(test_alpn),     cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_many),     cmocka_unit_test(test_records),
	    cmocka_unit_test(test_prefixes), cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_random),   cmocka_unit_test(test_not_hellos),
	    cmocka_unit_test(test_asks),     cmocka_unit_test(test_extent),
	    cmocka_unit_test(test_quic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
