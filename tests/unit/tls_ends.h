/* Two ends of OpenSSL that talk in memory, and what a capture would hold of
 * it: for tests of reading TLS. */
#ifndef TESTS_UNIT_TLS_ENDS_H
#define TESTS_UNIT_TLS_ENDS_H

#include "unit.h"

#include "capture/tls.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { CLIENT, SERVER };

struct talk_kind {
	int version; /* TLS1_2_VERSION ... */
	const char *ciphers, *suites;
	bool no_etm, rsa, asks_certificate;
	bool no_ticket;
	bool resumes; /* the session of the talk before */
};

static SSL *ends[2];
static SSL_CTX *contexts[2];
static SSL_SESSION *last_session; /* of the last talk */
static struct buf wire[2];        /* all that each side said, encrypted */
static struct buf said[2];        /* and meant */
static size_t data_from[2];       /* where in wire the data begins */
static struct buf keys;           /* key log */

static void log_secret(const SSL *ssl, const char *line)
{
	(void)ssl;
	buf_add_string(&keys, line);
	buf_add_byte(&keys, '\n');
}

static void give_certificate(SSL_CTX *x, bool rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *c = X509_new();
	X509_set_version(c, X509_VERSION_3);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
				   (const unsigned char *)"site.test", -1, -1,
				   0);
	X509_set_issuer_name(c, X509_get_subject_name(c));
	X509_gmtime_adj(X509_getm_notBefore(c), 0);
	X509_gmtime_adj(X509_getm_notAfter(c), 86400);
	X509_set_pubkey(c, key);
	assert_true(X509_sign(c, key, EVP_sha256()));
	assert_true(SSL_CTX_use_certificate(x, c));
	assert_true(SSL_CTX_use_PrivateKey(x, key));
	X509_free(c);
	EVP_PKEY_free(key);
}

static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
		       const unsigned char *in, unsigned in_len, void *context)
{
	(void)ssl;
	(void)in_len;
	(void)context;
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(int side, const struct talk_kind *k)
{
	SSL_CTX *x = SSL_CTX_new(TLS_method());
	SSL_CTX_set_security_level(x, 0);
	assert_true(SSL_CTX_set_min_proto_version(x, k->version));
	assert_true(SSL_CTX_set_max_proto_version(x, k->version));
	assert_true(!k->ciphers || SSL_CTX_set_cipher_list(x, k->ciphers));
	assert_true(!k->suites || SSL_CTX_set_ciphersuites(x, k->suites));
	if (k->no_ticket)
		SSL_CTX_set_options(x, SSL_OP_NO_TICKET);
	if (k->no_etm)
		SSL_CTX_set_options(x, SSL_OP_NO_ENCRYPT_THEN_MAC);
	SSL_CTX_set_alpn_select_cb(x, choose_alpn, NULL);
	if (side == SERVER || k->asks_certificate)
		give_certificate(x, k->rsa);
	if (k->asks_certificate)
		SSL_CTX_set_verify(x, SSL_VERIFY_PEER, take_any);
	if (side == CLIENT)
		SSL_CTX_set_keylog_callback(x, log_secret);
	return x;
}

static SSL *end_new(int side, const struct talk_kind *k)
{
	if (!k->resumes) {
		SSL_CTX_free(contexts[side]);
		contexts[side] = context_new(side, k);
	}
	SSL *ssl = SSL_new(contexts[side]);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (side == SERVER) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	assert_true(!k->resumes || SSL_set_session(ssl, last_session));
	SSL_set_tlsext_host_name(ssl, "site.test");
	SSL_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9);
	return ssl;
}

/* What a side has to say goes to the other, and into the capture. */
static void pass(int side)
{
	uint8_t bytes[32768];
	int len = BIO_read(SSL_get_wbio(ends[side]), bytes, sizeof bytes);
	if (len <= 0)
		return;
	buf_add(&wire[side], (struct slice){bytes, (size_t)len});
	BIO_write(SSL_get_rbio(ends[!side]), bytes, len);
	pass(side);
}

static void shake_hands(void)
{
	for (int i = 0; i < 16; i++) {
		SSL_do_handshake(ends[i & 1]);
		pass(i & 1);
	}
	assert_true(SSL_is_init_finished(ends[CLIENT]));
	assert_true(SSL_is_init_finished(ends[SERVER]));
}

static void talk_begin(const struct talk_kind *k)
{
	for (int i = 0; i < 2; i++) {
		buf_clear(&wire[i]);
		buf_clear(&said[i]);
		ends[i] = end_new(i, k);
	}
	buf_clear(&keys);
	shake_hands();
	data_from[CLIENT] = wire[CLIENT].len;
	data_from[SERVER] = wire[SERVER].len;
}

/* len bytes that tell their place. */
static inline void say_bytes(int side, size_t len)
{
	size_t from = said[side].len;
	for (size_t i = 0; i < len; i++)
		buf_add_byte(&said[side],
			     (uint8_t)((from + i) * 7 + (from + i) / 256));
	assert_int_equal(
	    SSL_write(ends[side], said[side].data + from, (int)len), (int)len);
	pass(side);
	/* The other side takes it: what is no data has to be seen too. */
	uint8_t bytes[32768];
	while (SSL_read(ends[!side], bytes, sizeof bytes) > 0)
		;
	pass(!side);
}

static void talk_close(void)
{
	SSL_SESSION_free(last_session);
	last_session = SSL_get1_session(ends[CLIENT]);
	for (int i = 0; i < 2; i++) {
		SSL_shutdown(ends[i]);
		pass(i);
	}
	for (int i = 0; i < 2; i++)
		SSL_free(ends[i]);
}

/* ---- what a capture holds of it ---- */

static struct piece *pieces[2];
static struct flow flow;

/* In segments of no more than size bytes, the lost-th of a side is missing. */
static inline void flow_make(size_t size, int side, size_t lost)
{
	flow = (struct flow){.number = 7, .time = 1};
	for (int i = 0; i < 2; i++) {
		struct stream *s = &flow.streams[i];
		free(pieces[i]);
		pieces[i] = xcalloc(wire[i].len / size + 1, sizeof **pieces);
		s->pieces = pieces[i];
		s->from_start = true;
		s->end = STREAM_FIN;
		struct slice rest = buf_slice(&wire[i]);
		for (; rest.len; rest = slice_from(rest, size)) {
			struct slice piece = slice_to(rest, size);
			bool is_lost = i == side && s->count == lost;
			s->pieces[s->count] = (struct piece){
			    is_lost ? NULL : piece.data, s->count + 1,
			    (uint32_t)piece.len, 0};
			s->count++;
		}
	}
}

#define NOTHING_LOST (-1), 0

static inline uint64_t no_position(const void *context, const uint8_t *byte)
{
	(void)context;
	(void)byte;
	return 0;
}

static struct spool *spool;
static struct tls_library *library; /* takes long to load */

static inline enum tls_result open_by(struct secrets *s,
				      struct tls_opened **out)
{
	static const struct place start[2];
	s->library = library;
	const struct tls_means means = {s, spool, no_position, NULL};
	enum tls_result r = tls_open(&flow, start, &means, out);
	assert_true((r == TLS_READ) == (*out != NULL));
	s->library = NULL;
	return r;
}

/* Opens the flow with the given key log. */
static inline enum tls_result open_with(struct slice lines,
					struct tls_opened **out)
{
	struct secrets *s = secrets_new();
	keylog_add(s->keylog, lines);
	enum tls_result r = open_by(s, out);
	secrets_free(s);
	return r;
}

static inline int tls_setup(void **state)
{
	(void)state;
	spool = spool_new();
	library = tls_library_new();
	return 0;
}

static inline int tls_teardown(void **state)
{
	(void)state;
	spool_free(spool);
	tls_library_free(library);
	SSL_SESSION_free(last_session);
	last_session = NULL;
	for (int i = 0; i < 2; i++) {
		SSL_CTX_free(contexts[i]);
		contexts[i] = NULL;
		buf_release(&wire[i]);
		buf_release(&said[i]);
		free(pieces[i]);
		pieces[i] = NULL;
	}
	buf_release(&keys);
	return 0;
}

#endif
