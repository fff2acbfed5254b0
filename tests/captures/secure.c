/* TLS connections between two ends of OpenSSL's in memory. */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_set_rand_method has no heir */

#include "secure.h"

#include "dns.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define PORT 443
#define ROUNDS 16 /* far more than a handshake takes */
#define NOT_BEFORE "20170301000000Z"
#define NOT_AFTER "20170530000000Z"

/* OpenSSL's callbacks know no context. */
static struct scene *playing;

static int random_bytes(unsigned char *out, int len)
{
	int i;

	for (i = 0; i < len; i++)
		out[i] = (unsigned char)net_random(&playing->net);
	return 1;
}

static int random_status(void)
{
	return 1;
}

static void begin(struct scene *s)
{
	static const RAND_METHOD method = {.bytes = random_bytes,
					   .pseudorand = random_bytes,
					   .status = random_status};

	playing = s;
	if (!RAND_set_rand_method(&method))
		fail("no source of random numbers for TLS");
}

static void log_secret(const SSL *ssl, const char *line)
{
	(void)ssl;
	fprintf(playing->keylog, "%s\n", line);
}

/* Signed by itself. */
static X509 *make_certificate(EVP_PKEY *key, const char *name)
{
	X509 *c = X509_new();
	X509_NAME *subject;

	if (!c || !X509_set_version(c, X509_VERSION_3))
		fail("no certificate");
	subject = X509_get_subject_name(c);
	if (!ASN1_INTEGER_set(X509_get_serialNumber(c), 4711) ||
	    !ASN1_TIME_set_string(X509_getm_notBefore(c), NOT_BEFORE) ||
	    !ASN1_TIME_set_string(X509_getm_notAfter(c), NOT_AFTER) ||
	    !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					(const unsigned char *)name, -1, -1,
					0) ||
	    !X509_set_issuer_name(c, subject) || !X509_set_pubkey(c, key) ||
	    !X509_sign(c, key, EVP_sha256()))
		fail("no certificate for %s", name);
	return c;
}

static void give_certificate(SSL_CTX *ctx, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate;

	if (!key)
		fail("no key");
	certificate = make_certificate(key, name);
	if (SSL_CTX_use_certificate(ctx, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		fail("no use of a certificate");
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
		       const unsigned char *in, unsigned int in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	(void)in_len;
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static int take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static void choose_suite(SSL_CTX *ctx, const struct secure_kind *kind)
{
	if (!kind->suite)
		return;
	if (kind->version == TLS1_3_VERSION
		? !SSL_CTX_set_ciphersuites(ctx, kind->suite)
		: !SSL_CTX_set_cipher_list(ctx, kind->suite))
		fail("no suite %s", kind->suite);
}

static SSL_CTX *make_context(struct scene *s, enum side side, const char *name,
			     const struct secure_kind *kind)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, kind->version) ||
	    !SSL_CTX_set_max_proto_version(ctx, kind->version))
		fail("no TLS");
	choose_suite(ctx, kind);
	/* tickets hold the time of today */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	if (side == SERVER || kind->asks_certificate)
		give_certificate(ctx, side == SERVER ? name : "the victim");
	if (side == SERVER && kind->asks_certificate)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
	if (side == CLIENT && s->keylog)
		SSL_CTX_set_keylog_callback(ctx, log_secret);
	return ctx;
}

static SSL *make_end(struct scene *s, enum side side, const char *name,
		     const struct secure_kind *kind)
{
	SSL_CTX *ctx = make_context(s, side, name, kind);
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	SSL_CTX_free(ctx); /* ssl holds it */
	if (!ssl || !in || !out)
		fail("out of memory");
	SSL_set_bio(ssl, in, out);
	if (side == SERVER) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	if (!SSL_set_tlsext_host_name(ssl, name) ||
	    (kind->alpn &&
	     SSL_set_alpn_protos(ssl, (const unsigned char *)kind->alpn,
				 (unsigned int)strlen(kind->alpn))))
		fail("no extensions for %s", name);
	return ssl;
}

/* What a side has to say goes over the wire to the other. */
static void pass(struct secure *t, enum side side)
{
	BIO *from = SSL_get_wbio(t->ssl[side]);
	BIO *to = SSL_get_rbio(t->ssl[!side]);
	char part[16384];
	int len;

	while ((len = BIO_read(from, part, sizeof(part))) > 0) {
		conn_say(&t->conn, side, part, (size_t)len);
		if (BIO_write(to, part, len) != len)
			fail("out of memory");
	}
	conn_flush(&t->conn, side);
}

static void shake_hands(struct secure *t)
{
	int round, side;

	for (round = 0; round < ROUNDS; round++)
		for (side = CLIENT; side <= SERVER; side++) {
			SSL_do_handshake(t->ssl[side]);
			pass(t, side);
		}
	if (!SSL_is_init_finished(t->ssl[CLIENT]) ||
	    !SSL_is_init_finished(t->ssl[SERVER]))
		fail("a TLS handshake does not end");
}

struct secure secure_open(struct scene *s, const char *name,
			  const char *address, const struct secure_kind *kind)
{
	struct secure t = {.scene = s};

	begin(s);
	dns_lookup(&s->net, VICTIM, name, NULL, address);
	t.conn = scene_connect(s, address, PORT);
	t.ssl[CLIENT] = make_end(s, CLIENT, name, kind);
	t.ssl[SERVER] = make_end(s, SERVER, name, kind);
	shake_hands(&t);
	return t;
}

void secure_say(struct secure *t, enum side side, const void *data, size_t len)
{
	char part[16384];

	if (SSL_write(t->ssl[side], data, (int)len) != (int)len)
		fail("TLS takes no data");
	pass(t, side);
	while (SSL_read(t->ssl[!side], part, sizeof(part)) > 0)
		;
	scene_wait(t->scene, 20 * MS);
}

void secure_exchange(struct secure *t, const struct ask *ask,
		     const struct answer *answer)
{
	struct messages p;

	messages_write(&p, ask, answer);
	if (t->scene->keylog)
		truth_add(&t->scene->truth, &t->conn, &p.fate, &p.request,
			  &p.response);
	secure_say(t, CLIENT, p.request.data, p.request.len);
	secure_say(t, SERVER, p.response.data, p.response.len);
	messages_free(&p);
}

void secure_close(struct secure *t)
{
	SSL_shutdown(t->ssl[CLIENT]);
	pass(t, CLIENT);
	truth_unread(&t->scene->truth, &t->conn);
	conn_close(&t->conn, CLIENT);
	SSL_free(t->ssl[CLIENT]);
	SSL_free(t->ssl[SERVER]);
}
