/* Servers' RSA private keys. */
#include "tls_rsa.h"

#include "log.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define MODULUS_MAX 2048 /* bytes */

struct tls_rsa {
	EVP_PKEY **keys;
	size_t count;
};

struct tls_rsa *tls_rsa_new(void)
{
	return xcalloc(1, sizeof(struct tls_rsa));
}

void tls_rsa_free(struct tls_rsa *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		EVP_PKEY_free(r->keys[i]);
	free(r->keys);
	free(r);
}

bool tls_rsa_is_empty(const struct tls_rsa *r)
{
	return !r->count;
}

/* Nobody is asked for a password. */
static int no_password(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)context = true;
	return -1;
}

static EVP_PKEY *read_key(const char *path)
{
	bool encrypted = false;
	FILE *file = fopen(path, "re");
	if (!file) {
		log_warn("%s: %s", path, strerror(errno));
		return NULL;
	}
	EVP_PKEY *key =
	    PEM_read_PrivateKey(file, NULL, no_password, &encrypted);
	fclose(file);
	ERR_clear_error();
	if (!key)
		log_warn("%s: %s", path,
			 encrypted ? "private key with a password: take that "
				     "off first (openssl pkey)"
				   : "no private key in PEM");
	return key;
}

int tls_rsa_read(struct tls_rsa *r, const char *path)
{
	EVP_PKEY *key = read_key(path);
	if (!key)
		return -1;
	if (!EVP_PKEY_is_a(key, "RSA") ||
	    EVP_PKEY_get_size(key) > MODULUS_MAX) {
		log_warn("%s: not an RSA key, which alone opens TLS", path);
		EVP_PKEY_free(key);
		return -1;
	}
	r->keys = xreallocarray(r->keys, r->count + 1, sizeof(EVP_PKEY *));
	r->keys[r->count++] = key;
	return 0;
}

static bool decrypt(EVP_PKEY *key, struct slice encrypted,
		    uint8_t out[TLS_PREMASTER_LEN])
{
	uint8_t plain[MODULUS_MAX];
	size_t len = sizeof plain;
	EVP_PKEY_CTX *x = EVP_PKEY_CTX_new(key, NULL);
	bool good = x && EVP_PKEY_decrypt_init(x) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING) > 0 &&
		    EVP_PKEY_decrypt(x, plain, &len, encrypted.data,
				     encrypted.len) > 0 &&
		    len == TLS_PREMASTER_LEN;
	if (good)
		memcpy(out, plain, TLS_PREMASTER_LEN);
	EVP_PKEY_CTX_free(x);
	ERR_clear_error();
	return good;
}

bool tls_rsa_decrypt(const struct tls_rsa *r, struct slice encrypted,
		     uint16_t version, uint8_t out[TLS_PREMASTER_LEN])
{
	bool found = false;
	for (size_t i = 0; i < r->count; i++) {
		uint8_t secret[TLS_PREMASTER_LEN];
		if ((size_t)EVP_PKEY_get_size(r->keys[i]) != encrypted.len ||
		    !decrypt(r->keys[i], encrypted, secret))
			continue;
		bool right =
		    secret[0] == version >> 8 && secret[1] == (version & 0xff);
		/* Some clients put the version that was agreed on. */
		if (right || !found)
			memcpy(out, secret, TLS_PREMASTER_LEN);
		found = true;
		if (right)
			break;
	}
	return found;
}
