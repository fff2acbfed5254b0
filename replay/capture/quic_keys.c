/* The protection of QUIC's Initial packets, by OpenSSL. */
#include "quic_keys.h"

#include "tls_keys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SALT_LEN 20
#define SECRET_LEN 32

struct version {
	uint32_t first, last;
	const char *salt;
	const char *key, *iv, *header; /* labels of HKDF */
};

#define LABELS "quic key", "quic iv", "quic hp"
#define LABELS_V2 "quicv2 key", "quicv2 iv", "quicv2 hp" /* RFC 9369 3.3.2 */
#define SALT_22                                                                \
	"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a" \
	"\x02\x64\x4a"
#define SALT_23                                                                \
	"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe" \
	"\xf9\xf5\x02"
#define SALT_29                                                                \
	"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43" \
	"\x90\xa8\x99"
#define SALT_V1                                                                \
	"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc" \
	"\xbb\x7f\x0a"
#define SALT_V2                                                                \
	"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9" \
	"\xbd\x2e\xd9"

/* draft-ietf-quic-tls-22 to -34, 5.2, each salt from its draft on; Facebook's
 * own numbers stand for drafts 22 and 27. */
static const struct version versions[] = {
    {QUIC_V1, QUIC_V1, SALT_V1, LABELS},
    {QUIC_V2, QUIC_V2, SALT_V2, LABELS_V2},
    {0xff000021, 0xff000022, SALT_V1, LABELS},
    {0xff00001d, 0xff000020, SALT_29, LABELS},
    {0xff000017, 0xff00001c, SALT_23, LABELS},
    {0xff000016, 0xff000016, SALT_22, LABELS},
    {0xfaceb001, 0xfaceb001, SALT_22, LABELS},
    {0xfaceb002, 0xfaceb002, SALT_23, LABELS},
    {0xfaceb00e, 0xfaceb00e, SALT_23, LABELS},
};

static const struct version *version_of(uint32_t number)
{
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (number >= versions[i].first && number <= versions[i].last)
			return &versions[i];
	return NULL;
}

bool quic_version_known(uint32_t version)
{
	return version_of(version) != NULL;
}

bool quic_client_keys(uint32_t version, struct slice id, struct quic_keys *out)
{
	const struct version *v = version_of(version);
	uint8_t initial[SECRET_LEN], client[SECRET_LEN];
	struct slice from = {initial, sizeof initial};
	struct slice secret = {client, sizeof client};
	unsigned len;
	return v &&
	       HMAC(EVP_sha256(), v->salt, SALT_LEN, id.data, id.len, initial,
		    &len) &&
	       tls_expand_label(TLS_SHA256, from, "client in", client,
				SECRET_LEN) &&
	       tls_expand_label(TLS_SHA256, secret, v->key, out->key,
				QUIC_KEY_LEN) &&
	       tls_expand_label(TLS_SHA256, secret, v->iv, out->iv,
				QUIC_IV_LEN) &&
	       tls_expand_label(TLS_SHA256, secret, v->header, out->header,
				QUIC_KEY_LEN);
}

bool quic_mask(const struct quic_keys *keys,
	       const uint8_t sample[QUIC_SAMPLE_LEN], uint8_t mask[5])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t block[QUIC_SAMPLE_LEN];
	int len;
	bool good = c &&
		    EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, keys->header,
				       NULL) &&
		    EVP_EncryptUpdate(c, block, &len, sample, QUIC_SAMPLE_LEN);
	EVP_CIPHER_CTX_free(c);
	if (good)
		memcpy(mask, block, 5);
	return good;
}

/* RFC 9001 5.3. */
static void make_nonce(const struct quic_keys *keys, uint64_t number,
		       uint8_t nonce[QUIC_IV_LEN])
{
	memcpy(nonce, keys->iv, QUIC_IV_LEN);
	for (int i = 0; i < 8; i++)
		nonce[QUIC_IV_LEN - 1 - i] ^= (uint8_t)(number >> 8 * i);
}

bool quic_open(const struct quic_keys *keys, uint64_t number, struct slice head,
	       struct slice sealed, uint8_t *out)
{
	uint8_t nonce[QUIC_IV_LEN], tag[QUIC_TAG_LEN];
	int len;
	if (sealed.len < QUIC_TAG_LEN)
		return false;
	size_t frames = sealed.len - QUIC_TAG_LEN;
	memcpy(tag, sealed.data + frames, QUIC_TAG_LEN);
	make_nonce(keys, number, nonce);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool good =
	    c &&
	    EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, keys->key, nonce) &&
	    EVP_DecryptUpdate(c, NULL, &len, head.data, (int)head.len) &&
	    EVP_DecryptUpdate(c, out, &len, sealed.data, (int)frames) &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_LEN, tag) &&
	    EVP_DecryptFinal_ex(c, out + len, &len);
	EVP_CIPHER_CTX_free(c);
	return good;
}
