/* Servers' private keys open what clients encrypted to them. */
#include "unit.h"

#include "capture_file.h"

#include "capture/tls_rsa.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define BITS 1024

static char *key_file(EVP_PKEY *key, const char *password)
{
	char *path = path_of(SLICE("x"));
	FILE *file = fopen(path, "w");
	const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, cipher,
					      (const uint8_t *)password,
					      password ? 4 : 0, NULL, NULL),
			 1);
	fclose(file);
	return path;
}

static void take_key(struct tls_rsa *r, EVP_PKEY *key)
{
	char *path = key_file(key, NULL);
	assert_int_equal(tls_rsa_read(r, path), 0);
	drop_path(path);
}

static struct slice encrypted(EVP_PKEY *key, uint8_t out[BITS / 8],
			      struct slice plain)
{
	size_t len = BITS / 8;
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(key, NULL);
	assert_true(EVP_PKEY_encrypt_init(x) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING) > 0);
	assert_true(EVP_PKEY_encrypt(x, out, &len, plain.data, plain.len) > 0);
	EVP_PKEY_CTX_free(x);
	return (struct slice){out, len};
}

static void test_decrypts(void **state)
{
	(void)state;
	struct tls_rsa *r = tls_rsa_new();
	EVP_PKEY *other = EVP_RSA_gen(BITS), *key = EVP_RSA_gen(BITS);
	uint8_t premaster[TLS_PREMASTER_LEN] = {3, 3, 42}, out[BITS / 8];
	uint8_t found[TLS_PREMASTER_LEN] = {0};
	struct slice all = {premaster, sizeof premaster};
	struct slice sent = encrypted(key, out, all);
	assert_true(tls_rsa_is_empty(r));
	assert_false(tls_rsa_decrypt(r, sent, 0x0303, found));
	take_key(r, other);
	take_key(r, key);
	assert_false(tls_rsa_is_empty(r));
	assert_true(tls_rsa_decrypt(r, sent, 0x0303, found));
	assert_memory_equal(found, premaster, sizeof found);
	/* Some clients put the version that was agreed on. */
	memset(found, 0, sizeof found);
	assert_true(tls_rsa_decrypt(r, sent, 0x0301, found));
	assert_memory_equal(found, premaster, sizeof found);
	/* No premaster secret has another length. */
	sent = encrypted(key, out, slice_to(all, 47));
	assert_false(tls_rsa_decrypt(r, sent, 0x0303, found));
	assert_false(
	    tls_rsa_decrypt(r, slice_to(sent, BITS / 8 - 1), 0x0303, found));
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
	tls_rsa_free(r);
	tls_rsa_free(NULL);
}

static void assert_refused(const char *path, const char *why)
{
	char text[512];
	struct tls_rsa *r = tls_rsa_new();
	int old = messages_begin();
	int result = tls_rsa_read(r, path);
	messages_end(old, text, sizeof text);
	assert_int_equal(result, -1);
	assert_non_null(strstr(text, why));
	assert_true(tls_rsa_is_empty(r));
	tls_rsa_free(r);
}

static void test_refused(void **state)
{
	(void)state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	char *path = key_file(key, NULL);
	assert_refused(path, "not an RSA key");
	drop_path(path);
	EVP_PKEY_free(key);
	key = EVP_RSA_gen(BITS);
	path = key_file(key, "word");
	assert_refused(path, "private key with a password");
	drop_path(path);
	EVP_PKEY_free(key);
	path = path_of(SLICE("-----BEGIN PRIVATE KEY-----\nAAAA\n"));
	assert_refused(path, "no private key in PEM");
	drop_path(path);
	assert_refused("/nonexistent/key", "No such file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decrypts),
	    cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests_name("tls_rsa", tests, NULL, NULL);
}
