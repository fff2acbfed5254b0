/* Digests of bytes, and base64. */
#include "digest.h"

#include "log.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdlib.h>
#include <unistd.h>

/* What OpenSSL does at an exit would wait for the locks that it holds. */
static void *checked(void *p)
{
	if (p)
		return p;
	log_warn("out of memory");
	_exit(EXIT_FAILURE);
}

static void *take(size_t len, const char *file, int line)
{
	(void)file, (void)line;
	return checked(malloc(len ? len : 1));
}

static void drop(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

static void *resize(void *old, size_t len, const char *file, int line)
{
	(void)file, (void)line;
	if (len)
		return checked(realloc(old, len));
	free(old);
	return NULL;
}

void digest_memory(void)
{
	CRYPTO_set_mem_functions(take, resize, drop);
}

/* Which digest is said once: OpenSSL looks for who computes it each time, under
 * a lock of all threads. */
void digest_start(struct digest *d)
{
	const EVP_MD *kind = d->state ? NULL : EVP_sha256();
	if (!d->state)
		d->state = EVP_MD_CTX_new();
	if (!d->state || !EVP_DigestInit_ex(d->state, kind, NULL))
		log_fatal("cannot compute SHA-256 digests");
}

void digest_add(struct digest *d, struct slice bytes)
{
	if (!EVP_DigestUpdate(d->state, bytes.data, bytes.len))
		log_fatal("cannot compute SHA-256 digests");
}

void digest_finish(struct digest *d, uint8_t out[DIGEST_LEN])
{
	if (!EVP_DigestFinal_ex(d->state, out, NULL))
		log_fatal("cannot compute SHA-256 digests");
}

void digest_release(struct digest *d)
{
	EVP_MD_CTX_free(d->state);
	d->state = NULL;
}

static const EVP_MD *md_of(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA384:
		return EVP_sha384();
	case DIGEST_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

size_t digest_of(enum digest_kind kind, struct slice bytes,
		 uint8_t out[DIGEST_MAX])
{
	unsigned len = 0;
	if (!EVP_Digest(bytes.data, bytes.len, out, &len, md_of(kind), NULL))
		return 0;
	return len;
}

void base64_add(struct buf *out, struct slice bytes)
{
	/* EVP counts in int, and puts a NUL behind. */
	static const size_t piece_len = 3 << 20;
	while (bytes.len) {
		struct slice piece = slice_to(bytes, piece_len);
		uint8_t *to = buf_reserve(out, (piece.len + 2) / 3 * 4 + 1);
		out->len +=
		    (size_t)EVP_EncodeBlock(to, piece.data, (int)piece.len);
		bytes = slice_from(bytes, piece.len);
	}
}

/* EVP_DecodeBlock knows neither base64url nor missing padding, and skips white
 * space. */
static int sextet(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static struct slice without_padding(struct slice text)
{
	size_t padding = 0;
	while (padding < 2 && padding < text.len &&
	       text.data[text.len - 1 - padding] == '=')
		padding++;
	return padding && text.len % 4 == 0 ? slice_to(text, text.len - padding)
					    : text;
}

bool base64_read(struct slice text, struct buf *out)
{
	size_t start = out->len;
	uint32_t bits = 0;
	text = without_padding(text);
	for (size_t i = 0; i < text.len; i++) {
		int value = sextet(text.data[i]);
		if (value < 0 || (i % 4 == 0 && i + 1 == text.len)) {
			out->len = start;
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		if (i % 4)
			buf_add_byte(out, (uint8_t)(bits >> (6 - i % 4 * 2)));
	}
	return true;
}
