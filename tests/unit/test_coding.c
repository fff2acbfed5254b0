/* Content codings, with vectors made by the libraries themselves. */
#include "unit.h"

#include "rewrite/coding.h"

#include <stdlib.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#define NO_MAX SIZE_MAX
#define TEXT_LEN 100000

enum { GZIP = 16 + MAX_WBITS, ZLIB = MAX_WBITS, RAW = -MAX_WBITS };

static struct buf make_zlib(struct slice plain, int window)
{
	struct buf out = {0};
	z_stream z = {0};
	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	size_t bound = deflateBound(&z, plain.len);
	z.next_in = (Bytef *)(uintptr_t)plain.data;
	z.avail_in = (uInt)plain.len;
	z.next_out = buf_reserve(&out, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out.len = z.total_out;
	deflateEnd(&z);
	return out;
}

static struct buf make_br(struct slice plain)
{
	struct buf out = {0};
	size_t len = BrotliEncoderMaxCompressedSize(plain.len);
	uint8_t *at = buf_reserve(&out, len);
	assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, plain.len,
					  plain.data, &len, at));
	out.len = len;
	return out;
}

static struct buf make_zstd(struct slice plain)
{
	struct buf out = {0};
	size_t len = ZSTD_compressBound(plain.len);
	len = ZSTD_compress(buf_reserve(&out, len), len, plain.data, plain.len,
			    3);
	assert_false(ZSTD_isError(len));
	out.len = len;
	return out;
}

static struct buf make(const char *coding, struct slice plain)
{
	if (!strcmp(coding, "br"))
		return make_br(plain);
	if (!strcmp(coding, "zstd"))
		return make_zstd(plain);
	return make_zlib(plain, !strcmp(coding, "deflate") ? ZLIB : GZIP);
}

/* Text that shrinks, but not beyond measure. */
static struct buf make_text(size_t len)
{
	struct buf text = {0};
	uint32_t seed = 1;
	while (text.len < len) {
		seed = seed * 1664525 + 1013904223;
		buf_printf(&text, "<p>%u</p>\n", seed >> 8);
	}
	text.len = len;
	return text;
}

static void expect(const char *codings, struct slice body,
		   enum coding_result result, struct slice plain)
{
	struct buf out = {0};
	assert_int_equal(coding_decode(slice_of(codings), body, NO_MAX, &out),
			 result);
	assert_true(slice_equal(buf_slice(&out), plain));
	buf_release(&out);
}

/* In pieces of every size up to a few bytes, each on its own piece of heap. */
static void expect_pieces(const char *codings, struct slice body,
			  enum coding_result result, struct slice plain)
{
	for (size_t size = 1; size < 8; size++) {
		struct buf out = {0};
		struct coding *c;
		assert_int_equal(coding_open(&c, slice_of(codings), NO_MAX),
				 CODING_OK);
		for (size_t at = 0; at < body.len; at += size) {
			struct slice piece =
			    slice_to(slice_from(body, at), size);
			uint8_t *copy = malloc(size);
			memcpy(copy, piece.data, piece.len);
			coding_feed(c, (struct slice){copy, piece.len}, &out);
			free(copy);
		}
		assert_int_equal(coding_finish(c), result);
		assert_true(slice_equal(buf_slice(&out), plain));
		coding_free(c);
		buf_release(&out);
	}
}

static const char *const all[] = {"gzip", "deflate", "br", "zstd"};

static void test_each(void **state)
{
	(void)state;
	struct buf text = make_text(TEXT_LEN);
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf body = make(all[i], buf_slice(&text));
		expect(all[i], buf_slice(&body), CODING_OK, buf_slice(&text));
		expect_pieces(all[i], buf_slice(&body), CODING_OK,
			      buf_slice(&text));
		buf_release(&body);
		body = make(all[i], SLICE(""));
		expect(all[i], buf_slice(&body), CODING_OK, SLICE(""));
		buf_release(&body);
	}
	buf_release(&text);
}

static void test_names(void **state)
{
	(void)state;
	struct buf body = make("gzip", SLICE("hello"));
	struct slice b = buf_slice(&body);
	expect("x-gzip", b, CODING_OK, SLICE("hello"));
	expect(" GZip ", b, CODING_OK, SLICE("hello"));
	expect(",gzip,, identity", b, CODING_OK, SLICE("hello"));
	expect("", b, CODING_OK, b);
	expect("identity", b, CODING_OK, b);
	expect("sdch", b, CODING_UNKNOWN, SLICE(""));
	expect("gzip, sdch", b, CODING_UNKNOWN, SLICE(""));
	expect("gzip;q=1", b, CODING_UNKNOWN, SLICE(""));
	expect("compress", b, CODING_UNKNOWN, SLICE(""));
	expect("gzip,gzip,gzip,gzip,gzip", b, CODING_UNKNOWN, SLICE(""));
	buf_release(&body);
}

static void test_raw_deflate(void **state)
{
	(void)state;
	struct buf text = make_text(TEXT_LEN);
	struct buf body = make_zlib(buf_slice(&text), RAW);
	expect("deflate", buf_slice(&body), CODING_OK, buf_slice(&text));
	expect_pieces("deflate", buf_slice(&body), CODING_OK, buf_slice(&text));
	buf_release(&body);
	/* a stored block */
	expect("deflate", SLICE("\x01\x02\x00\xfd\xffhi"), CODING_OK,
	       SLICE("hi"));
	buf_release(&text);
}

static void test_members(void **state)
{
	(void)state;
	static const char *const several[] = {"gzip", "zstd"};
	for (size_t i = 0; i < COUNT(several); i++) {
		struct buf body = make(several[i], SLICE("one,"));
		struct buf second = make(several[i], SLICE(""));
		struct buf third = make(several[i], SLICE("three"));
		buf_add(&body, buf_slice(&second));
		buf_add(&body, buf_slice(&third));
		expect(several[i], buf_slice(&body), CODING_OK,
		       SLICE("one,three"));
		expect_pieces(several[i], buf_slice(&body), CODING_OK,
			      SLICE("one,three"));
		body.len -= 2; /* of gzip's length; for zstd see test_cut */
		if (i == 0)
			expect_pieces("gzip", buf_slice(&body), CODING_CUT,
				      SLICE("one,three"));
		buf_release(&body);
		buf_release(&second);
		buf_release(&third);
	}
}

static void test_trailing(void **state)
{
	(void)state;
	static const struct slice garbage[] = {SLICE("\0\0\0\0"),
					       SLICE("<!-- -->"), SLICE("\n")};
	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t j = 0; j < COUNT(garbage); j++) {
			struct buf body = make(all[i], SLICE("page"));
			buf_add(&body, garbage[j]);
			expect(all[i], buf_slice(&body), CODING_TRAILING,
			       SLICE("page"));
			expect_pieces(all[i], buf_slice(&body), CODING_TRAILING,
				      SLICE("page"));
			buf_release(&body);
		}
	}
	/* What only begins like another member. */
	struct buf body = make("gzip", SLICE("page"));
	buf_add(&body, SLICE("\x1f\x8b\x08\xff\xff"));
	body.data[body.len - 3] = 9;
	expect("gzip", buf_slice(&body), CODING_TRAILING, SLICE("page"));
	buf_release(&body);
}

static void test_stacked(void **state)
{
	(void)state;
	struct buf text = make_text(TEXT_LEN);
	for (size_t i = 0; i < COUNT(all); i++) {
		for (size_t j = 0; j < COUNT(all); j++) {
			char codings[32];
			struct buf inner = make(all[i], buf_slice(&text));
			struct buf outer = make(all[j], buf_slice(&inner));
			snprintf(codings, sizeof codings, "%s, %s", all[i],
				 all[j]);
			expect(codings, buf_slice(&outer), CODING_OK,
			       buf_slice(&text));
			buf_add_byte(&outer, '\n');
			expect_pieces(codings, buf_slice(&outer),
				      CODING_TRAILING, buf_slice(&text));
			buf_release(&inner);
			buf_release(&outer);
		}
	}
	buf_release(&text);
}

/* Garbage behind the inner coding does not hide the end of the outer one. */
static void test_stacked_trailing(void **state)
{
	(void)state;
	struct buf inner = make("br", SLICE("page"));
	struct buf rest = make_text(TEXT_LEN);
	buf_add(&inner, buf_slice(&rest));
	struct buf outer = make("gzip", buf_slice(&inner));
	expect("br, gzip", buf_slice(&outer), CODING_TRAILING, SLICE("page"));
	outer.len -= 8;
	expect("br, gzip", buf_slice(&outer), CODING_CUT, SLICE("page"));
	buf_release(&inner);
	buf_release(&rest);
	buf_release(&outer);
}

/* Cut anywhere it is never told as whole, and what comes out is its start. */
static void test_cut(void **state)
{
	(void)state;
	struct buf text = make_text(3000);
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf body = make(all[i], buf_slice(&text));
		for (size_t len = 1; len < body.len; len++) {
			struct buf out = {0};
			assert_int_equal(
			    coding_decode(slice_of(all[i]),
					  slice_to(buf_slice(&body), len),
					  NO_MAX, &out),
			    CODING_CUT);
			assert_true(
			    slice_starts(buf_slice(&text), buf_slice(&out)));
			buf_release(&out);
		}
		expect(all[i], SLICE(""), CODING_OK, SLICE(""));
		buf_release(&body);
	}
	buf_release(&text);
}

static void test_broken(void **state)
{
	(void)state;
	struct slice html = SLICE("<html>never was compressed</html>");
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf out = {0};
		enum coding_result result =
		    coding_decode(slice_of(all[i]), html, NO_MAX, &out);
		assert_true(result == CODING_BROKEN || result == CODING_CUT);
		buf_release(&out);
	}
	expect("gzip", html, CODING_BROKEN, SLICE(""));
	struct buf body = make("gzip", SLICE("checked"));
	body.data[body.len - 8] ^= 1; /* its CRC */
	expect("gzip", buf_slice(&body), CODING_BROKEN, SLICE("checked"));
	buf_release(&body);
	body = make("deflate", SLICE("checked"));
	body.data[body.len - 1] ^= 1; /* its Adler-32 */
	expect("deflate", buf_slice(&body), CODING_BROKEN, SLICE("checked"));
	buf_release(&body);
}

/* Bytes changed at every place: no trouble but a result. */
static void test_changed(void **state)
{
	(void)state;
	struct buf text = make_text(300);
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf body = make(all[i], buf_slice(&text));
		for (size_t at = 0; at < 8 * body.len; at++) {
			struct buf out = {0};
			body.data[at / 8] ^= (uint8_t)(1 << at % 8);
			coding_decode(slice_of(all[i]), buf_slice(&body),
				      1 << 20, &out);
			assert_true(out.len <= 1 << 20);
			body.data[at / 8] ^= (uint8_t)(1 << at % 8);
			buf_release(&out);
		}
		buf_release(&body);
	}
	buf_release(&text);
}

static void test_max(void **state)
{
	(void)state;
	struct buf text = make_text(TEXT_LEN), out = {0};
	struct buf body = make("gzip", buf_slice(&text));
	struct slice b = buf_slice(&body);
	assert_int_equal(coding_decode(SLICE("gzip"), b, TEXT_LEN, &out),
			 CODING_OK);
	buf_clear(&out);
	assert_int_equal(coding_decode(SLICE("gzip"), b, TEXT_LEN - 1, &out),
			 CODING_TOO_LARGE);
	assert_true(out.len < TEXT_LEN);
	buf_clear(&out);
	assert_int_equal(coding_decode(SLICE("identity"), b, 10, &out),
			 CODING_TOO_LARGE);
	assert_int_equal(out.len, 0);
	buf_release(&out);
	buf_release(&body);
	buf_release(&text);
}

/* 64 MiB of nothing: small in br, zstd and in gzip inside gzip. */
static void test_bomb(void **state)
{
	(void)state;
	static const char *const bombs[] = {"br", "zstd", "gzip, gzip",
					    "br, gzip"};
	size_t len = (size_t)64 << 20;
	uint8_t *zeros = calloc(1, len);
	struct slice plain = {zeros, len};
	struct buf made[] = {make("br", plain), make("zstd", plain),
			     make("gzip", plain), make("br", plain)};
	for (size_t i = 2; i < COUNT(made); i++) {
		struct buf outer = make("gzip", buf_slice(&made[i]));
		buf_release(&made[i]);
		made[i] = outer;
	}
	for (size_t i = 0; i < COUNT(made); i++) {
		struct buf out = {0};
		assert_int_equal(coding_decode(slice_of(bombs[i]),
					       buf_slice(&made[i]), NO_MAX,
					       &out),
				 CODING_TOO_LARGE);
		assert_true(out.len <= CODING_FREE_LEN ||
			    out.len <= made[i].len * CODING_RATIO_MAX);
		buf_release(&out);
		buf_release(&made[i]);
	}
	free(zeros);
}

static void expect_encoded(const char *codings, struct slice plain)
{
	struct buf coded = {0}, back = {0};
	buf_add_string(&coded, "before");
	assert_true(coding_encode(slice_of(codings), plain, &coded));
	assert_int_equal(coding_decode(slice_of(codings),
				       slice_from(buf_slice(&coded), 6), NO_MAX,
				       &back),
			 CODING_OK);
	assert_true(slice_equal(buf_slice(&back), plain));
	assert_true(slice_starts(buf_slice(&coded), SLICE("before")));
	if (plain.len > 1000)
		assert_true(coded.len < plain.len * 2 / 3);
	buf_release(&coded);
	buf_release(&back);
}

static void test_encode(void **state)
{
	(void)state;
	static const char *const codings[] = {
	    "gzip",
	    "deflate",
	    "br",
	    "zstd",
	    "x-gzip",
	    " GZip ",
	    "gzip, br",
	    "br,gzip",
	    "zstd,br",
	    "deflate,gzip",
	    "gzip,gzip",
	    "identity,br",
	    "gzip,br,zstd,deflate",
	};
	struct buf page = make_text(TEXT_LEN), large = make_text(1 << 20);
	for (size_t i = 0; i < COUNT(codings); i++) {
		expect_encoded(codings[i], SLICE(""));
		expect_encoded(codings[i], SLICE("\0"));
		expect_encoded(codings[i], buf_slice(&page));
		expect_encoded(codings[i], buf_slice(&large));
	}
	buf_release(&page);
	buf_release(&large);
}

/* What does not shrink, in more than one chunk. */
static void test_encode_noise(void **state)
{
	(void)state;
	struct buf noise = {0};
	uint32_t seed = 1;
	while (noise.len < TEXT_LEN) {
		seed = seed * 1664525 + 1013904223;
		buf_add_byte(&noise, (uint8_t)(seed >> 24));
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		struct buf coded = {0}, back = {0};
		assert_true(
		    coding_encode(slice_of(all[i]), buf_slice(&noise), &coded));
		assert_int_equal(coding_decode(slice_of(all[i]),
					       buf_slice(&coded), NO_MAX,
					       &back),
				 CODING_OK);
		assert_true(slice_equal(buf_slice(&back), buf_slice(&noise)));
		buf_release(&coded);
		buf_release(&back);
	}
	buf_release(&noise);
}

static void test_encode_names(void **state)
{
	(void)state;
	static const char *const unknown[] = {
	    "sdch",
	    "gzip, sdch",
	    "compress",
	    "gzip;q=1",
	    "gzip,gzip,gzip,gzip,gzip",
	};
	struct buf out = {0};
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_false(
		    coding_encode(slice_of(unknown[i]), SLICE("page"), &out));
	assert_int_equal(out.len, 0);
	assert_true(coding_encode(SLICE(""), SLICE("page"), &out));
	assert_true(coding_encode(SLICE("identity"), SLICE("page"), &out));
	assert_text(buf_slice(&out), "pagepage");
	/* RFC 1950 2.2: a header, not raw deflate data. */
	buf_clear(&out);
	assert_true(coding_encode(SLICE("deflate"), SLICE("page"), &out));
	assert_int_equal(out.data[0], 0x78);
	assert_int_equal((out.data[0] << 8 | out.data[1]) % 31, 0);
	buf_release(&out);
}

static void test_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *accept, *codings;
		bool accepted;
	} rows[] = {
	    {NULL, "gzip", true},
	    {NULL, "", true},
	    {"", "gzip", false},
	    {"", "", true},
	    {"", "identity", true},
	    {"gzip, deflate", "gzip", true},
	    {"gzip, deflate", "br", false},
	    {"gzip, deflate", "", true},
	    {"gzip, deflate, br", "gzip, br", true},
	    {"gzip, deflate", "gzip, br", false},
	    {"GZIP", "x-gzip", true},
	    {"x-gzip", "gzip", true},
	    {"gzip;q=0", "gzip", false},
	    {"gzip; Q=0.000", "gzip", false},
	    {"gzip ;q=0.001", "gzip", true},
	    {"gzip;q=1.0", "gzip", true},
	    {"*", "br", true},
	    {"*;q=0", "br", false},
	    {"br, *;q=0", "br", true},
	    {"*;q=0, br", "br", true},
	    {"gzip;q=0, *", "gzip", false},
	    {"*, gzip;q=0", "gzip", false},
	    {"*;q=0", "", false},
	    {"*;q=0", "identity", false},
	    {"identity;q=0", "", false},
	    {"identity;q=0, gzip", "gzip", true},
	    {"*;q=0, identity", "", true},
	    {"gzip;level=9;q=0", "gzip", false},
	    {", ,gzip,", ",gzip", true},
	    {"gzipped", "gzip", false},
	    {"*", "gzip,gzip,gzip,gzip,gzip", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice accept = {0};
		if (rows[i].accept)
			accept = slice_of(rows[i].accept);
		assert_int_equal(
		    coding_accepted(accept, slice_of(rows[i].codings)),
		    rows[i].accepted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_raw_deflate),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_trailing),
	    cmocka_unit_test(test_stacked),
	    cmocka_unit_test(test_stacked_trailing),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_broken),
	    cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_max),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_encode),
	    cmocka_unit_test(test_encode_noise),
	    cmocka_unit_test(test_encode_names),
	    cmocka_unit_test(test_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
