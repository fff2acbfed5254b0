/* The authority's file, certificates by name, and what is copied of recorded
 * ones. */
#include "unit.h"

#include "site/cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define YEAR 31556952
#define T2014 1400000000
#define T2017 1489486325

static char directory[64];
static struct authority *authority;

static void in_directory(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", directory, name);
}

static int begin(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/test_cert.XXXXXX");
	assert_non_null(mkdtemp(directory));
	authority = authority_new();
	assert_non_null(authority);
	return 0;
}

static int end(void **state)
{
	char command[128];
	(void)state;
	authority_free(authority);
	snprintf(command, sizeof command, "rm -rf '%s'", directory);
	return system(command);
}

static X509 *parse_pem(const struct buf *text)
{
	BIO *b = BIO_new_mem_buf(text->data, (int)text->len);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	assert_non_null(x);
	return x;
}

static X509 *root_of(const struct authority *a)
{
	struct buf text = {0};
	authority_print(a, &text);
	X509 *x = parse_pem(&text);
	buf_release(&text);
	return x;
}

/* What a client does, at that time. Returns X509_V_OK or why not. */
static int verify(X509 *leaf, const char *host, const char *ip, int64_t at)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	X509 *root = root_of(authority);
	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_int_equal(X509_STORE_CTX_init(c, store, leaf, NULL), 1);
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c);
	X509_VERIFY_PARAM_set_time(p, (time_t)at);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	if (host)
		X509_VERIFY_PARAM_set1_host(p, host, 0);
	if (ip)
		X509_VERIFY_PARAM_set1_ip_asc(p, ip);
	X509_verify_cert(c);
	int result = X509_STORE_CTX_get_error(c);
	X509_STORE_CTX_free(c);
	X509_STORE_free(store);
	X509_free(root);
	return result;
}

static void made_once_and_kept(void **state)
{
	char path[128], file[160];
	struct stat st;
	struct buf one = {0}, two = {0};
	(void)state;
	in_directory("a/b/ca", path);
	struct authority *a = authority_open(path);
	assert_non_null(a);
	authority_print(a, &one);
	authority_free(a);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(file, sizeof file, "%s/authority.pem", path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	a = authority_open(path);
	assert_non_null(a);
	authority_print(a, &two);
	assert_true(slice_equal(buf_slice(&one), buf_slice(&two)));
	authority_free(a);
	buf_release(&one);
	buf_release(&two);
}

/* Children who all make one: each ends up with the same. */
static void made_by_several_at_once(void **state)
{
	enum { CHILDREN = 4 };
	char path[128];
	int ends[2];
	(void)state;
	in_directory("race", path);
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < CHILDREN; i++)
		if (!fork()) {
			struct authority *a = authority_open(path);
			X509 *x = root_of(a);
			uint8_t digest[32];
			unsigned len;
			X509_digest(x, EVP_sha256(), digest, &len);
			_exit(write(ends[1], digest, 32) != 32);
		}
	uint8_t first[32], next[32];
	assert_int_equal(read(ends[0], first, 32), 32);
	for (int i = 1; i < CHILDREN; i++) {
		assert_int_equal(read(ends[0], next, 32), 32);
		assert_memory_equal(first, next, 32);
	}
	for (int i = 0; i < CHILDREN; i++)
		wait(NULL);
	close(ends[0]);
	close(ends[1]);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void not_written_over(void **state)
{
	char path[128], text[32] = {0};
	(void)state;
	in_directory("authority.pem", path);
	write_file(path, "somebody's own");
	assert_null(authority_open(directory));
	FILE *f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "somebody's own");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_null(authority_open(directory));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(authority_open(directory)); /* and nothing waits */
	assert_int_equal(unlink(path), 0);
	write_file(path, "");
	assert_null(authority_open(path)); /* a file where a directory was */
	assert_int_equal(unlink(path), 0);
}

static X509 *issue(const struct cert_wanted *w)
{
	X509 *x = authority_issue(authority, w);
	assert_non_null(x);
	return x;
}

/* P28: at the recording's time and today, with either key. */
static void p28_valid_then_and_now(void **state)
{
	(void)state;
	for (int rsa = 0; rsa < 2; rsa++) {
		X509 *x =
		    issue(&(struct cert_wanted){.name = SLICE("a.example"),
						.rsa = rsa,
						.from = T2014,
						.until = T2017});
		assert_int_equal(verify(x, "a.example", NULL, T2014), 0);
		assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
		assert_int_equal(verify(x, "a.example", NULL, time(NULL)), 0);
		assert_int_equal(verify(x, "a.example", NULL, T2014 - 2 * YEAR),
				 X509_V_ERR_CERT_NOT_YET_VALID);
		assert_int_equal(verify(x, "b.example", NULL, T2014),
				 X509_V_ERR_HOSTNAME_MISMATCH);
		assert_int_equal(EVP_PKEY_is_a(X509_get0_pubkey(x), "RSA"),
				 rsa);
		X509_free(x);
	}
}

/* A recording's clock may say anything. */
static void times_that_cannot_be(void **state)
{
	static const int64_t times[] = {INT64_MIN / 2, -1, 0, 4000000000,
					INT64_MAX / 2};
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		X509 *x =
		    issue(&(struct cert_wanted){.name = SLICE("a.example"),
						.from = times[i],
						.until = times[i]});
		assert_int_equal(verify(x, "a.example", NULL, time(NULL)), 0);
		X509_free(x);
	}
}

static void addresses_and_nobody(void **state)
{
	(void)state;
	struct cert_wanted w = {.from = T2017, .until = T2017};
	assert_true(address_parse(SLICE("192.0.2.7"), &w.address));
	X509 *x = issue(&w);
	assert_int_equal(verify(x, NULL, "192.0.2.7", T2017), 0);
	assert_int_equal(verify(x, NULL, "192.0.2.8", T2017),
			 X509_V_ERR_IP_ADDRESS_MISMATCH);
	X509_free(x);
	assert_true(address_parse(SLICE("2001:db8::7"), &w.address));
	x = issue(&w);
	assert_int_equal(verify(x, NULL, "2001:db8::7", T2017), 0);
	X509_free(x);
	w.address = (struct address){0};
	x = issue(&w);
	assert_int_equal(verify(x, NULL, NULL, T2017), 0);
	assert_int_equal(verify(x, "a.example", NULL, T2017),
			 X509_V_ERR_HOSTNAME_MISMATCH);
	X509_free(x);
}

/* A common name has 64 characters at most, a name 253. */
static void long_names(void **state)
{
	char name[254] = {0};
	(void)state;
	for (size_t i = 0; i < 253; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	X509 *x = issue(&(struct cert_wanted){
	    .name = slice_of(name), .from = T2017, .until = T2017});
	assert_int_equal(verify(x, name, NULL, T2017), 0);
	X509_free(x);
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
	assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
	assert_int_equal(verify(x, "www.widgets.example", NULL, T2017), 0);
	assert_int_equal(verify(x, "1.cdn.example", NULL, T2017), 0);
	assert_int_equal(verify(x, NULL, "192.0.2.9", T2017), 0);
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
		assert_int_equal(verify(x, rows[i].asked, NULL, T2017), 0);
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
	assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
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
		assert_int_equal(verify(x, "n2999.ex", NULL, T2017), 0);
		assert_int_equal(verify(x, "n0.ex", NULL, T2017) == 0,
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
	assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
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
		assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
		assert_int_equal(verify(x, "a.example", NULL, now), 0);
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
	assert_int_equal(verify(x, "a.example", NULL, T2017), 0);
	assert_int_equal(verify(x, "a.example", NULL, time(NULL)), 0);
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
		assert_int_equal(verify(x, "b.example", NULL, T2017), 0);
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

static void cached_and_bounded(void **state)
{
	(void)state;
	struct certs *c = certs_new(authority);
	struct cert_wanted w = {.from = T2017, .until = T2017};
	char name[32];
	w.name = SLICE("first.example");
	X509 *first = certs_find(c, &w);
	assert_non_null(first);
	assert_ptr_equal(certs_find(c, &w), first);
	w.rsa = true;
	assert_ptr_not_equal(certs_find(c, &w), first);
	w.rsa = false;
	w.like = SLICE("another server's");
	assert_ptr_not_equal(certs_find(c, &w), first);
	w.like = (struct slice){0};
	for (size_t i = 0; i < CERTS_MAX + 50; i++) {
		snprintf(name, sizeof name, "n%zu.example", i);
		w.name = slice_of(name);
		assert_non_null(certs_find(c, &w));
		w.name = SLICE("first.example"); /* used, so it stays */
		assert_ptr_equal(certs_find(c, &w), first);
	}
	assert_int_equal(certs_count(c), CERTS_MAX);
	certs_free(c);
}

static void place_by_the_environment(void **state)
{
	struct buf place = {0};
	(void)state;
	setenv("HOME", "/home/x", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	assert_true(authority_place(&place));
	assert_text(buf_slice(&place), "/state/reenact/ca");
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_true(authority_place(&place));
	assert_text(buf_slice(&place), "/home/x/.local/state/reenact/ca");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_false(authority_place(&place));
	buf_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(made_once_and_kept),
	    cmocka_unit_test(made_by_several_at_once),
	    cmocka_unit_test(not_written_over),
	    cmocka_unit_test(p28_valid_then_and_now),
	    cmocka_unit_test(times_that_cannot_be),
	    cmocka_unit_test(addresses_and_nobody),
	    cmocka_unit_test(long_names),
	    cmocka_unit_test(copied_of_the_recorded_one),
	    cmocka_unit_test(asked_name_is_covered),
	    cmocka_unit_test(hostile_names),
	    cmocka_unit_test(too_much),
	    cmocka_unit_test(hostile_subjects),
	    cmocka_unit_test(subject_to_the_byte),
	    cmocka_unit_test(recorded_one_is_not_yet_valid),
	    cmocka_unit_test(recorded_one_is_over),
	    cmocka_unit_test(recorded_one_is_garbage),
	    cmocka_unit_test(cached_and_bounded),
	    cmocka_unit_test(place_by_the_environment),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
