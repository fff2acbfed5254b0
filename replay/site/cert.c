/* The lab's certificate authority and what it issues. */
#include "cert_like.h"

#include "capture/log.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "authority.pem"
#define RSA_BITS 2048
#define SERIAL_LEN 16 /* RFC 5280 4.1.2.2: 20 at most */

struct authority {
	X509 *certificate;
	EVP_PKEY *key;
	EVP_PKEY *rsa, *ec; /* of the servers */
};

/* ---- X.509 ---- */

static bool set_serial(X509 *x)
{
	uint8_t bytes[SERIAL_LEN];
	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, of full length */
	BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool done = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return done;
}

static bool set_validity(X509 *x)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)CERT_BEGINS) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)CERT_ENDS);
}

static bool name_add(X509_NAME *name, const char *type, struct slice value)
{
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, value.data,
					  (int)value.len, -1, 0);
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool done = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return done;
}

static X509 *begin_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	    X509_set_pubkey(x, key))
		return x;
	X509_free(x);
	return NULL;
}

/* Told from others in a client's store by the start of its serial number. */
static bool name_authority(X509 *x)
{
	struct buf text = {0};
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const uint8_t *b = ASN1_STRING_get0_data(serial);
	buf_printf(&text, "Reenact lab CA %02X%02X%02X%02X", b[0], b[1], b[2],
		   b[3]);
	X509_NAME *name = X509_get_subject_name(x);
	bool done = name_add(name, "O", SLICE("Reenact")) &&
		    name_add(name, "CN", buf_slice(&text)) &&
		    X509_set_issuer_name(x, name);
	buf_release(&text);
	return done;
}

static X509 *make_root(EVP_PKEY *key)
{
	X509 *x = begin_certificate(key);
	if (x && name_authority(x) && set_validity(x) &&
	    add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE") &&
	    add_extension(x, x, NID_key_usage,
			  "critical,keyCertSign,cRLSign") &&
	    add_extension(x, x, NID_subject_key_identifier, "hash") &&
	    X509_sign(x, key, EVP_sha256()))
		return x;
	X509_free(x);
	return NULL;
}

/* ---- the authority ---- */

void authority_free(struct authority *a)
{
	if (!a)
		return;
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
	EVP_PKEY_free(a->rsa);
	EVP_PKEY_free(a->ec);
	free(a);
}

/* In our words: OpenSSL's queue tells more than anybody wants to know. */
static struct authority *cannot_make(struct authority *a)
{
	log_warn("cannot make a certificate authority: %s",
		 ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	authority_free(a);
	return NULL;
}

struct authority *authority_new(void)
{
	struct authority *a = xcalloc(1, sizeof *a);
	a->key = EVP_RSA_gen(RSA_BITS);
	a->rsa = EVP_RSA_gen(RSA_BITS);
	a->ec = EVP_EC_gen("P-256");
	if (a->key)
		a->certificate = make_root(a->key);
	return a->certificate && a->rsa && a->ec ? a : cannot_make(a);
}

static void add_pem(BIO *b, struct buf *out)
{
	const char *data;
	long len = BIO_get_mem_data(b, &data);
	buf_add(out, (struct slice){(const uint8_t *)data, (size_t)len});
}

void authority_print(const struct authority *a, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());
	if (!b || !PEM_write_bio_X509(b, a->certificate))
		log_fatal("out of memory");
	add_pem(b, out);
	BIO_free(b);
}

static void print_keys(const struct authority *a, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_secmem());
	if (!b ||
	    !PEM_write_bio_PrivateKey(b, a->key, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_X509(b, a->certificate) ||
	    !PEM_write_bio_PrivateKey(b, a->rsa, NULL, NULL, 0, NULL, NULL))
		log_fatal("out of memory");
	add_pem(b, out);
	BIO_free(b);
}

/* Nobody is asked for the password of a key. */
static int no_password(char *out, int size, int writing, void *context)
{
	(void)out, (void)size, (void)writing, (void)context;
	return -1;
}

static struct authority *parse(FILE *file)
{
	struct authority *a = xcalloc(1, sizeof *a);
	a->key = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	a->certificate = PEM_read_X509(file, NULL, no_password, NULL);
	a->rsa = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	a->ec = EVP_EC_gen("P-256");
	ERR_clear_error();
	if (a->key && a->certificate && a->rsa && a->ec &&
	    X509_check_private_key(a->certificate, a->key) == 1 &&
	    EVP_PKEY_is_a(a->rsa, "RSA"))
		return a;
	authority_free(a);
	return NULL;
}

/* Not through a symbolic link, nor a pipe that never ends. NULL with errno 0
 * after having said what is wrong with it. */
static struct authority *read_kept(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	FILE *file = fdopen(fd, "r");
	if (!file)
		log_fatal("out of memory");
	struct authority *a = NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		a = parse(file);
	if (!a)
		log_warn("%s: no certificate authority of ours", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		log_warn("%s: others may read or change this key", path);
	fclose(file);
	errno = 0;
	return a;
}

static bool write_whole(int fd, struct slice s)
{
	while (s.len) {
		ssize_t n = write(fd, s.data, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s = slice_from(s, (size_t)n);
	}
	return !fsync(fd);
}

/* Under its name it is whole from the first moment, and never another's:
 * link does not replace. */
static bool keep(const struct authority *a, const char *path)
{
	struct buf text = {0}, name = {0};
	buf_printf(&name, "%s.XXXXXX", path);
	buf_add_byte(&name, 0);
	int fd = mkostemp((char *)name.data, O_CLOEXEC);
	print_keys(a, &text);
	bool done = fd >= 0 && write_whole(fd, buf_slice(&text)) &&
		    (!link((char *)name.data, path) || errno == EEXIST);
	int error = errno;
	if (fd >= 0) {
		close(fd);
		unlink((char *)name.data);
	}
	OPENSSL_cleanse(text.data, text.len);
	buf_release(&text);
	buf_release(&name);
	errno = error;
	return done;
}

/* The directory and those above it. */
static bool make_directory(const char *path)
{
	char *copy = xstrdup(path);
	for (char *c = copy + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		mkdir(copy, 0700); /* the last one tells */
		*c = '/';
	}
	bool done = !mkdir(copy, 0700) || errno == EEXIST;
	free(copy);
	return done;
}

static struct authority *make_kept(const char *directory, const char *path)
{
	struct authority *a = authority_new();
	if (!a)
		return NULL;
	bool kept = make_directory(directory) && keep(a, path);
	authority_free(a);
	if (!kept) {
		log_warn("%s: %s", path, strerror(errno));
		return NULL;
	}
	a = read_kept(path); /* another's, if that came first */
	if (!a && errno)
		log_warn("%s: %s", path, strerror(errno));
	return a;
}

static void name_file(const char *directory, struct buf *path)
{
	buf_printf(path, "%s/" FILE_NAME, directory);
	buf_add_byte(path, 0);
}

struct authority *authority_kept(const char *directory)
{
	struct buf path = {0};
	name_file(directory, &path);
	struct authority *a = read_kept((const char *)path.data);
	buf_release(&path);
	return a;
}

struct authority *authority_open(const char *directory)
{
	struct buf path = {0};
	name_file(directory, &path);
	const char *name = (const char *)path.data;
	struct authority *a = read_kept(name);
	if (!a && errno == ENOENT)
		a = make_kept(directory, name);
	else if (!a && errno)
		log_warn("%s: %s", name,
			 errno == ELOOP ? "is a symbolic link"
					: strerror(errno));
	buf_release(&path);
	return a;
}

bool authority_place(struct buf *directory)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	buf_clear(directory);
	if (state && *state == '/')
		buf_printf(directory, "%s/reenact/ca", state);
	else if (home && *home == '/')
		buf_printf(directory, "%s/.local/state/reenact/ca", home);
	else
		return false;
	return true;
}

EVP_PKEY *authority_key(const struct authority *a, bool rsa)
{
	return rsa ? a->rsa : a->ec;
}

/* ---- servers' certificates ---- */

static bool fill(const struct authority *a, X509 *x,
		 const struct cert_wanted *w)
{
	return cert_like(x, w) &&
	       X509_set_issuer_name(x, X509_get_subject_name(a->certificate)) &&
	       add_extension(x, a->certificate, NID_basic_constraints,
			     "critical,CA:FALSE") &&
	       add_extension(x, a->certificate, NID_key_usage,
			     w->rsa ? "critical,digitalSignature,"
				      "keyEncipherment"
				    : "critical,digitalSignature") &&
	       add_extension(x, a->certificate, NID_ext_key_usage,
			     "serverAuth") &&
	       add_extension(x, a->certificate, NID_authority_key_identifier,
			     "keyid") &&
	       X509_sign(x, a->key, EVP_sha256());
}

X509 *authority_issue(const struct authority *a, const struct cert_wanted *w)
{
	X509 *x = begin_certificate(authority_key(a, w->rsa));
	if (x && !fill(a, x, w)) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}
