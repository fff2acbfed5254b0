/* How TLS makes keys from secrets. */
#include "tls_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const EVP_MD *md_of(enum tls_hash hash)
{
	switch (hash) {
	case TLS_MD5:
		return EVP_md5();
	case TLS_SHA1:
		return EVP_sha1();
	case TLS_SHA384:
		return EVP_sha384();
	default:
		return EVP_sha256();
	}
}

size_t tls_hash_len(enum tls_hash hash)
{
	static const size_t lens[TLS_HASHES] = {16, 20, 32, 48};
	return lens[hash];
}

size_t tls_digest(enum tls_hash hash, struct slice bytes,
		  uint8_t out[TLS_HASH_MAX])
{
	unsigned len = 0;
	if (!EVP_Digest(bytes.data, bytes.len, out, &len, md_of(hash), NULL))
		return 0;
	return len;
}

static bool hmac(enum tls_hash hash, struct slice key, struct slice bytes,
		 uint8_t out[TLS_HASH_MAX])
{
	unsigned len;
	/* No key is not the same as an empty one. */
	const uint8_t *from = key.len ? key.data : out;
	return HMAC(md_of(hash), from, (int)key.len, bytes.data, bytes.len, out,
		    &len) != NULL;
}

/* P_hash (RFC 5246 5), put over out by exclusive or. */
static bool p_hash(enum tls_hash hash, struct slice secret, struct slice seed,
		   uint8_t *out, size_t len)
{
	size_t size = tls_hash_len(hash);
	uint8_t part[TLS_HASH_MAX];
	struct buf a = {0}; /* A(i), then the seed */
	bool good = hmac(hash, secret, seed, part);
	while (good && len) {
		buf_clear(&a);
		buf_add(&a, (struct slice){part, size});
		buf_add(&a, seed);
		uint8_t bytes[TLS_HASH_MAX];
		good = hmac(hash, secret, buf_slice(&a), bytes) &&
		       hmac(hash, secret, slice_to(buf_slice(&a), size), part);
		size_t n = len < size ? len : size;
		for (size_t i = 0; i < n; i++)
			*out++ ^= bytes[i];
		len -= n;
	}
	buf_release(&a);
	return good;
}

/* MD5(secret + SHA("A" + secret + seed)), then "BB", "CCC" ... */
static bool ssl3_expand(struct slice secret, struct slice seed, uint8_t *out,
			size_t len)
{
	struct buf b = {0};
	bool good = true;
	for (unsigned round = 1; good && len; round++) {
		uint8_t inner[TLS_HASH_MAX], outer[TLS_HASH_MAX];
		buf_clear(&b);
		for (unsigned i = 0; i < round; i++)
			buf_add_byte(&b, (uint8_t)('A' + round - 1));
		buf_add(&b, secret);
		buf_add(&b, seed);
		size_t n = tls_digest(TLS_SHA1, buf_slice(&b), inner);
		buf_clear(&b);
		buf_add(&b, secret);
		buf_add(&b, (struct slice){inner, n});
		good = n && tls_digest(TLS_MD5, buf_slice(&b), outer) &&
		       round <= 26;
		n = good ? tls_hash_len(TLS_MD5) : 0;
		n = n < len ? n : len;
		memcpy(out, outer, n);
		out += n;
		len -= n;
	}
	buf_release(&b);
	return good;
}

bool tls_prf(const struct tls_agreed *a, struct slice secret, const char *label,
	     struct slice seed, uint8_t *out, size_t len)
{
	if (a->version == SSL_3_0)
		return ssl3_expand(secret, seed, out, len);
	struct buf all = {0};
	buf_add_string(&all, label);
	buf_add(&all, seed);
	memset(out, 0, len);
	bool good;
	if (a->version >= TLS_1_2) {
		good = p_hash(a->hash, secret, buf_slice(&all), out, len);
	} else {
		/* The halves share a byte if it is odd. */
		size_t half = (secret.len + 1) / 2;
		good = p_hash(TLS_MD5, slice_to(secret, half), buf_slice(&all),
			      out, len) &&
		       p_hash(TLS_SHA1, slice_from(secret, secret.len - half),
			      buf_slice(&all), out, len);
	}
	buf_release(&all);
	return good;
}

static bool with_randoms(const struct tls_agreed *a, struct slice secret,
			 const char *label, bool server_first, uint8_t *out,
			 size_t len)
{
	uint8_t seed[2 * TLS_RANDOM_LEN];
	memcpy(seed, server_first ? a->server_random : a->client_random,
	       TLS_RANDOM_LEN);
	memcpy(seed + TLS_RANDOM_LEN,
	       server_first ? a->client_random : a->server_random,
	       TLS_RANDOM_LEN);
	return tls_prf(a, secret, label, (struct slice){seed, sizeof seed}, out,
		       len);
}

bool tls_master(const struct tls_agreed *a, struct slice premaster,
		struct slice session_hash, uint8_t out[TLS_MASTER_LEN])
{
	if (session_hash.len)
		return tls_prf(a, premaster, "extended master secret",
			       session_hash, out, TLS_MASTER_LEN);
	return with_randoms(a, premaster, "master secret", false, out,
			    TLS_MASTER_LEN);
}

bool tls_key_block(const struct tls_agreed *a,
		   const uint8_t master[TLS_MASTER_LEN], uint8_t *out,
		   size_t len)
{
	return with_randoms(a, (struct slice){master, TLS_MASTER_LEN},
			    "key expansion", true, out, len);
}

size_t tls_session_hash(const struct tls_agreed *a, struct slice messages,
			uint8_t out[TLS_HASH_MAX])
{
	if (a->version >= TLS_1_2)
		return tls_digest(a->hash, messages, out);
	uint8_t sha1[TLS_HASH_MAX];
	size_t first = tls_digest(TLS_MD5, messages, out);
	size_t second = tls_digest(TLS_SHA1, messages, sha1);
	if (!first || !second)
		return 0;
	memcpy(out + first, sha1, second);
	return first + second;
}

bool tls_expand_label(enum tls_hash hash, struct slice secret,
		      const char *label, uint8_t *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	struct buf info = {0};
	uint8_t part[TLS_HASH_MAX];
	buf_add_byte(&info, (uint8_t)(len >> 8));
	buf_add_byte(&info, (uint8_t)len);
	buf_add_byte(&info, (uint8_t)(strlen(prefix) + strlen(label)));
	buf_add_string(&info, prefix);
	buf_add_string(&info, label);
	buf_add_byte(&info, 0); /* the context */
	buf_add_byte(&info, 1); /* T(1): no key is longer than the hash */
	bool good = len <= tls_hash_len(hash) &&
		    hmac(hash, secret, buf_slice(&info), part);
	if (good)
		memcpy(out, part, len);
	buf_release(&info);
	return good;
}
