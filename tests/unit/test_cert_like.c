/* What servers' certificates take over from recorded ones. */
#include "issued.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <time.h>

static struct authority *authority;

static int begin(void **state)
{
	(void)state;
	authority = authority_new();
	assert_non_null(authority);
	return 0;
}

static int end(void **state)
{
	(void)state;
	authority_free(authority);
	return 0;
}

static X509 *issue(const struct cert_wanted *w)
{
	X509 *x = authority_issue(authority, w);
	assert_non_null(x);
	return x;
}

/* A certificate as a site had it in 2017, signed by itself. */
static void add_san(X509 *x, const char *names)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	X509_EXTENSION *e =
	    X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static struct buf recorded(const char *names, int64_t from, int64_t until)
{
	struct buf der = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *subject = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
				   (const uint8_t *)"Example Widgets", -1, -1,
				   0);
	X509_set_issuer_name(x, subject);
	X509_set_version(x, X509_VERSION_3);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)until);
	X509_set_pubkey(x, key);
	add_san(x, names);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	int len = i2d_X509(x, NULL);
	uint8_t *at = buf_reserve(&der, (size_t)len);
	der.len = (size_t)i2d_X509(x, &at);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static time_t time_of(const ASN1_TIME *t)
{
	struct tm tm;
	assert_int_equal(ASN1_TIME_to_tm(t, &tm), 1);
	return timegm(&tm);
}

static void copied_of_the_recorded_one(void **state)
{
	(void)state;
	int64_t until = time(NULL) + YEAR;
	struct buf der = recorded("DNS:www.widgets.example,DNS:*.cdn.example,"
				  "IP:192.0.2.9,email:x@widgets.example",
				  T2014, until);
	X509 *x = issue(&(struct cert_wanted){.name = SLICE("a.example"),
					      .from = T2017,
					      .until = T2017,
					      .like = buf_slice(&der)});
	char text[100];
	X509_NAME_oneline(X509_get_subject_name(x), text, sizeof text);
	assert_string_equal(text, "/O=Example Widgets");
	assert_int_equal(verify(authority, x, "a.example", NULL, T2017), 0);
	assert_int_equal(
	    verify(authority, x, "www.widgets.example", NULL, T2017), 0);
	assert_int_equal(verify(authority, x, "1.cdn.example", NULL, T2017), 0);
	assert_int_equal(verify(authority, x, NULL, "192.0.2.9", T2017), 0);
	assert_int_equal(time_of(X509_get0_notBefore(x)), T2014);
	assert_int_equal(time_of(X509_get0_notAfter(x)), until);
	X509_free(x);
	buf_release(&der);
}

static struct buf names_of(X509 *x)
{
	struct buf out = {0};
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		ASN1_STRING *s = GENERAL_NAME_get0_value(
		    sk_GENERAL_NAME_value(names, i), &type);
		assert_int_equal(type, GEN_DNS);
		buf_add_string(&out, out.len ? " " : "");
		buf_add_escaped(&out,
				(struct slice){ASN1_STRING_get0_data(s),
					       (size_t)ASN1_STRING_length(s)});
	}
	GENERAL_NAMES_free(names);
	return out;
}

static X509 *issue_like(const char *name, const struct buf *der)
{
	return issue(&(struct cert_wanted){.name = slice_of(name),
					   .from = T2017,
					   .until = T2017,
					   .like = buf_slice(der)});
}

/* The names stay as they were; the one that is asked for comes behind them if
 * no client would find it there. */
static void asked_name_is_covered(void **state)
{
	static const struct {
		const char *recorded, *asked, *want;
	} rows[] = {
	    {"DNS:b.example,DNS:a.example", "a.example", "b.example a.example"},
	    {"DNS:B.Example,DNS:a.example", "b.example", "B.Example a.example"},
	    {"DNS:*.widgets.example", "x.widgets.example", "*.widgets.example"},
	    {"DNS:*.widgets.example", "widgets.example",
	     "*.widgets.example widgets.example"},
	    {"DNS:*.widgets.example", "a.b.widgets.example",
	     "*.widgets.example a.b.widgets.example"},
	    {"DNS:*.b.co.uk", "a.b.co.uk", "*.b.co.uk"},
	    {"DNS:*.co.uk", "a.co.uk", "*.co.uk a.co.uk"},
	    {"DNS:*.example,DNS:c.example", "a.example", "c.example a.example"},
	    {"DNS:*", "a.example", "a.example"},
	    {"DNS:a*.example,DNS:-,DNS:a..b", "ab.example", "ab.example"},
	    {"email:x@a.example,URI:http://a.example/", "a.example",
	     "a.example"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf der =
		    recorded(rows[i].recorded, T2017 - YEAR, T2017 + YEAR);
		X509 *x = issue_like(rows[i].asked, &der);
		struct buf names = names_of(x);
		assert_text(buf_slice(&names), rows[i].want);
		assert_int_equal(
		    verify(authority, x, rows[i].asked, NULL, T2017), 0);
		X509_free(x);
		buf_release(&names);
		buf_release(&der);
	}
}

/* A certificate with names that are not to be had from OpenSSL's words. */
static struct buf odd(const struct slice *names, size_t count,
		      const struct slice *subject, int type)
{
	struct buf der = recorded("DNS:z.example", T2017 - YEAR, T2017 + YEAR);
	const uint8_t *in = der.data;
	X509 *x = d2i_X509(NULL, &in, (long)der.len);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	for (size_t i = 0; i < count; i++) {
		GENERAL_NAME *n = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();
		ASN1_STRING_set(s, names[i].data, (int)names[i].len);
		GENERAL_NAME_set0_value(n, GEN_DNS, s);
		sk_GENERAL_NAME_push(all, n);
	}
	X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, X509V3_ADD_REPLACE);
	GENERAL_NAMES_free(all);
	if (subject)
		assert_int_equal(X509_NAME_add_entry_by_txt(
				     X509_get_subject_name(x), "CN", type,
				     subject->data, (int)subject->len, -1, 0),
				 1);
	X509_sign(x, key, EVP_sha256());
	int len = i2d_X509(x, NULL);
	buf_clear(&der);
	uint8_t *at = buf_reserve(&der, (size_t)len);
	der.len = (size_t)i2d_X509(x, &at);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static void hostile_names(void **state)
{
	static const struct slice names[] = {
	    {(const uint8_t *)"a.example\0.evil.example", 23},
	    {(const uint8_t *)"", 0},
	    {(const uint8_t *)"\xff\xfe.example", 10},
	    {(const uint8_t *)"ok.example", 10},
	    {(const uint8_t *)"a b.example", 11}};
	(void)state;
	struct buf der = odd(names, COUNT(names), NULL, 0);
	X509 *x = issue_like("a.example", &der);
	struct buf all = names_of(x);
	assert_text(buf_slice(&all), "ok.example a.example");
	assert_int_equal(verify(authority, x, "a.example", NULL, T2017), 0);
	X509_free(x);
	buf_release(&all);
	buf_release(&der);
}

/* What is longer than a server may send is not copied; what has too many names
 * loses some, never the one that is asked for. */
static void too_much(void **state)
{
	enum { MANY = 10000 };
	static char text[MANY][12];
	static struct slice names[MANY];
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof text[i], "n%zu.ex", i);
		names[i] = slice_of(text[i]);
	}
	for (size_t count = 3000; count <= MANY; count += MANY - 3000) {
		struct buf der = odd(names, count, NULL, 0);
		X509 *x = issue_like("n2999.ex", &der);
		assert_int_equal(verify(authority, x, "n2999.ex", NULL, T2017),
				 0);
		assert_int_equal(verify(authority, x, "n0.ex", NULL, T2017) ==
				     0,
				 der.len <= 64 << 10);
		assert_true(i2d_X509(x, NULL) < 8192);
		X509_free(x);
		buf_release(&der);
	}
}

static void check_subject(struct slice value, int type, const char *want)
{
	struct buf der = odd(NULL, 0, &value, type);
	X509 *x = issue_like("a.example", &der);
	char got[100];
	X509_NAME_oneline(X509_get_subject_name(x), got, sizeof got);
	assert_string_equal(got, want);
	assert_int_equal(verify(authority, x, "a.example", NULL, T2017), 0);
	X509_free(x);
	buf_release(&der);
}

static void hostile_subjects(void **state)
{
	static uint8_t huge[60000];
	(void)state;
	memset(huge, 'x', sizeof huge);
	check_subject(SLICE("*.a_b.example"), V_ASN1_PRINTABLESTRING,
		      "/O=Example Widgets/CN=*.a_b.example");
	check_subject(SLICE("a\0b"), V_ASN1_UTF8STRING, "/O=Example Widgets");
	check_subject(SLICE("a\x1b[2J"), V_ASN1_UTF8STRING,
		      "/O=Example Widgets");
	/* OpenSSL takes no certificate for one that breaks its own types */
	check_subject(SLICE("\xff\xff"), V_ASN1_UTF8STRING, "/CN=a.example");
	check_subject(SLICE("\xe4"), V_ASN1_T61STRING,
		      "/O=Example Widgets/CN=\\xE4");
	check_subject((struct slice){huge, sizeof huge}, V_ASN1_UTF8STRING,
		      "/CN=a.example");
}

/* What is copied stays in the form that it had. */
static void subject_to_the_byte(void **state)
{
	(void)state;
	struct slice value = SLICE("W\xc3\xbcrste");
	struct buf der = odd(NULL, 0, &value, V_ASN1_UTF8STRING);
	const uint8_t *at = der.data;
	X509 *was = d2i_X509(NULL, &at, (long)der.len);
	X509 *is = issue_like("a.example", &der);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(was),
				       X509_get_subject_name(is)),
			 0);
	uint8_t *a = NULL, *b = NULL;
	int len = i2d_X509_NAME(X509_get_subject_name(was), &a);
	assert_int_equal(i2d_X509_NAME(X509_get_subject_name(is), &b), len);
	assert_memory_equal(a, b, (size_t)len);
	OPENSSL_free(a);
	OPENSSL_free(b);
	X509_free(was);
	X509_free(is);
	buf_release(&der);
}

/* A recorded one that was not valid yet, and one whose dates are reversed. */
static void recorded_one_is_not_yet_valid(void **state)
{
	int64_t now = time(NULL);
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct buf der =
		    recorded("DNS:a.example", i ? T2017 + YEAR : now + YEAR,
			     i ? T2017 - YEAR : now + 2 * YEAR);
		X509 *x = issue_like("a.example", &der);
		assert_int_equal(verify(authority, x, "a.example", NULL, T2017),
				 0);
		assert_int_equal(verify(authority, x, "a.example", NULL, now),
				 0);
		X509_free(x);
		buf_release(&der);
	}
}

/* One that is over by now holds today too. */
static void recorded_one_is_over(void **state)
{
	(void)state;
	struct buf der = recorded("DNS:a.example", T2017 - YEAR, T2017 + YEAR);
	X509 *x = issue(&(struct cert_wanted){.name = SLICE("a.example"),
					      .from = T2017,
					      .until = T2017,
					      .like = buf_slice(&der)});
	assert_int_equal(time_of(X509_get0_notBefore(x)), T2017 - YEAR);
	assert_int_equal(verify(authority, x, "a.example", NULL, T2017), 0);
	assert_int_equal(verify(authority, x, "a.example", NULL, time(NULL)),
			 0);
	X509_free(x);
	buf_release(&der);
}

/* Every byte of it may be anything. */
static void recorded_one_is_garbage(void **state)
{
	(void)state;
	struct buf der = recorded("DNS:a.example", T2017 - YEAR, T2017 + YEAR);
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= (uint8_t)(1 << i % 8);
		X509 *x =
		    issue(&(struct cert_wanted){.name = SLICE("b.example"),
						.from = T2017,
						.until = T2017,
						.like = buf_slice(&der)});
		assert_int_equal(verify(authority, x, "b.example", NULL, T2017),
				 0);
		X509_free(x);
		der.data[i] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < der.len; len += 7) {
		X509 *x = issue(&(struct cert_wanted){
		    .name = SLICE("b.example"),
		    .from = T2017,
		    .until = T2017,
		    .like = slice_to(buf_slice(&der), len)});
		X509_free(x);
	}
	buf_release(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copied_of_the_recorded_one),
	    cmocka_unit_test(asked_name_is_covered),
	    cmocka_unit_test(hostile_names),
	    cmocka_unit_test(too_much),
	    cmocka_unit_test(hostile_subjects),
	    cmocka_unit_test(subject_to_the_byte),
	    cmocka_unit_test(recorded_one_is_not_yet_valid),
	    cmocka_unit_test(recorded_one_is_over),
	    cmocka_unit_test(recorded_one_is_garbage),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
