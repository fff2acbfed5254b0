/* Initial packets of QUIC, sealed as a client does: RFC 9001 5, RFC 9369. For
 * the generator, for unit tests and for fuzzing. Keys are made by OpenSSL's own
 * key derivation, so that what reads them is held against something else. */
#ifndef CAPTURES_QUIC_SEAL_H
#define CAPTURES_QUIC_SEAL_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define QUIC_SEAL_V2 0x6b3343cfU
#define QUIC_SEAL_MAX 65536
#define QUIC_SEAL_ID_MAX 20

struct quic_seal {
	uint32_t version;
	const uint8_t *salt;          /* of 20 bytes; NULL: of version 1 or 2 */
	uint8_t id[QUIC_SEAL_ID_MAX]; /* Destination Connection ID */
	uint8_t id_len;
	/* Of which the keys are made, where it is another one: a server has
	 * answered with an ID of its own. */
	uint8_t first_id[QUIC_SEAL_ID_MAX];
	uint8_t first_id_len;
	const uint8_t *token;
	uint8_t token_len; /* below 64 */
	uint64_t number;   /* of the packet */
	uint8_t number_len;
};

/* kdf is fetched once: that takes longer than all the rest. */
static inline void quic_seal_derive(EVP_KDF **kdf, const char *name,
				    OSSL_PARAM *params, uint8_t *out,
				    size_t len)
{
	EVP_KDF_CTX *c;
	if (!*kdf)
		*kdf = EVP_KDF_fetch(NULL, name, NULL);
	c = *kdf ? EVP_KDF_CTX_new(*kdf) : NULL;
	if (!c || EVP_KDF_derive(c, out, len, params) <= 0)
		abort();
	EVP_KDF_CTX_free(c);
}

static inline void quic_seal_label(const uint8_t *secret, const char *label,
				   uint8_t *out, size_t len)
{
	static EVP_KDF *kdf;
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_int("mode", &mode),
	    OSSL_PARAM_utf8_string("digest", (char *)"SHA256", 6),
	    OSSL_PARAM_octet_string("key", (void *)secret, 32),
	    OSSL_PARAM_octet_string("prefix", (char *)"tls13 ", 6),
	    OSSL_PARAM_octet_string("label", (char *)label, strlen(label)),
	    OSSL_PARAM_octet_string("data", (char *)"", 0),
	    OSSL_PARAM_END,
	};
	quic_seal_derive(&kdf, "TLS13-KDF", params, out, len);
}

static inline void quic_seal_keys(const struct quic_seal *s, uint8_t key[16],
				  uint8_t iv[12], uint8_t header[16])
{
	static const uint8_t v1[] = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17"
				    "\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
	static const uint8_t v2[] = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93"
				    "\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9";
	const int two = s->version == QUIC_SEAL_V2;
	const uint8_t *salt = s->salt ? s->salt : two ? v2 : v1;
	static EVP_KDF *kdf;
	int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
	const uint8_t *id = s->first_id_len ? s->first_id : s->id;
	size_t id_len = s->first_id_len ? s->first_id_len : s->id_len;
	uint8_t initial[32], client[32];
	OSSL_PARAM params[] = {
	    OSSL_PARAM_int("mode", &mode),
	    OSSL_PARAM_utf8_string("digest", (char *)"SHA256", 6),
	    OSSL_PARAM_octet_string("key", (void *)id, id_len),
	    OSSL_PARAM_octet_string("salt", (void *)salt, 20),
	    OSSL_PARAM_END,
	};
	quic_seal_derive(&kdf, "HKDF", params, initial, sizeof(initial));
	quic_seal_label(initial, "client in", client, sizeof(client));
	quic_seal_label(client, two ? "quicv2 key" : "quic key", key, 16);
	quic_seal_label(client, two ? "quicv2 iv" : "quic iv", iv, 12);
	quic_seal_label(client, two ? "quicv2 hp" : "quic hp", header, 16);
}

static inline void quic_seal_crypt(const EVP_CIPHER *cipher, const uint8_t *key,
				   const uint8_t *iv, const uint8_t *head,
				   size_t head_len, const uint8_t *in,
				   size_t len, uint8_t *out, int tag_len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;
	if (!c || !EVP_EncryptInit_ex(c, cipher, NULL, key, iv) ||
	    (head && !EVP_EncryptUpdate(c, NULL, &n, head, (int)head_len)) ||
	    !EVP_EncryptUpdate(c, out, &n, in, (int)len) ||
	    (tag_len && (!EVP_EncryptFinal_ex(c, out + n, &n) ||
			 !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_len,
					      out + len))))
		abort();
	EVP_CIPHER_CTX_free(c);
}

/* Writes the packet that holds those frames, no more than 16000 bytes of them,
 * and returns its length: at least 4 of them, for the sample. */
static inline size_t quic_seal(uint8_t out[QUIC_SEAL_MAX],
			       const struct quic_seal *s, const uint8_t *frames,
			       size_t len)
{
	uint8_t key[16], iv[12], header[16], mask[16];
	size_t at = 0, number_at, rest = s->number_len + len + 16;
	int i;
	quic_seal_keys(s, key, iv, header);
	out[at++] = (uint8_t)((s->version == QUIC_SEAL_V2 ? 0xd0 : 0xc0) |
			      (s->number_len - 1));
	for (i = 3; i >= 0; i--)
		out[at++] = (uint8_t)(s->version >> 8 * i);
	out[at++] = s->id_len;
	memcpy(out + at, s->id, s->id_len);
	at += s->id_len;
	out[at++] = 0; /* no Source Connection ID */
	out[at++] = s->token_len;
	if (s->token_len)
		memcpy(out + at, s->token, s->token_len);
	at += s->token_len;
	out[at++] = (uint8_t)(0x40 | rest >> 8);
	out[at++] = (uint8_t)rest;
	number_at = at;
	for (i = s->number_len - 1; i >= 0; i--)
		out[at++] = (uint8_t)(s->number >> 8 * i);
	for (i = 0; i < 8; i++)
		iv[11 - i] ^= (uint8_t)(s->number >> 8 * i);
	quic_seal_crypt(EVP_aes_128_gcm(), key, iv, out, at, frames, len,
			out + at, 16);
	quic_seal_crypt(EVP_aes_128_ecb(), header, NULL, NULL, 0,
			out + number_at + 4, 16, mask, 0);
	out[0] ^= mask[0] & 0x0f;
	for (i = 0; i < s->number_len; i++)
		out[number_at + (size_t)i] ^= mask[1 + i];
	return at + len + 16;
}

#endif
