/* All that opens recorded TLS. */
#include "secrets.h"

#include <stdlib.h>

struct secrets *secrets_new(void)
{
	struct secrets *s = xcalloc(1, sizeof *s);
	s->keylog = keylog_new();
	s->rsa = tls_rsa_new();
	s->sessions = tls_resumption_new();
	return s;
}

void secrets_free(struct secrets *s)
{
	if (!s)
		return;
	keylog_free(s->keylog);
	tls_rsa_free(s->rsa);
	tls_library_free(s->library);
	tls_resumption_free(s->sessions);
	free(s);
}

bool secrets_prepare(struct secrets *s)
{
	if (!keylog_counts(s->keylog)->secrets && tls_rsa_is_empty(s->rsa))
		return false;
	if (!s->library)
		s->library = tls_library_new();
	return true;
}
