/* The master secrets of sessions that were opened. */
#include "tls_resumption.h"

#include "keylog.h"
#include "tls_keys.h"

#include <pthread.h>
#include <stdlib.h>

struct tls_resumption {
	pthread_mutex_t lock;
	struct keylog *known;
};

struct tls_resumption *tls_resumption_new(void)
{
	struct tls_resumption *r = xcalloc(1, sizeof *r);
	pthread_mutex_init(&r->lock, NULL);
	r->known = keylog_new();
	return r;
}

void tls_resumption_free(struct tls_resumption *r)
{
	if (!r)
		return;
	keylog_free(r->known);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* What it is kept by: of a ticket its digest. Returns its length; 0: by
 * nothing. */
static size_t make_key(enum tls_session_name kind, struct slice name,
		       uint8_t key[TLS_HASH_MAX])
{
	if (!name.len)
		return 0;
	if (kind == TLS_SESSION_TICKET)
		return tls_digest(TLS_SHA256, name, key);
	if (name.len > KEYLOG_KEY_MAX)
		return 0;
	memcpy(key, name.data, name.len);
	return name.len;
}

static enum keylog_label label_of(enum tls_session_name kind)
{
	return kind == TLS_SESSION_ID ? KEYLOG_SESSION : KEYLOG_TICKET;
}

void tls_resumption_add(struct tls_resumption *r, enum tls_session_name kind,
			struct slice name, struct slice master)
{
	uint8_t key[TLS_HASH_MAX];
	size_t len = make_key(kind, name, key);
	if (!len)
		return;
	pthread_mutex_lock(&r->lock);
	if (keylog_counts(r->known)->secrets < TLS_RESUMPTION_MAX)
		keylog_keep(r->known, label_of(kind), (struct slice){key, len},
			    master);
	pthread_mutex_unlock(&r->lock);
}

bool tls_resumption_find(struct tls_resumption *r, enum tls_session_name kind,
			 struct slice name, uint8_t *master, size_t len)
{
	uint8_t key[TLS_HASH_MAX];
	size_t key_len = make_key(kind, name, key);
	if (!key_len)
		return false;
	pthread_mutex_lock(&r->lock);
	struct slice found =
	    keylog_find(r->known, label_of(kind), (struct slice){key, key_len});
	bool known = found.len == len;
	if (known)
		memcpy(master, found.data, len);
	pthread_mutex_unlock(&r->lock);
	return known;
}

uint64_t tls_resumption_count(struct tls_resumption *r)
{
	pthread_mutex_lock(&r->lock);
	uint64_t count = keylog_counts(r->known)->secrets;
	pthread_mutex_unlock(&r->lock);
	return count;
}
