/* The lab's certificate authority, made once and kept in a directory, and the
 * certificates that it issues to servers by their names. */
#ifndef SITE_CERT_H
#define SITE_CERT_H

#include "capture/address.h"

#include <openssl/types.h>

struct authority;

/* Where it is kept: $XDG_STATE_HOME/reenact/ca, else
 * $HOME/.local/state/reenact/ca. False if neither variable tells. */
bool authority_place(struct buf *directory);

/* Reads the authority that is kept in the directory; if there is none, makes
 * it, and the directory. What is there is never written over, and of two who
 * make one at once both take the same. NULL after having said why.
 *
 * One file, authority.pem, mode 0600: an RSA key and its certificate, valid
 * from 1990 to 2049, that is before any recording and long after today; and
 * the RSA key of the servers' certificates. All in RSA, since what a client
 * that knows no ECDSA is to believe must be signed so. */
struct authority *authority_open(const char *directory);
/* The same, but none is made, and if there is none nothing is said. */
struct authority *authority_kept(const char *directory);
/* One that is kept nowhere. NULL after having said why. */
struct authority *authority_new(void);
void authority_free(struct authority *a);

/* Appends its certificate as PEM, to be installed in clients. */
void authority_print(const struct authority *a, struct buf *out);

/* Whom a certificate is for. */
struct cert_wanted {
	struct slice name;      /* a valid DNS name, lower case; or empty */
	struct address address; /* version 0: none. Without name and address the
				   certificate is for nobody */
	bool rsa;               /* for a client that knows no ECDSA */
	int64_t from, until;    /* seconds since the epoch between which it must
				   be valid, beside today */
	/* The server's recorded certificate (DER, any bytes), whose subject,
	 * alternative names and validity are copied as far as clients take
	 * them; name or address is added if none of the names covers it. Empty:
	 * there is none. */
	struct slice like;
};

/* The certificate, to be freed by X509_free; NULL if it cannot be made. It
 * takes less than a millisecond. */
X509 *authority_issue(const struct authority *a, const struct cert_wanted *w);
/* The key to all certificates of that kind. */
EVP_PKEY *authority_key(const struct authority *a, bool rsa);

/* Certificates by name and kind; those not used for longest are dropped. */
#define CERTS_MAX 1000

struct certs;

/* Borrows the authority. */
struct certs *certs_new(const struct authority *a);
void certs_free(struct certs *c);
/* Valid until the next call. */
X509 *certs_find(struct certs *c, const struct cert_wanted *w);
size_t certs_count(const struct certs *c);

#endif
