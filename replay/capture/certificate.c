/* What X.509 certificates say, by OpenSSL. */
#include "certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <time.h>

/* Between the parts of a name ", ", between those of one part " + ". */
#define NAME_FLAGS                                                             \
	(XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253 |       \
	 ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_DUMP_UNKNOWN |                   \
	 ASN1_STRFLGS_DUMP_DER)

static void take_text(struct buf *out, BIO *b)
{
	char *data;
	long len = BIO_get_mem_data(b, &data);
	struct slice text = {(const uint8_t *)data, len > 0 ? (size_t)len : 0};
	buf_clear(out);
	buf_add(out, slice_to(text, CERTIFICATE_NAME_MAX));
}

static bool print_name(struct buf *out, const X509_NAME *name,
		       unsigned long flags)
{
	BIO *b = BIO_new(BIO_s_mem());
	bool done = b && X509_NAME_print_ex(b, name, 0, flags) >= 0;
	if (b)
		take_text(out, b);
	BIO_free(b);
	return done;
}

/* One that is not what its types say is shown as its bytes. */
static void read_name(struct buf *out, const X509_NAME *name)
{
	buf_clear(out);
	if (!print_name(out, name, NAME_FLAGS | ASN1_STRFLGS_UTF8_CONVERT))
		print_name(out, name, NAME_FLAGS);
}

static bool read_time(int64_t *out, const ASN1_TIME *t)
{
	struct tm tm;
	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

bool certificate_read(struct certificate *c, struct slice der)
{
	const uint8_t *at = der.data;
	X509 *x = der.len ? d2i_X509(NULL, &at, (long)der.len) : NULL;
	if (x) {
		read_name(&c->subject, X509_get_subject_name(x));
		read_name(&c->issuer, X509_get_issuer_name(x));
		c->has_times =
		    read_time(&c->not_before, X509_get0_notBefore(x)) &&
		    read_time(&c->not_after, X509_get0_notAfter(x));
	}
	bool found = x;
	X509_free(x);
	ERR_clear_error();
	return found;
}

void certificate_release(struct certificate *c)
{
	buf_release(&c->subject);
	buf_release(&c->issuer);
	*c = (struct certificate){0};
}
