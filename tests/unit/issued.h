/* Certificates as a client sees them. */
#ifndef TESTS_UNIT_ISSUED_H
#define TESTS_UNIT_ISSUED_H

#include "unit.h"

#include "site/cert.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define YEAR 31556952
#define T2014 1400000000
#define T2017 1489486325

static inline X509 *parse_pem(const struct buf *text)
{
	BIO *b = BIO_new_mem_buf(text->data, (int)text->len);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	assert_non_null(x);
	return x;
}

static inline X509 *root_of(const struct authority *a)
{
	struct buf text = {0};
	authority_print(a, &text);
	X509 *x = parse_pem(&text);
	buf_release(&text);
	return x;
}

/* What a client does, at that time. Returns X509_V_OK or why not. */
static inline int verify(const struct authority *authority, X509 *leaf,
			 const char *host, const char *ip, int64_t at)
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

#endif
