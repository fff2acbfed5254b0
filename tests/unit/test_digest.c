/* Digests and base64, with the vectors of RFC 1321, FIPS 180 and RFC 4648. */
#include "unit.h"

#include "capture/digest.h"

static void expect(enum digest_kind kind, struct slice bytes, const char *hex)
{
	uint8_t out[DIGEST_MAX];
	struct buf text = {0};
	size_t len = digest_of(kind, bytes, out);
	buf_add_hex(&text, (struct slice){out, len});
	assert_text(buf_slice(&text), hex);
	buf_release(&text);
}

static void test_kinds(void **state)
{
	(void)state;
	struct slice abc = SLICE("abc");
	expect(DIGEST_MD5, abc, "900150983cd24fb0d6963f7d28e17f72");
	expect(DIGEST_SHA1, abc, "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect(DIGEST_SHA256, abc,
	       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
	       "f20015ad");
	expect(DIGEST_SHA384, abc,
	       "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a"
	       "43ff5bed8086072ba1e7cc2358baeca134c825a7");
	expect(DIGEST_SHA512, abc,
	       "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee6"
	       "4b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
	       "2a9ac94fa54ca49f");
	expect(DIGEST_MD5, (struct slice){0},
	       "d41d8cd98f00b204e9800998ecf8427e");
	expect(DIGEST_SHA256, SLICE(""),
	       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b"
	       "7852b855");
}

static void test_pieces(void **state)
{
	(void)state;
	struct digest d = {0};
	uint8_t whole[DIGEST_MAX], pieces[DIGEST_LEN];
	for (int i = 0; i < 2; i++) {
		digest_start(&d);
		digest_add(&d, SLICE("a"));
		digest_add(&d, SLICE(""));
		digest_add(&d, SLICE("bc"));
		digest_finish(&d, pieces);
		assert_int_equal(digest_of(DIGEST_SHA256, SLICE("abc"), whole),
				 DIGEST_LEN);
		assert_memory_equal(whole, pieces, DIGEST_LEN);
	}
	digest_release(&d);
}

static void expect_base64(struct slice bytes, const char *text)
{
	struct buf out = {0};
	buf_add_byte(&out, '!');
	base64_add(&out, bytes);
	assert_text(slice_from(buf_slice(&out), 1), text);
	buf_clear(&out);
	assert_true(base64_read(slice_of(text), &out));
	assert_true(slice_equal(buf_slice(&out), bytes));
	/* without padding */
	buf_clear(&out);
	assert_true(
	    base64_read(slice_to(slice_of(text), strcspn(text, "=")), &out));
	assert_true(slice_equal(buf_slice(&out), bytes));
	buf_release(&out);
}

static void test_base64(void **state)
{
	(void)state;
	expect_base64(SLICE(""), "");
	expect_base64(SLICE("f"), "Zg==");
	expect_base64(SLICE("fo"), "Zm8=");
	expect_base64(SLICE("foo"), "Zm9v");
	expect_base64(SLICE("foob"), "Zm9vYg==");
	expect_base64(SLICE("fooba"), "Zm9vYmE=");
	expect_base64(SLICE("foobar"), "Zm9vYmFy");
	expect_base64(SLICE("\0\0\0"), "AAAA");
	expect_base64(SLICE("\xfb\xff\xfe"), "+//+");
	struct buf out = {0};
	assert_true(base64_read(SLICE("-__-"), &out));
	assert_true(slice_equal(buf_slice(&out), SLICE("\xfb\xff\xfe")));
	buf_release(&out);
}

static void test_no_base64(void **state)
{
	(void)state;
	static const struct slice bad[] = {
	    SLICE("A"),     SLICE("="),     SLICE("===="),
	    SLICE("Zg="),   SLICE("Zm9v="), SLICE("Zg==="),
	    SLICE("Zm 9v"), SLICE("Zm9\n"), SLICE("Zm9v\0"),
	    SLICE("Z=g="),  SLICE("Zm9vY"), SLICE("\xc3\xa4=="),
	};
	struct buf out = {0};
	buf_add_string(&out, "as it was");
	for (size_t i = 0; i < COUNT(bad); i++) {
		bool is = base64_read(bad[i], &out);
		if (is)
			print_error("%.*s\n", (int)bad[i].len, bad[i].data);
		assert_false(is);
	}
	assert_text(buf_slice(&out), "as it was");
	buf_release(&out);
}

/* Longer than is given to OpenSSL at a time. */
static void test_long(void **state)
{
	(void)state;
	struct buf bytes = {0}, text = {0}, back = {0};
	size_t len = (7 << 20) + 1;
	memset(buf_reserve(&bytes, len), 0xa5, len);
	bytes.len = len;
	base64_add(&text, buf_slice(&bytes));
	assert_int_equal(text.len, (len + 2) / 3 * 4);
	assert_true(base64_read(buf_slice(&text), &back));
	assert_true(slice_equal(buf_slice(&bytes), buf_slice(&back)));
	buf_release(&bytes);
	buf_release(&text);
	buf_release(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),  cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_base64), cmocka_unit_test(test_no_base64),
	    cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
