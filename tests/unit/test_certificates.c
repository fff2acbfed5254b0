/* Certificates of recorded servers: each kept once, found by who showed it;
 * and what they say. */
#include "unit.h"

#include "capture/certificate.h"
#include "capture/certificates.h"
#include "capture/hello.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdio.h>

#define T2017 1489486325

static struct address address_of(const char *text)
{
	struct address a;
	assert_true(address_parse(slice_of(text), &a));
	return a;
}

static void kept_once(void **state)
{
	struct certificates *c = certificates_new();
	uint8_t bytes[] = "der";
	(void)state;
	struct slice one = certificates_keep(c, SLICE("der"));
	assert_text(one, "der");
	struct slice same = certificates_keep(c, (struct slice){bytes, 3});
	assert_ptr_equal(one.data, same.data);
	assert_ptr_not_equal(one.data,
			     certificates_keep(c, SLICE("other")).data);
	assert_int_equal(certificates_keep(c, (struct slice){0}).len, 0);
	certificates_free(c);
	certificates_free(NULL);
}

static void found_by_name_and_address(void **state)
{
	struct certificates *c = certificates_new();
	struct address one = address_of("192.0.2.1");
	struct address two = address_of("2001:db8::1");
	static const struct address none;
	const struct slice nobody = {0};
	(void)state;
	struct slice a = certificates_keep(c, SLICE("a"));
	struct slice b = certificates_keep(c, SLICE("b"));
	certificates_note(c, SLICE("A.example."), &one, a);
	certificates_note(c, SLICE("a.example"), &one, b); /* later */
	assert_text(certificates_find(c, SLICE("a.EXAMPLE"), &two), "a");
	assert_int_equal(certificates_find(c, nobody, &one).len, 0);
	assert_int_equal(certificates_find(c, SLICE("b.example"), &one).len, 0);
	certificates_note(c, nobody, &two, b);
	assert_text(certificates_find(c, nobody, &two), "b");
	assert_text(certificates_find(c, SLICE("b.example"), &two), "b");
	assert_text(certificates_find(c, SLICE("a.example"), &two), "a");
	/* nobody, and nothing */
	certificates_note(c, nobody, &none, a);
	certificates_note(c, SLICE("c.example"), &one, nobody);
	assert_int_equal(certificates_find(c, nobody, &none).len, 0);
	assert_int_equal(certificates_find(c, SLICE("c.example"), &none).len,
			 0);
	certificates_free(c);
}

/* A name of any bytes is no address. */
static void hostile_names(void **state)
{
	struct certificates *c = certificates_new();
	struct address a = address_of("192.0.2.1");
	uint8_t name[300] = {0, 4, 192, 0, 2, 1};
	(void)state;
	struct slice der = certificates_keep(c, SLICE("der"));
	certificates_note(c, (struct slice){name, 18}, &a, der);
	assert_int_equal(certificates_find(c, (struct slice){0}, &a).len, 0);
	certificates_note(c, (struct slice){name, sizeof name}, &a, der);
	assert_int_equal(
	    certificates_find(c, (struct slice){name, sizeof name}, &a).len, 0);
	certificates_free(c);
}

static void bounded(void **state)
{
	struct certificates *c = certificates_new();
	static uint8_t large[CERTIFICATE_MAX + 1];
	struct address a = address_of("192.0.2.1");
	char text[32];
	size_t kept = 0, found = 0;
	(void)state;
	assert_int_equal(
	    certificates_keep(c, (struct slice){large, sizeof large}).len, 0);
	for (uint32_t i = 0; i < CERTIFICATES_MAX + 10; i++) {
		snprintf(text, sizeof text, "%u.example", i);
		struct slice der = certificates_keep(c, slice_of(text));
		kept += der.len > 0;
		certificates_note(c, slice_of(text), &a,
				  certificates_keep(c, SLICE("0.example")));
	}
	assert_int_equal(kept, CERTIFICATES_MAX);
	for (uint32_t i = 0; i < CERTIFICATES_SERVERS_MAX + 10; i++) {
		snprintf(text, sizeof text, "%u.example", i);
		found += certificates_find(c, slice_of(text), &a).len > 0;
	}
	assert_int_equal(found, CERTIFICATES_SERVERS_MAX);
	certificates_free(c);
}

static void bounded_in_bytes(void **state)
{
	struct certificates *c = certificates_new();
	static uint8_t large[CERTIFICATE_MAX];
	size_t kept = 0;
	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(large, &i, sizeof i);
		kept +=
		    certificates_keep(c, (struct slice){large, sizeof large})
			.len > 0;
	}
	assert_int_equal(kept, CERTIFICATES_BYTES_MAX / CERTIFICATE_MAX);
	certificates_free(c);
}

/* ---- what they say ---- */

static struct buf make(const char *name, int type)
{
	struct buf der = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(subject, "C", MBSTRING_ASC,
				   (const uint8_t *)"DE", -1, -1, 0);
	X509_set_issuer_name(x, subject);
	X509_NAME_add_entry_by_txt(subject, "CN", type, (const uint8_t *)name,
				   -1, -1, 0);
	ASN1_TIME_set(X509_getm_notBefore(x), T2017);
	ASN1_TIME_set(X509_getm_notAfter(x), T2017 + 1);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	int len = i2d_X509(x, NULL);
	uint8_t *at = buf_reserve(&der, (size_t)len);
	der.len = (size_t)i2d_X509(x, &at);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static void what_it_says(void **state)
{
	static const struct {
		const char *name;
		int type;
		const char *want;
	} rows[] = {
	    {"www.a.example", MBSTRING_ASC, "C=DE, CN=www.a.example"},
	    {"W\xc3\xbcrste, \"x\"", MBSTRING_UTF8,
	     "C=DE, CN=W\xc3\xbcrste\\, \\\"x\\\""},
	    {"a\r\n\x1b[2J", MBSTRING_ASC, "C=DE, CN=a\\0D\\0A\\1B[2J"},
	    {"\xe4", V_ASN1_T61STRING, "C=DE, CN=\xc3\xa4"},
	};
	struct certificate c = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf der = make(rows[i].name, rows[i].type);
		assert_true(certificate_read(&c, buf_slice(&der)));
		assert_text(buf_slice(&c.subject), rows[i].want);
		assert_text(buf_slice(&c.issuer), "C=DE");
		assert_true(c.has_times);
		assert_int_equal(c.not_before, T2017);
		assert_int_equal(c.not_after, T2017 + 1);
		buf_release(&der);
	}
	certificate_release(&c);
}

static void garbage(void **state)
{
	static char huge[60001];
	struct certificate c = {0};
	(void)state;
	memset(huge, '\\', sizeof huge - 1);
	struct buf der = make(huge, V_ASN1_UTF8STRING);
	assert_true(certificate_read(&c, buf_slice(&der)));
	assert_int_equal(c.subject.len, CERTIFICATE_NAME_MAX);
	buf_release(&der);
	der = make("a.example", MBSTRING_ASC);
	assert_false(certificate_read(&c, (struct slice){0}));
	for (size_t len = 0; len < der.len; len++)
		assert_false(
		    certificate_read(&c, slice_to(buf_slice(&der), len)));
	for (size_t i = 0; i < der.len * 8; i++) {
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
		certificate_read(&c, buf_slice(&der));
		der.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_release(&der);
	certificate_release(&c);
}

/* ---- in clear in a server's stream ---- */

static void put24(struct buf *b, size_t n)
{
	buf_add_byte(b, (uint8_t)(n >> 16));
	buf_add_byte(b, (uint8_t)(n >> 8));
	buf_add_byte(b, (uint8_t)n);
}

static void put_message(struct buf *b, uint8_t type, struct slice body)
{
	buf_add_byte(b, type);
	put24(b, body.len);
	buf_add(b, body);
}

/* A hello and a certificate message of two, in records of that size. */
static struct buf stream_of(size_t first, size_t record)
{
	struct buf der = {0}, list = {0}, body = {0}, all = {0}, out = {0};
	for (size_t i = 0; i < first; i++)
		buf_add_byte(&der, (uint8_t)i);
	put24(&list, der.len);
	buf_add(&list, buf_slice(&der));
	put24(&list, 3);
	buf_add(&list, SLICE("two"));
	put24(&body, list.len);
	buf_add(&body, buf_slice(&list));
	put_message(&all, 2, SLICE("hello"));
	put_message(&all, 11, buf_slice(&body));
	for (struct slice rest = buf_slice(&all); rest.len;
	     rest = slice_from(rest, record)) {
		struct slice part = slice_to(rest, record);
		buf_add(&out, SLICE("\x16\x03\x03"));
		buf_add_byte(&out, (uint8_t)(part.len >> 8));
		buf_add_byte(&out, (uint8_t)part.len);
		buf_add(&out, part);
	}
	buf_release(&der);
	buf_release(&list);
	buf_release(&body);
	buf_release(&all);
	return out;
}

static void in_clear(void **state)
{
	static const size_t records[] = {1, 7, 300, 16384};
	struct buf der = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct buf s = stream_of(700, records[i]);
		assert_true(hello_certificate(buf_slice(&s), &der));
		assert_int_equal(der.len, 700);
		for (size_t k = 0; k < der.len; k++)
			assert_int_equal(der.data[k], k & 0xff);
		/* cut, whole or not at all */
		for (size_t len = 0; len < s.len; len++)
			if (hello_certificate(slice_to(buf_slice(&s), len),
					      &der))
				assert_int_equal(der.len, 700);
		buf_release(&s);
	}
	struct buf s = stream_of(0, 16384);
	assert_false(hello_certificate(buf_slice(&s), &der));
	buf_release(&s);
	s = stream_of(HELLO_MAX, 16384);
	assert_false(
	    hello_certificate(slice_to(buf_slice(&s), HELLO_MAX), &der));
	buf_release(&s);
	buf_release(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kept_once),
	    cmocka_unit_test(found_by_name_and_address),
	    cmocka_unit_test(hostile_names),
	    cmocka_unit_test(bounded),
	    cmocka_unit_test(bounded_in_bytes),
	    cmocka_unit_test(what_it_says),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(in_clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
