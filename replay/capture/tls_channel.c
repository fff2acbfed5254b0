/* One direction of a TLS connection under one key. */
#include "tls_channel.h"

/* How many numbers are tried for a record after a loss; and how many bytes may
 * be tried in vain on a direction, and more for each byte that was good: no
 * capture may make the search long. */
#define NUMBERS_MAX 4096
#define WORK_MAX (UINT64_C(64) << 20)
#define WORK_UNVERIFIED (UINT64_C(1) << 20) /* the key may be wrong */
#define WORK_EARNED 16
#define WORK_EACH 256 /* of a try, whatever its length */

void tls_channel_key(struct tls_channel *c, struct tls_cipher *cipher)
{
	tls_cipher_free(c->cipher);
	c->cipher = cipher;
	c->sequence = 0;
	c->has_nonce = false;
	c->loss = (struct tls_loss){0};
}

void tls_channel_release(struct tls_channel *c)
{
	tls_cipher_free(c->cipher);
	c->cipher = NULL;
}

void tls_channel_lose(struct tls_channel *c, const struct tls_loss *loss)
{
	c->loss.records += loss->records;
	c->loss.record_bytes += loss->record_bytes;
	c->loss.bytes += loss->bytes;
}

bool tls_channel_has_lost(const struct tls_channel *c)
{
	return c->loss.records || c->loss.bytes;
}

static uint64_t records_in(uint64_t bytes, const struct tls_cipher *cipher)
{
	uint64_t longest = TLS_RECORD_HEAD + TLS_CONTENT_MAX +
			   tls_cipher_overhead(cipher) + 256;
	return (bytes + longest - 1) / longest;
}

/* How many records the loss holds: at least, most likely, and at most. A head
 * that was damaged may have told a wrong length. */
static uint64_t fewest(const struct tls_channel *c,
		       const struct tls_cipher *cipher)
{
	return records_in(c->loss.record_bytes + c->loss.bytes, cipher);
}

static uint64_t likely(const struct tls_channel *c,
		       const struct tls_cipher *cipher)
{
	return c->loss.records + records_in(c->loss.bytes, cipher);
}

static uint64_t most(const struct tls_channel *c,
		     const struct tls_cipher *cipher)
{
	return (c->loss.record_bytes + c->loss.bytes) /
	       (TLS_RECORD_HEAD + tls_cipher_overhead(cipher));
}

static uint64_t content_lost(const struct tls_channel *c,
			     const struct tls_cipher *cipher, uint64_t records)
{
	uint64_t bytes = c->loss.record_bytes + c->loss.bytes;
	uint64_t around =
	    records * (TLS_RECORD_HEAD + tls_cipher_overhead(cipher));
	return bytes > around ? bytes - around : 0;
}

uint64_t tls_channel_lost(const struct tls_channel *c)
{
	if (!c->cipher)
		return c->loss.record_bytes + c->loss.bytes;
	return content_lost(c, c->cipher, likely(c, c->cipher));
}

/* One number for one cipher. */
static bool try_number(struct tls_channel *c, struct tls_cipher *cipher,
		       uint64_t sequence, const struct tls_wire *w,
		       uint8_t *out, struct tls_content *content)
{
	size_t len;
	if (c->work > (c->verified ? WORK_MAX : WORK_UNVERIFIED))
		return false;
	if (tls_cipher_open(cipher, sequence, &w->record, out, &len,
			    &content->type)) {
		content->bytes = (struct slice){out, len};
		return true;
	}
	c->work += w->record.body.len + WORK_EACH;
	return false;
}

static void take_number(struct tls_channel *c, uint64_t sequence,
			uint64_t skipped, const struct tls_wire *w,
			struct tls_content *content)
{
	uint64_t earned = WORK_EARNED * (uint64_t)w->record.body.len;
	content->skipped = skipped;
	content->lost =
	    tls_channel_has_lost(c) ? content_lost(c, c->cipher, skipped) : 0;
	c->sequence = sequence + 1;
	c->loss = (struct tls_loss){0};
	c->has_nonce = tls_cipher_nonce(c->cipher, w->record.body, &c->nonce);
	c->work -= c->work < earned ? c->work : earned;
	c->verified = true;
}

static bool try_skipping(struct tls_channel *c, uint64_t n,
			 const struct tls_wire *w, uint8_t *out,
			 struct tls_content *content)
{
	if (!try_number(c, c->cipher, c->sequence + n, w, out, content))
		return false;
	take_number(c, c->sequence + n, n, w, content);
	return true;
}

/* After a loss: the number that the nonce suggests, the most likely one, then
 * all in turn. */
static bool search(struct tls_channel *c, const struct tls_wire *w,
		   uint8_t *out, struct tls_content *content)
{
	uint64_t low = fewest(c, c->cipher), high = most(c, c->cipher), nonce;
	if (c->has_nonce &&
	    tls_cipher_nonce(c->cipher, w->record.body, &nonce)) {
		uint64_t n = nonce - c->nonce - 1;
		if (n >= low && n <= high &&
		    try_skipping(c, n, w, out, content))
			return true;
	}
	if (try_skipping(c, likely(c, c->cipher), w, out, content))
		return true;
	if (high > low + NUMBERS_MAX)
		high = low + NUMBERS_MAX;
	for (uint64_t n = low; n <= high; n++)
		if (try_skipping(c, n, w, out, content))
			return true;
	return false;
}

bool tls_channel_open(struct tls_channel *c, const struct tls_wire *w,
		      uint8_t *out, struct tls_content *content)
{
	if (!c->cipher)
		return false;
	if (tls_channel_has_lost(c)) {
		/* The key stream is lost with the bytes. */
		if (tls_cipher_is_stream(c->cipher))
			return false;
		tls_cipher_pass(c->cipher,
				(struct slice){w->before, w->before_len});
		return search(c, w, out, content);
	}
	if (!try_number(c, c->cipher, c->sequence, w, out, content))
		return false;
	take_number(c, c->sequence, 0, w, content);
	return true;
}

bool tls_channel_open_later(struct tls_channel *c, struct tls_cipher *cipher,
			    const struct tls_wire *w, uint8_t *out,
			    struct tls_content *content)
{
	uint64_t high = most(c, cipher);
	if (high > NUMBERS_MAX)
		high = NUMBERS_MAX;
	for (uint64_t n = 0; n <= high; n++) {
		if (!try_number(c, cipher, n, w, out, content))
			continue;
		struct tls_loss loss = c->loss;
		tls_channel_key(c, cipher);
		c->loss = loss;
		take_number(c, n, n, w, content);
		return true;
	}
	tls_cipher_free(cipher);
	return false;
}

void tls_channel_give_up(struct tls_channel *c, const struct tls_wire *w)
{
	c->failed = true;
	c->loss.records++;
	c->loss.record_bytes += TLS_RECORD_HEAD + w->record.body.len;
	if (c->cipher)
		tls_cipher_pass(c->cipher, w->record.body);
}
