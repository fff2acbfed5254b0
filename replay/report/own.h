/* Requests that a client makes on its own, whatever page it shows (P42):
 * certificate status, updates, safe browsing, connectivity checks. They belong
 * to the client and not to the site, and are counted apart. */
#ifndef REPORT_OWN_H
#define REPORT_OWN_H

#include "capture/exchange.h"

enum own_kind {
	OWN_NOT,
	OWN_CONNECTIVITY, /* captive portal and network probes (P33) */
	OWN_OCSP,         /* certificate status (RFC 6960) */
	OWN_CRL,          /* revocation and trust lists, intermediate
			     certificates (RFC 5280) */
	OWN_UPDATE,       /* of the client, its components, the system */
	OWN_REPUTATION,   /* safe browsing, SmartScreen and the like */
	OWN_TELEMETRY,    /* reports, new tab pages, search suggestions */
	OWN_NETWORK,      /* WPAD, UPnP */
};

/* By what the request says alone: host, path, method, User-Agent and
 * Content-Type. A User-Agent alone tells nothing: malware takes what it likes,
 * and certutil, which has that of certificate checks, fetches anything. So a
 * host must be one that is known, whole or by a suffix that begins a label, or
 * the request have the form that only such requests have. */
enum own_kind own_request(const struct exchange *e);

/* Whether a DNS question for that name comes from the client itself: names that
 * serve nothing else. */
enum own_kind own_name(struct slice name);

/* "connectivity check", "OCSP", ... NULL for OWN_NOT. */
const char *own_kind_name(enum own_kind kind);

#endif
