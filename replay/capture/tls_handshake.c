/* The handshake messages of TLS. */
#include "tls_handshake.h"

/* RFC 8446 4.2, and what the others name. */
enum extension {
	EXTENSION_ALPN = 16,             /* RFC 7301 */
	EXTENSION_ENCRYPT_THEN_MAC = 22, /* RFC 7366 */
	EXTENSION_EXTENDED_MASTER = 23,  /* RFC 7627 */
	EXTENSION_SESSION_TICKET = 35,   /* RFC 5077 */
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_EARLY_DATA = 42,
	EXTENSION_SUPPORTED_VERSIONS = 43,
};

/* ---- joining ---- */

static uint32_t read_u24(struct reader *r)
{
	uint32_t high = reader_u8(r);
	return high << 16 | reader_u16(r);
}

static struct slice pending(const struct tls_messages *m)
{
	return slice_from(buf_slice(&m->bytes), m->at);
}

static size_t first_len(struct slice bytes)
{
	struct reader r = reader_of(bytes);
	reader_skip(&r, 1);
	return TLS_MESSAGE_HEAD + read_u24(&r);
}

void tls_messages_add(struct tls_messages *m, struct slice content)
{
	struct slice rest = pending(m);
	if (m->lost)
		return;
	if (rest.len && m->at)
		memmove(m->bytes.data, rest.data, rest.len);
	m->bytes.len = rest.len;
	m->at = 0;
	buf_add(&m->bytes, content);
	rest = pending(m);
	if (rest.len < TLS_MESSAGE_HEAD || first_len(rest) <= TLS_MESSAGE_MAX)
		return;
	m->lost = true;
	m->bytes.len = 0;
}

bool tls_messages_first(const struct tls_messages *m, struct slice *message)
{
	struct slice rest = pending(m);
	if (rest.len < TLS_MESSAGE_HEAD || rest.len < first_len(rest))
		return false;
	*message = slice_to(rest, first_len(rest));
	return true;
}

void tls_messages_pass(struct tls_messages *m)
{
	m->at += first_len(pending(m));
}

void tls_messages_drop(struct tls_messages *m)
{
	m->bytes.len = m->at = 0;
	m->lost = false;
}

void tls_messages_release(struct tls_messages *m)
{
	buf_release(&m->bytes);
}

/* ---- reading ---- */

static struct reader body_of(struct slice message)
{
	return reader_of(slice_from(message, TLS_MESSAGE_HEAD));
}

/* The name in a list that has to hold one: RFC 7301 3.1. */
static struct slice alpn_of(struct slice body)
{
	struct slice list = hello_vector(&body, 2);
	return hello_vector(&list, 1);
}

static void take_extension(struct tls_server_hello *h, uint16_t type,
			   struct slice body)
{
	struct reader r = reader_of(body);
	switch (type) {
	case EXTENSION_ALPN:
		h->alpn = alpn_of(body);
		break;
	case EXTENSION_ENCRYPT_THEN_MAC:
		h->encrypt_then_mac = true;
		break;
	case EXTENSION_EXTENDED_MASTER:
		h->extended_master = true;
		break;
	case EXTENSION_PRE_SHARED_KEY:
		h->resumes = true;
		break;
	case EXTENSION_SUPPORTED_VERSIONS:
		h->version = reader_u16(&r);
		break;
	}
}

static bool is_retry(struct slice random)
{
	/* SHA-256 of "HelloRetryRequest": RFC 8446 4.1.3 */
	static const uint8_t retry[TLS_RANDOM_LEN] = {
	    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
	    0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
	    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	return slice_equal(random, (struct slice){retry, sizeof retry});
}

bool tls_server_hello_read(struct tls_server_hello *h, struct slice message)
{
	*h = (struct tls_server_hello){0};
	struct reader r = body_of(message);
	h->version = reader_u16(&r);
	h->random = reader_take(&r, TLS_RANDOM_LEN);
	h->session = reader_take(&r, reader_u8(&r));
	h->suite = reader_u16(&r);
	h->compression = reader_u8(&r);
	if (r.short_read)
		return false;
	struct slice rest = reader_rest(&r), body;
	rest = hello_vector(&rest, 2);
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		take_extension(h, type, body);
	h->retry = is_retry(h->random);
	return h->version >= SSL_3_0 && h->version <= TLS_1_3;
}

bool tls_hello_has_early_data(const struct hello *h)
{
	struct slice rest = h->extensions, body;
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		if (type == EXTENSION_EARLY_DATA)
			return true;
	return false;
}

struct slice tls_hello_ticket(const struct hello *h)
{
	struct slice rest = h->extensions, body;
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		if (type == EXTENSION_SESSION_TICKET)
			return body;
	return (struct slice){0};
}

struct slice tls_ticket_read(struct slice message)
{
	struct reader r = body_of(message);
	reader_skip(&r, 4); /* how long it is good for */
	return reader_take(&r, reader_u16(&r));
}

void tls_extensions_read(struct tls_extensions *e, struct slice message)
{
	*e = (struct tls_extensions){0};
	struct slice rest = slice_from(message, TLS_MESSAGE_HEAD), body;
	rest = hello_vector(&rest, 2);
	uint16_t type;
	while (hello_extension(&rest, &type, &body)) {
		if (type == EXTENSION_ALPN)
			e->alpn = alpn_of(body);
		e->early_data |= type == EXTENSION_EARLY_DATA;
	}
}

bool tls_certificate_next(struct slice *chain, struct slice *der)
{
	struct reader r = reader_of(*chain);
	*der = reader_take(&r, read_u24(&r));
	*chain = reader_rest(&r);
	return !r.short_read && der->len;
}

void tls_certificates_read(struct slice message, uint16_t version,
			   struct buf *chain)
{
	struct reader r = body_of(message);
	if (version >= TLS_1_3)
		reader_skip(&r, reader_u8(&r)); /* context: RFC 8446 4.4.2 */
	struct slice list = reader_take(&r, read_u24(&r)), der;
	for (;;) {
		struct slice before = list;
		if (!tls_certificate_next(&list, &der))
			return;
		buf_add(chain, slice_to(before, der.len + 3));
		if (version >= TLS_1_3)
			hello_vector(&list, 2); /* its extensions */
	}
}

struct slice tls_key_exchange_read(struct slice message, uint16_t version)
{
	struct slice body = slice_from(message, TLS_MESSAGE_HEAD);
	return version == SSL_3_0 ? body : hello_vector(&body, 2);
}
