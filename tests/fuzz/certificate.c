/* Fuzzes a recorded certificate: whatever it is, a server gets one that is for
 * the name that was asked for and holds today.
 *
 * The input is DER. */
#include "site/cert.h"

#include "capture/certificate.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct authority *authority;
	struct certificate c = {0};
	struct cert_wanted w = {.name = SLICE("www.asked.example"),
				.from = 1489486325,
				.until = 1489486325,
				.like = {data, size}};
	if (!authority)
		authority = authority_new();
	if (certificate_read(&c, w.like) &&
	    c.subject.len > CERTIFICATE_NAME_MAX)
		abort();
	certificate_release(&c);
	X509 *x = authority_issue(authority, &w);
	if (!x || X509_check_host(x, "www.asked.example", 0, 0, NULL) != 1 ||
	    X509_cmp_time(X509_get0_notBefore(x), NULL) >= 0 ||
	    X509_cmp_time(X509_get0_notAfter(x), NULL) <= 0 ||
	    i2d_X509(x, NULL) > 128 << 10)
		abort();
	X509_free(x);
	return 0;
}
