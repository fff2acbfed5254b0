/* TLS at the server's end, by OpenSSL, from memory to memory. */
#include "tls.h"

#include "cert.h"
#include "cert_keeper.h"

#include "capture/certificates.h"
#include "capture/hostname.h"
#include "capture/log.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define PART (16U << 10)    /* what a record holds */
#define SESSIONS_MAX 1000   /* without tickets, kept here */
#define KEEP_MAX (4U << 10) /* of an empty buffer for the wire */
#define SNI_MAX 255         /* RFC 6066 3 */

/* What is offered by ALPN, best first, each behind its length. */
static const uint8_t offered[] = "\x02h2\x08http/1.1";
#define H2_LEN 3

/* What the loops share. */
struct tls_common {
	struct tls_options options;
	int64_t from, until;
	const struct hosts *h2; /* to which HTTP/2 is offered; NULL: none */
	const struct certificates *recorded; /* NULL: none */
	unsigned sites;
	pthread_mutex_t lock; /* of the opening, then of certs */
	struct authority *authority;
	struct authority *own; /* that was not given */
	struct certs *certs;
	SSL_CTX *context; /* NULL: not opened yet */
	BIO_METHOD *method;
	int secrets;   /* -1: nobody is told */
	bool failed;   /* to open, and that was said */
	bool prepared; /* no file is opened any more */
};

struct tls_site {
	struct tls_common *all;
	bool open; /* as far as this loop knows */
	uint8_t part[PART];
};

struct tls {
	struct tls_site *site;
	SSL *ssl;
	enum tls_state state;
	struct tls_told told;
	struct slice in; /* not read yet */
	struct buf out;
	size_t sent; /* bytes of out */
	struct address local;
	char sni[SNI_MAX + 1];
};

bool tls_min_parse(const char *text, int *min)
{
	if (strlen(text) != 3 || text[0] != '1' || text[1] != '.' ||
	    text[2] < '0' || text[2] > '3')
		return false;
	*min = 10 + text[2] - '0';
	return true;
}

enum tls_first tls_first(struct slice bytes)
{
	if (!bytes.len)
		return TLS_FIRST_MORE;
	if (bytes.data[0] == 0x16) { /* handshake: RFC 8446 5.1 */
		if (bytes.len < 2)
			return TLS_FIRST_MORE;
		return bytes.data[1] == 3 ? TLS_FIRST_HELLO : TLS_FIRST_CLEAR;
	}
	if (!(bytes.data[0] & 0x80)) /* of SSL 2.0: RFC 5246 E.2 */
		return TLS_FIRST_CLEAR;
	if (bytes.len < 3)
		return TLS_FIRST_MORE;
	return bytes.data[2] == 1 ? TLS_FIRST_SSL2 : TLS_FIRST_CLEAR;
}

/* ---- the wire ---- */

static int wire_read(BIO *b, char *out, int len)
{
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	if (!t->in.len) {
		BIO_set_retry_read(b);
		return -1;
	}
	struct slice part = slice_to(t->in, len > 0 ? (size_t)len : 0);
	memcpy(out, part.data, part.len);
	t->in = slice_from(t->in, part.len);
	return (int)part.len;
}

static int wire_write(BIO *b, const char *data, int len)
{
	struct tls *t = BIO_get_data(b);
	if (len > 0)
		buf_add(&t->out,
			(struct slice){(const uint8_t *)data, (size_t)len});
	return len;
}

static long wire_control(BIO *b, int command, long number, void *context)
{
	(void)b, (void)number, (void)context;
	return command == BIO_CTRL_FLUSH; /* nothing waits in it */
}

static BIO_METHOD *make_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
	if (m && BIO_meth_set_read(m, wire_read) &&
	    BIO_meth_set_write(m, wire_write) &&
	    BIO_meth_set_ctrl(m, wire_control))
		return m;
	BIO_meth_free(m);
	return NULL;
}

static bool join_wire(struct tls *t)
{
	BIO *b = BIO_new(t->site->all->method);
	if (!b)
		return false;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return true;
}

/* ---- the certificate ---- */

/* Whether the client can make use of an ECDSA key on P-256: what its hello
 * says of ciphers, groups (RFC 8422 5.1) and signatures (RFC 8446 4.2.3). */
static bool has_ecdsa_cipher(SSL *ssl)
{
	STACK_OF(SSL_CIPHER) *list = SSL_get_client_ciphers(ssl);
	for (int i = 0; i < sk_SSL_CIPHER_num(list); i++) {
		int nid = SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(list, i));
		if (nid == NID_auth_ecdsa || nid == NID_auth_any)
			return true;
	}
	return false;
}

static bool has_group(SSL *ssl)
{
	int groups[64];
	int count = (int)SSL_get1_groups(ssl, NULL);
	if (count <= 0) /* before there was that extension, all were meant */
		return true;
	if (count > 64)
		return false;
	SSL_get1_groups(ssl, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] == NID_X9_62_prime256v1)
			return true;
	return false;
}

static bool has_signature(SSL *ssl)
{
	int count = SSL_get_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL);
	for (int i = 0; i < count; i++) {
		int key = NID_undef, hash = NID_undef;
		SSL_get_sigalgs(ssl, i, &key, &hash, NULL, NULL, NULL);
		if (key == EVP_PKEY_EC &&
		    (hash == NID_sha256 || SSL_version(ssl) < TLS1_3_VERSION))
			return true;
	}
	return count <= 0;
}

static bool knows_ecdsa(SSL *ssl)
{
	return has_ecdsa_cipher(ssl) && has_signature(ssl) &&
	       (SSL_version(ssl) >= TLS1_3_VERSION || has_group(ssl));
}

/* Any bytes but NUL came: with what is no name and no address the client gets
 * the certificate of those who name nothing. */
static void want_name(struct tls *t, struct cert_wanted *w, struct buf *name)
{
	struct slice sni = t->told.sni;
	if (sni.len && sni.data[sni.len - 1] == '.')
		sni.len--;
	if (sni.data && address_parse(sni, &w->address))
		return;
	if (sni.data && !hostname_fault(sni)) {
		buf_add_lower(name, sni);
		w->name = buf_slice(name);
		return;
	}
	w->address = t->local;
}

/* What the recording has of that server; a client that names one of which it
 * has nothing gets what clients without a name got at that address. */
static struct slice recorded_for(const struct tls *t,
				 const struct cert_wanted *w)
{
	const struct certificates *all = t->site->all->recorded;
	if (!all)
		return (struct slice){0};
	return certificates_find(all, w->name,
				 w->address.version ? &w->address : &t->local);
}

/* NULL if none can be made; else to be freed. */
static X509 *take_certificate(struct tls_common *s, const struct cert_wanted *w)
{
	pthread_mutex_lock(&s->lock);
	X509 *x = certs_find(s->certs, w);
	if (x)
		X509_up_ref(x);
	pthread_mutex_unlock(&s->lock);
	return x;
}

static int give_certificate(SSL *ssl, void *context)
{
	struct tls *t = SSL_get_app_data(ssl);
	struct tls_common *s = t->site->all;
	struct buf name = {0};
	struct cert_wanted w = {
	    .rsa = !knows_ecdsa(ssl), .from = s->from, .until = s->until};
	(void)context;
	want_name(t, &w, &name);
	w.like = recorded_for(t, &w);
	X509 *x = take_certificate(s, &w);
	bool done =
	    x && SSL_use_certificate(ssl, x) == 1 &&
	    SSL_use_PrivateKey(ssl, authority_key(s->authority, w.rsa)) == 1;
	X509_free(x);
	buf_release(&name);
	return done;
}

static int note_name(SSL *ssl, int *alert, void *context)
{
	struct tls *t = SSL_get_app_data(ssl);
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert, (void)context;
	if (!sni)
		return SSL_TLSEXT_ERR_NOACK;
	snprintf(t->sni, sizeof t->sni, "%s", sni);
	t->told.sni = slice_of(t->sni);
	return SSL_TLSEXT_ERR_OK;
}

static bool offers_h2(const struct tls *t)
{
	const struct hosts *h = t->site->all->h2;
	if (!h)
		return false;
	if (t->told.sni.data)
		return hosts_find(h, t->told.sni) != HOSTS_NONE;
	return hosts_find_address(h, &t->local) != HOSTS_NONE;
}

static int choose_protocol(SSL *ssl, const unsigned char **out,
			   unsigned char *len, const unsigned char *in,
			   unsigned in_len, void *context)
{
	struct tls *t = SSL_get_app_data(ssl);
	unsigned skip = offers_h2(t) ? 0 : H2_LEN;
	(void)context;
	if (SSL_select_next_proto((unsigned char **)out, len, offered + skip,
				  sizeof offered - 1 - skip, in,
				  in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK; /* it may still speak what we do */
	t->told.h2 = *len == H2_LEN - 1;
	return SSL_TLSEXT_ERR_OK;
}

/* A line that cannot be written is lost. */
static void note_secret(const SSL *ssl, const char *line)
{
	struct tls *t = SSL_get_app_data(ssl);
	struct buf text = {0};
	buf_printf(&text, "%s\n", line);
	ssize_t n = write(t->site->all->secrets, text.data, text.len);
	(void)n;
	OPENSSL_cleanse(text.data, text.len);
	buf_release(&text);
}

/* ---- what all share ---- */

static int version_number(int min)
{
	switch (min) {
	case 10:
		return TLS1_VERSION;
	case 11:
		return TLS1_1_VERSION;
	case 13:
		return TLS1_3_VERSION;
	default:
		return TLS1_2_VERSION;
	}
}

/* Before TLS 1.2 handshakes are signed over MD5 and SHA-1, which OpenSSL
 * refuses at every level but 0. */
static bool set_versions(SSL_CTX *c, int min)
{
	if (!SSL_CTX_set_min_proto_version(c, version_number(min)) ||
	    !SSL_CTX_set_max_proto_version(c, 0))
		return false;
	if (min != 10 && min != 11)
		return SSL_CTX_set_cipher_list(c, "DEFAULT:@SECLEVEL=1");
	SSL_CTX_set_security_level(c, 0);
	return SSL_CTX_set_cipher_list(c, "ALL:!aNULL:!eNULL:@SECLEVEL=0");
}

static SSL_CTX *make_context(const struct tls_common *s)
{
	static const unsigned char id[] = "replay";
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());
	if (!c || !set_versions(c, s->options.min)) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
				SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1);
	SSL_CTX_set_session_id_context(c, id, sizeof id - 1);
	SSL_CTX_sess_set_cache_size(c, SESSIONS_MAX);
	SSL_CTX_set_tlsext_servername_callback(c, note_name);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	SSL_CTX_set_cert_cb(c, give_certificate, NULL);
	return c;
}

static struct tls_site *add_site(struct tls_common *all)
{
	struct tls_site *s = xcalloc(1, sizeof *s);
	s->all = all;
	all->sites++;
	return s;
}

struct tls_site *tls_site_new(const struct tls_options *options, int64_t from,
			      int64_t until)
{
	struct tls_common *all = xcalloc(1, sizeof *all);
	pthread_mutex_init(&all->lock, NULL);
	all->options = *options;
	all->from = from;
	all->until = until;
	all->secrets = options->secrets ? options->secrets_fd : -1;
	all->authority = options->authority;
	return add_site(all);
}

struct tls_site *tls_site_beside(struct tls_site *s)
{
	return add_site(s->all);
}

void tls_site_h2(struct tls_site *s, const struct hosts *h)
{
	s->all->h2 = h;
}

static void common_free(struct tls_common *s)
{
	SSL_CTX_free(s->context);
	certs_free(s->certs);
	authority_free(s->own);
	BIO_meth_free(s->method);
	if (s->secrets >= 0)
		close(s->secrets);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void tls_site_free(struct tls_site *s)
{
	if (s && !--s->all->sites)
		common_free(s->all);
	free(s);
}

void tls_site_like(struct tls_site *s, const struct certificates *recorded)
{
	s->all->recorded = recorded;
}

static bool usual_place(struct buf *directory)
{
	bool known = authority_place(directory);
	buf_add_byte(directory, 0);
	return known;
}

static struct authority *for_this_run(void)
{
	log_warn("the certificate authority is made for this run alone (--ca "
		 "DIR keeps one)");
	return authority_new();
}

/* None was given. */
static struct authority *find_authority(bool prepared)
{
	struct buf directory = {0};
	struct authority *a = NULL;
	if (!prepared && cert_keeper_make() && usual_place(&directory))
		a = authority_kept((const char *)directory.data);
	buf_release(&directory);
	return a ? a : for_this_run();
}

void tls_site_prepare(struct tls_site *s)
{
	OPENSSL_init_ssl(0, NULL); /* reads its configuration */
	s->all->prepared = true;
}

static bool open_common(struct tls_common *s)
{
	if (s->context || s->failed)
		return s->context;
	if (!s->authority)
		s->authority = s->own = find_authority(s->prepared);
	s->method = make_method();
	SSL_CTX *context = make_context(s);
	s->failed = !s->authority || !s->method || !context;
	if (s->failed) {
		SSL_CTX_free(context);
		ERR_clear_error();
		log_warn("TLS cannot be served");
		return false;
	}
	if (s->secrets >= 0)
		SSL_CTX_set_keylog_callback(context, note_secret);
	s->certs = certs_new(s->authority);
	s->context = context;
	return true;
}

bool tls_site_open(struct tls_site *s)
{
	if (s->open)
		return true;
	pthread_mutex_lock(&s->all->lock);
	s->open = open_common(s->all);
	pthread_mutex_unlock(&s->all->lock);
	return s->open;
}

int tls_print_authority(const char *ca)
{
	struct buf directory = {0}, text = {0};
	struct authority *a = NULL;
	if (ca)
		a = authority_open(ca);
	else if (usual_place(&directory))
		a = authority_open((const char *)directory.data);
	else
		log_warn("neither --ca nor $HOME says where the certificate "
			 "authority is kept");
	buf_release(&directory);
	if (!a)
		return -1;
	authority_print(a, &text);
	authority_free(a);
	fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_warn("cannot write to standard output");
	return -1;
}

/* ---- a connection ---- */

struct tls *tls_new(struct tls_site *s, const struct address *local)
{
	if (!tls_site_open(s))
		return NULL;
	struct tls *t = xcalloc(1, sizeof *t);
	t->site = s;
	t->local = *local;
	t->ssl = SSL_new(s->all->context);
	if (!t->ssl || !join_wire(t)) {
		tls_free(t);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(t->ssl, t);
	SSL_set_accept_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	buf_release(&t->out);
	free(t);
}

enum tls_state tls_state(const struct tls *t)
{
	return t->state;
}

const struct tls_told *tls_told(const struct tls *t)
{
	return &t->told;
}

void tls_feed(struct tls *t, struct slice wire)
{
	t->in = wire;
}

static void note_agreed(struct tls *t)
{
	t->state = TLS_OPEN;
	t->told.version = SSL_get_version(t->ssl);
	t->told.cipher = SSL_get_cipher_name(t->ssl);
	const char *sni = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
	if (sni && !t->told.sni.data) /* a session that goes on */
		note_name(t->ssl, NULL, NULL);
}

#define INSTALLED ": is what --ca-cert prints installed there?"

/* An alert of the client's is a reason of OpenSSL's, its number that of the
 * alert and a thousand. */
static const char *failure_of(unsigned long error)
{
	if (!error)
		return "the client went away";
	switch (ERR_GET_REASON(error)) {
	case SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA:
		return "alert unknown ca" INSTALLED;
	case SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_UNKNOWN:
		return "alert certificate unknown" INSTALLED;
	case SSL_AD_REASON_OFFSET + SSL_AD_BAD_CERTIFICATE:
		return "alert bad certificate" INSTALLED;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
		return "the client is too old (--tls-min takes it)";
	}
	const char *reason = ERR_reason_error_string(error);
	return reason ? reason : "TLS failed";
}

/* The oldest error is the cause. */
static void fail(struct tls *t)
{
	if (t->state == TLS_SHAKING) {
		t->told.failure = failure_of(ERR_peek_error());
		t->state = TLS_FAILED;
	} else {
		t->state = TLS_ENDED;
	}
	t->in = (struct slice){0};
}

/* Whether it goes on when more is fed in. */
static bool waits(const struct tls *t, int result)
{
	int error = SSL_get_error(t->ssl, result);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static bool shake(struct tls *t)
{
	ERR_clear_error();
	int result = SSL_do_handshake(t->ssl);
	if (result == 1)
		note_agreed(t);
	else if (!waits(t, result))
		fail(t);
	ERR_clear_error();
	return result == 1;
}

struct slice tls_read(struct tls *t)
{
	size_t len = 0;
	if (t->state == TLS_SHAKING && !shake(t))
		return (struct slice){0};
	if (t->state != TLS_OPEN)
		return (struct slice){0};
	ERR_clear_error();
	int result = SSL_read_ex(t->ssl, t->site->part, PART, &len);
	if (!result && !waits(t, result))
		fail(t);
	ERR_clear_error();
	return (struct slice){t->site->part, len};
}

/* ---- out ---- */

/* What one record is made of: a long piece as it lies there, short ones
 * together, copied. */
static struct slice next_part(uint8_t *copy, const struct slice *pieces,
			      size_t count, size_t skip)
{
	size_t len = 0;
	while (count && skip >= pieces->len) {
		skip -= pieces->len;
		pieces++;
		count--;
	}
	if (!count)
		return (struct slice){0};
	struct slice piece = slice_from(*pieces, skip);
	if (piece.len >= PART || count == 1)
		return slice_to(piece, PART);
	for (;;) {
		piece = slice_to(piece, PART - len);
		if (piece.len)
			memcpy(copy + len, piece.data, piece.len);
		len += piece.len;
		if (len == PART || !--count)
			return (struct slice){copy, len};
		piece = *++pieces;
	}
}

size_t tls_seal(struct tls *t, const struct slice *pieces, size_t count)
{
	size_t sealed = 0;
	while (sealed < TLS_SEAL_MAX && t->state == TLS_OPEN) {
		size_t done = 0;
		struct slice part =
		    next_part(t->site->part, pieces, count, sealed);
		if (!part.len)
			break;
		ERR_clear_error();
		if (!SSL_write_ex(t->ssl, part.data, part.len, &done))
			fail(t);
		ERR_clear_error();
		sealed += done;
	}
	return sealed;
}

void tls_end(struct tls *t)
{
	if (t->state != TLS_OPEN && t->state != TLS_ENDED)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
}

struct slice tls_wire(const struct tls *t)
{
	return slice_from(buf_slice(&t->out), t->sent);
}

void tls_sent(struct tls *t, size_t bytes)
{
	t->sent += bytes;
	if (t->sent < t->out.len)
		return;
	t->sent = 0;
	if (t->out.cap > KEEP_MAX)
		buf_release(&t->out);
	else
		buf_clear(&t->out);
}

void tls_idle(struct tls *t)
{
	if (t->sent == t->out.len)
		buf_release(&t->out);
}
