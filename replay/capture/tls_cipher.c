/* The protection of TLS records, by OpenSSL. */
#include "tls_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <stdlib.h>

#define NONCE_LEN 12
#define EXPLICIT_LEN 8
#define SALT_LEN 4
#define BLOCK_MAX 16
#define KEY_MAX 32

enum mode { MODE_STREAM, MODE_CBC, MODE_GCM, MODE_CCM, MODE_CHACHA };

struct algorithm {
	const char *name; /* NULL: none at all */
	enum mode mode;
	uint8_t key_len;
	uint8_t block; /* of CBC */
};

static const struct algorithm algorithms[TLS_ALGORITHMS] = {
    [TLS_NULL] = {NULL, MODE_STREAM, 0, 0},
    [TLS_RC4] = {"RC4", MODE_STREAM, 16, 0},
    [TLS_DES] = {"DES-CBC", MODE_CBC, 8, 8},
    [TLS_3DES] = {"DES-EDE3-CBC", MODE_CBC, 24, 8},
    [TLS_IDEA] = {"IDEA-CBC", MODE_CBC, 16, 8},
    [TLS_SEED] = {"SEED-CBC", MODE_CBC, 16, 16},
    [TLS_AES_128_CBC] = {"AES-128-CBC", MODE_CBC, 16, 16},
    [TLS_AES_256_CBC] = {"AES-256-CBC", MODE_CBC, 32, 16},
    [TLS_CAMELLIA_128_CBC] = {"CAMELLIA-128-CBC", MODE_CBC, 16, 16},
    [TLS_CAMELLIA_256_CBC] = {"CAMELLIA-256-CBC", MODE_CBC, 32, 16},
    [TLS_ARIA_128_CBC] = {"ARIA-128-CBC", MODE_CBC, 16, 16},
    [TLS_ARIA_256_CBC] = {"ARIA-256-CBC", MODE_CBC, 32, 16},
    [TLS_AES_128_GCM] = {"AES-128-GCM", MODE_GCM, 16, 0},
    [TLS_AES_256_GCM] = {"AES-256-GCM", MODE_GCM, 32, 0},
    [TLS_ARIA_128_GCM] = {"ARIA-128-GCM", MODE_GCM, 16, 0},
    [TLS_ARIA_256_GCM] = {"ARIA-256-GCM", MODE_GCM, 32, 0},
    [TLS_AES_128_CCM] = {"AES-128-CCM", MODE_CCM, 16, 0},
    [TLS_AES_256_CCM] = {"AES-256-CCM", MODE_CCM, 32, 0},
    [TLS_CHACHA20] = {"ChaCha20-Poly1305", MODE_CHACHA, 32, 0},
};

struct tls_library {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *providers[2];
	EVP_CIPHER *ciphers[TLS_ALGORITHMS]; /* NULL: OpenSSL lacks it */
	EVP_MD *hashes[TLS_HASHES];
	EVP_MAC *hmac;
};

struct tls_cipher {
	struct tls_protection p;
	const struct algorithm *algorithm;
	EVP_CIPHER_CTX *context; /* NULL for TLS_NULL */
	EVP_MAC_CTX *mac;        /* HMAC */
	EVP_MD_CTX *ssl3;        /* SSL 3.0 instead of it */
	const EVP_MD *hash;
	uint8_t mac_key[TLS_HASH_MAX];
	size_t mac_len;
	uint8_t key[KEY_MAX];  /* of CCM alone, which wants it each time */
	uint8_t iv[BLOCK_MAX]; /* of the nonces, or of the next block */
};

/* ---- OpenSSL's algorithms ---- */

struct tls_library *tls_library_new(void)
{
	static const char *const hashes[TLS_HASHES] = {"MD5", "SHA1", "SHA256",
						       "SHA384"};
	struct tls_library *l = xcalloc(1, sizeof *l);
	/* One of its own: the program's keeps to what is not broken. */
	l->context = OSSL_LIB_CTX_new();
	l->providers[0] = OSSL_PROVIDER_load(l->context, "default");
	l->providers[1] = OSSL_PROVIDER_load(l->context, "legacy");
	for (int i = 0; i < TLS_ALGORITHMS; i++)
		if (algorithms[i].name)
			l->ciphers[i] = EVP_CIPHER_fetch(
			    l->context, algorithms[i].name, NULL);
	for (int i = 0; i < TLS_HASHES; i++)
		l->hashes[i] = EVP_MD_fetch(l->context, hashes[i], NULL);
	l->hmac = EVP_MAC_fetch(l->context, "HMAC", NULL);
	return l;
}

void tls_library_preload(void)
{
	static OSSL_LIB_CTX *context; /* or the module would go again */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (!context && (context = OSSL_LIB_CTX_new()))
		OSSL_PROVIDER_load(context, "legacy");
	ERR_clear_error();
}

void tls_library_free(struct tls_library *l)
{
	if (!l)
		return;
	for (int i = 0; i < TLS_ALGORITHMS; i++)
		EVP_CIPHER_free(l->ciphers[i]);
	for (int i = 0; i < TLS_HASHES; i++)
		EVP_MD_free(l->hashes[i]);
	EVP_MAC_free(l->hmac);
	for (int i = 0; i < 2; i++)
		if (l->providers[i])
			OSSL_PROVIDER_unload(l->providers[i]);
	OSSL_LIB_CTX_free(l->context);
	free(l);
}

/* ---- setting up ---- */

static bool has_mac(const struct algorithm *a)
{
	return a->mode == MODE_STREAM || a->mode == MODE_CBC;
}

static size_t mac_len_of(const struct tls_protection *p)
{
	return has_mac(&algorithms[p->suite.algorithm])
		   ? tls_hash_len(p->suite.mac)
		   : 0;
}

/* What of a vector is agreed on with the keys. */
static size_t iv_len_of(const struct tls_protection *p)
{
	const struct algorithm *a = &algorithms[p->suite.algorithm];
	if (a->mode == MODE_STREAM)
		return 0;
	if (a->mode == MODE_CBC)
		return p->version < TLS_1_1 ? a->block : 0;
	return a->mode == MODE_CHACHA || p->version >= TLS_1_3 ? NONCE_LEN
							       : SALT_LEN;
}

size_t tls_cipher_key_block(const struct tls_protection *p)
{
	return 2 * (mac_len_of(p) + algorithms[p->suite.algorithm].key_len +
		    iv_len_of(p));
}

static bool set_up_mac(struct tls_cipher *c, const struct tls_library *l)
{
	static const char *const names[TLS_HASHES] = {"MD5", "SHA1", "SHA256",
						      "SHA384"};
	enum tls_hash mac = c->p.suite.mac;
	c->hash = l->hashes[mac];
	if (!c->hash)
		return false;
	if (c->p.version == SSL_3_0) {
		c->ssl3 = EVP_MD_CTX_new();
		return c->ssl3 && mac <= TLS_SHA1;
	}
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
					     (char *)names[mac], 0),
	    OSSL_PARAM_construct_end(),
	};
	c->mac = l->hmac ? EVP_MAC_CTX_new(l->hmac) : NULL;
	return c->mac && EVP_MAC_init(c->mac, c->mac_key, c->mac_len, params);
}

static bool set_up_cipher(struct tls_cipher *c, const struct tls_library *l)
{
	const struct algorithm *a = c->algorithm;
	const EVP_CIPHER *cipher = l->ciphers[c->p.suite.algorithm];
	if (!a->name)
		return true;
	c->context = cipher ? EVP_CIPHER_CTX_new() : NULL;
	if (!c->context ||
	    !EVP_DecryptInit_ex(c->context, cipher, NULL, NULL, NULL))
		return false;
	if (a->mode >= MODE_GCM &&
	    !EVP_CIPHER_CTX_ctrl(c->context, EVP_CTRL_AEAD_SET_IVLEN, NONCE_LEN,
				 NULL))
		return false;
	if (a->mode == MODE_CCM)
		return true; /* each time, behind the tag */
	EVP_CIPHER_CTX_set_padding(c->context, 0);
	return EVP_DecryptInit_ex(c->context, NULL, NULL, c->key,
				  a->mode == MODE_CBC ? c->iv : NULL);
}

static struct tls_cipher *set_up(struct tls_cipher *c,
				 const struct tls_library *l)
{
	bool good = set_up_cipher(c, l);
	if (good && has_mac(c->algorithm))
		good = set_up_mac(c, l);
	if (good)
		return c;
	tls_cipher_free(c);
	return NULL;
}

static struct tls_cipher *cipher_new(const struct tls_protection *p)
{
	struct tls_cipher *c = xcalloc(1, sizeof *c);
	c->p = *p;
	c->algorithm = &algorithms[p->suite.algorithm];
	c->mac_len = mac_len_of(p);
	return c;
}

struct tls_cipher *tls_cipher_from_block(const struct tls_library *l,
					 const struct tls_protection *p,
					 const uint8_t *block, int side)
{
	struct tls_cipher *c = cipher_new(p);
	size_t key_len = c->algorithm->key_len, iv_len = iv_len_of(p);
	size_t which = (size_t)side;
	memcpy(c->mac_key, block + which * c->mac_len, c->mac_len);
	block += 2 * c->mac_len;
	memcpy(c->key, block + which * key_len, key_len);
	block += 2 * key_len;
	memcpy(c->iv, block + which * iv_len, iv_len);
	return set_up(c, l);
}

struct tls_cipher *tls_cipher_from_secret(const struct tls_library *l,
					  const struct tls_protection *p,
					  struct slice secret)
{
	struct tls_cipher *c = cipher_new(p);
	enum tls_hash hash = p->suite.hash;
	if (tls_expand_label(hash, secret, "key", c->key,
			     c->algorithm->key_len) &&
	    tls_expand_label(hash, secret, "iv", c->iv, NONCE_LEN))
		return set_up(c, l);
	tls_cipher_free(c);
	return NULL;
}

void tls_cipher_free(struct tls_cipher *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->context);
	EVP_MAC_CTX_free(c->mac);
	EVP_MD_CTX_free(c->ssl3);
	OPENSSL_cleanse(c, sizeof *c);
	free(c);
}

/* ---- AEAD ---- */

static void put_number(uint8_t *out, uint64_t number, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(number >> 8 * (bytes - 1 - i));
}

static size_t explicit_len(const struct tls_cipher *c)
{
	return c->algorithm->mode != MODE_CHACHA && c->p.version < TLS_1_3
		   ? EXPLICIT_LEN
		   : 0;
}

static void make_nonce(const struct tls_cipher *c, uint64_t sequence,
		       const uint8_t *explicit_part, uint8_t nonce[NONCE_LEN])
{
	uint8_t number[8];
	memcpy(nonce, c->iv, NONCE_LEN);
	if (explicit_len(c)) {
		memcpy(nonce + SALT_LEN, explicit_part, EXPLICIT_LEN);
		return;
	}
	put_number(number, sequence, 8);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= number[i];
}

/* The head of what is authenticated: RFC 5246 6.2.3.3, RFC 8446 5.2. */
static size_t make_head(const struct tls_cipher *c, uint64_t sequence,
			const struct tls_record *r, size_t len,
			uint8_t head[13])
{
	size_t at = 0;
	if (c->p.version < TLS_1_3) {
		put_number(head, sequence, 8);
		at = 8;
	}
	head[at] = r->type;
	put_number(head + at + 1, r->version, 2);
	put_number(head + at + 3, len, 2);
	return at + 5;
}

static bool begin_aead(struct tls_cipher *c, const uint8_t *nonce,
		       const uint8_t *tag, size_t len)
{
	EVP_CIPHER_CTX *x = c->context;
	int n, tag_len = c->p.suite.tag_len;
	bool ccm = c->algorithm->mode == MODE_CCM;
	/* CCM wants the tag before the key, and the length before all. */
	return (!ccm || EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, tag_len,
					    (void *)tag)) &&
	       EVP_DecryptInit_ex(x, NULL, NULL, ccm ? c->key : NULL, nonce) &&
	       (ccm || EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, tag_len,
					   (void *)tag)) &&
	       (!ccm || EVP_DecryptUpdate(x, NULL, &n, NULL, (int)len));
}

static bool open_aead(struct tls_cipher *c, uint64_t sequence,
		      const struct tls_record *r, uint8_t *out, size_t *len)
{
	size_t lead = explicit_len(c), tag_len = c->p.suite.tag_len;
	if (r->body.len < lead + tag_len)
		return false;
	size_t n = r->body.len - lead - tag_len;
	const uint8_t *from = r->body.data + lead;
	uint8_t nonce[NONCE_LEN], head[13];
	make_nonce(c, sequence, r->body.data, nonce);
	size_t head_len = make_head(
	    c, sequence, r, c->p.version < TLS_1_3 ? n : r->body.len, head);
	int done = 0, rest = 0;
	uint8_t nothing[1];
	if (!begin_aead(c, nonce, from + n, n) ||
	    !EVP_DecryptUpdate(c->context, NULL, &done, head, (int)head_len) ||
	    EVP_DecryptUpdate(c->context, out, &done, from, (int)n) <= 0)
		return false;
	*len = n;
	/* CCM has verified it by now. */
	return c->algorithm->mode == MODE_CCM ||
	       EVP_DecryptFinal_ex(c->context, nothing, &rest) > 0;
}

/* ---- MAC ---- */

/* RFC 6101 5.2.3.1 */
static bool ssl3_mac(struct tls_cipher *c, const uint8_t *head,
		     struct slice content, uint8_t *out)
{
	uint8_t pad[48], inner[TLS_HASH_MAX];
	size_t pad_len = c->p.suite.mac == TLS_MD5 ? 48 : 40;
	EVP_MD_CTX *x = c->ssl3;
	memset(pad, 0x36, sizeof pad);
	bool good = EVP_DigestInit_ex(x, c->hash, NULL) &&
		    EVP_DigestUpdate(x, c->mac_key, c->mac_len) &&
		    EVP_DigestUpdate(x, pad, pad_len) &&
		    /* sequence and type, then the length: no version */
		    EVP_DigestUpdate(x, head, 9) &&
		    EVP_DigestUpdate(x, head + 11, 2) &&
		    EVP_DigestUpdate(x, content.data, content.len) &&
		    EVP_DigestFinal_ex(x, inner, NULL);
	memset(pad, 0x5c, sizeof pad);
	return good && EVP_DigestInit_ex(x, c->hash, NULL) &&
	       EVP_DigestUpdate(x, c->mac_key, c->mac_len) &&
	       EVP_DigestUpdate(x, pad, pad_len) &&
	       EVP_DigestUpdate(x, inner, c->mac_len) &&
	       EVP_DigestFinal_ex(x, out, NULL);
}

static bool mac_holds(struct tls_cipher *c, uint64_t sequence,
		      const struct tls_record *r, struct slice content,
		      const uint8_t *mac)
{
	uint8_t head[13], out[TLS_HASH_MAX];
	size_t len = sizeof out;
	make_head(c, sequence, r, content.len, head);
	if (c->ssl3)
		return ssl3_mac(c, head, content, out) &&
		       !memcmp(out, mac, c->mac_len);
	return EVP_MAC_init(c->mac, NULL, 0, NULL) &&
	       EVP_MAC_update(c->mac, head, sizeof head) &&
	       EVP_MAC_update(c->mac, content.data, content.len) &&
	       EVP_MAC_final(c->mac, out, &len, sizeof out) &&
	       len == c->mac_len && !memcmp(out, mac, len);
}

/* ---- CBC and streams ---- */

/* The bytes before the padding, its length included. False if it is none. */
static bool strip_padding(const struct tls_cipher *c, struct slice *content)
{
	if (!content->len)
		return false;
	size_t n = content->data[content->len - 1] + (size_t)1;
	if (n > content->len)
		return false;
	/* SSL 3.0 leaves open what it holds. */
	for (size_t i = 0; i < n && c->p.version > SSL_3_0; i++)
		if (content->data[content->len - 1 - i] != n - 1)
			return false;
	content->len -= n;
	return true;
}

static bool decrypt_cbc(struct tls_cipher *c, struct slice body, uint8_t *out,
			struct slice *content)
{
	size_t block = c->algorithm->block;
	const uint8_t *iv = c->iv;
	if (c->p.version >= TLS_1_1) {
		if (body.len < block)
			return false;
		iv = body.data;
		body = slice_from(body, block);
	}
	int n = 0;
	if (!body.len || body.len % block ||
	    !EVP_DecryptInit_ex(c->context, NULL, NULL, NULL, iv) ||
	    !EVP_DecryptUpdate(c->context, out, &n, body.data, (int)body.len))
		return false;
	*content = (struct slice){out, body.len};
	return strip_padding(c, content);
}

static bool open_cbc(struct tls_cipher *c, uint64_t sequence,
		     const struct tls_record *r, uint8_t *out, size_t *len)
{
	struct slice body = r->body, content;
	if (c->p.encrypt_then_mac) {
		if (body.len < c->mac_len)
			return false;
		body.len -= c->mac_len;
		if (!mac_holds(c, sequence, r, body, body.data + body.len))
			return false;
	}
	if (!decrypt_cbc(c, body, out, &content))
		return false;
	if (!c->p.encrypt_then_mac) {
		if (content.len < c->mac_len)
			return false;
		content.len -= c->mac_len;
		if (!mac_holds(c, sequence, r, content, out + content.len))
			return false;
	}
	tls_cipher_pass(c, r->body);
	*len = content.len;
	return true;
}

static bool open_stream(struct tls_cipher *c, uint64_t sequence,
			const struct tls_record *r, uint8_t *out, size_t *len)
{
	int n = 0;
	size_t whole = r->body.len;
	if (whole < c->mac_len)
		return false;
	if (!c->context)
		memcpy(out, r->body.data, whole);
	else if (!EVP_DecryptUpdate(c->context, out, &n, r->body.data,
				    (int)whole))
		return false;
	*len = whole - c->mac_len;
	return mac_holds(c, sequence, r, (struct slice){out, *len}, out + *len);
}

/* ---- records ---- */

/* The type stands behind the content, and zeros behind it: RFC 8446 5.4. */
static bool take_inner_type(const uint8_t *out, size_t *len, uint8_t *type)
{
	while (*len && !out[*len - 1])
		--*len;
	if (!*len)
		return false;
	*type = out[--*len];
	return true;
}

bool tls_cipher_open(struct tls_cipher *c, uint64_t sequence,
		     const struct tls_record *r, uint8_t *out, size_t *len,
		     uint8_t *type)
{
	*type = r->type;
	switch (c->algorithm->mode) {
	case MODE_STREAM:
		return open_stream(c, sequence, r, out, len);
	case MODE_CBC:
		return open_cbc(c, sequence, r, out, len);
	default:
		return open_aead(c, sequence, r, out, len) &&
		       (c->p.version < TLS_1_3 ||
			take_inner_type(out, len, type));
	}
}

void tls_cipher_pass(struct tls_cipher *c, struct slice ciphertext)
{
	size_t block = c->algorithm->block;
	size_t mac = c->p.encrypt_then_mac ? c->mac_len : 0;
	ciphertext = slice_to(ciphertext,
			      ciphertext.len > mac ? ciphertext.len - mac : 0);
	if (c->algorithm->mode == MODE_CBC && ciphertext.len >= block)
		memcpy(c->iv, ciphertext.data + ciphertext.len - block, block);
}

bool tls_cipher_is_stream(const struct tls_cipher *c)
{
	return c->algorithm->mode == MODE_STREAM && c->context;
}

size_t tls_cipher_overhead(const struct tls_cipher *c)
{
	const struct algorithm *a = c->algorithm;
	size_t vector = c->p.version >= TLS_1_1 ? a->block : 0;
	if (a->mode == MODE_CBC)
		return vector + c->mac_len + 1;
	if (a->mode == MODE_STREAM)
		return c->mac_len;
	return explicit_len(c) + c->p.suite.tag_len + (c->p.version >= TLS_1_3);
}

bool tls_cipher_nonce(const struct tls_cipher *c, struct slice body,
		      uint64_t *nonce)
{
	if (c->algorithm->mode < MODE_GCM || !explicit_len(c) ||
	    body.len < EXPLICIT_LEN)
		return false;
	struct reader r = reader_of(body);
	*nonce = (uint64_t)reader_u32(&r) << 32;
	*nonce |= reader_u32(&r);
	return true;
}
