/* SHA-256 of bytes that come in pieces. */
#include "digest.h"

#include "log.h"

#include <openssl/evp.h>

void digest_start(struct digest *d)
{
	if (!d->state)
		d->state = EVP_MD_CTX_new();
	if (!d->state || !EVP_DigestInit_ex(d->state, EVP_sha256(), NULL))
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
