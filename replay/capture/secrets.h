/* All that opens recorded TLS: the secrets of key logs, servers' keys. */
#ifndef CAPTURE_SECRETS_H
#define CAPTURE_SECRETS_H

#include "keylog.h"
#include "tls_cipher.h"
#include "tls_resumption.h"
#include "tls_rsa.h"

struct secrets {
	struct keylog *keylog;
	struct tls_rsa *rsa;
	struct tls_library *library;     /* after secrets_prepare */
	struct tls_resumption *sessions; /* of connections opened so far */
};

struct secrets *secrets_new(void);
void secrets_free(struct secrets *s);

/* Whether there are any. If so, threads may use them from then on. */
bool secrets_prepare(struct secrets *s);

#endif
