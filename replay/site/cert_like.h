/* A server's certificate like the one that was recorded: what of it can be
 * copied so that every client still takes the new one. */
#ifndef SITE_CERT_LIKE_H
#define SITE_CERT_LIKE_H

#include "cert.h"

/* The years for which anything of ours is valid, as far as two-digit years go:
 * 1990-01-01 to 2049-12-31. */
#define CERT_BEGINS INT64_C(631152000)
#define CERT_ENDS INT64_C(2524607999)

/* Puts into x the subject, the dates and the alternative names of the recorded
 * certificate, and of what was wanted where that is none or too little. False:
 * OpenSSL could not. */
bool cert_like(X509 *x, const struct cert_wanted *w);

#endif
