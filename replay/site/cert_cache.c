/* Certificates that were issued, by name and kind. */
#include "cert.h"

#include "capture/log.h"

#include <openssl/rand.h>
#include <openssl/x509.h>

#include <stdlib.h>

#define BUCKETS 1024

struct issued {
	struct slice key; /* owned */
	X509 *certificate;
	struct issued *chain;
	struct issued *newer, *older;
};

struct certs {
	const struct authority *authority;
	struct issued *buckets[BUCKETS];
	struct issued *newest, *oldest;
	size_t count;
	uint64_t seed;  /* names are hostile: they could collide */
	struct buf key; /* of the one that is looked for */
};

struct certs *certs_new(const struct authority *a)
{
	struct certs *c = xcalloc(1, sizeof *c);
	c->authority = a;
	if (RAND_bytes((uint8_t *)&c->seed, sizeof c->seed) != 1)
		log_fatal("no random bytes");
	return c;
}

size_t certs_count(const struct certs *c)
{
	return c->count;
}

static struct issued **bucket_of(struct certs *c, struct slice key)
{
	return &c->buckets[slice_hash(key, c->seed) % BUCKETS];
}

static void take_out(struct certs *c, struct issued *i)
{
	*(i->newer ? &i->newer->older : &c->newest) = i->older;
	*(i->older ? &i->older->newer : &c->oldest) = i->newer;
	i->newer = i->older = NULL;
}

static void put_in_front(struct certs *c, struct issued *i)
{
	i->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = i;
	c->newest = i;
}

static void issued_free(struct issued *i)
{
	X509_free(i->certificate);
	free((void *)i->key.data);
	free(i);
}

static void drop_oldest(struct certs *c)
{
	struct issued *i = c->oldest;
	struct issued **link = bucket_of(c, i->key);
	while (*link != i)
		link = &(*link)->chain;
	*link = i->chain;
	take_out(c, i);
	c->count--;
	issued_free(i);
}

void certs_free(struct certs *c)
{
	struct issued *older;
	for (struct issued *i = c ? c->newest : NULL; i; i = older) {
		older = i->older;
		issued_free(i);
	}
	if (c)
		buf_release(&c->key);
	free(c);
}

static void make_key(struct certs *c, const struct cert_wanted *w)
{
	buf_clear(&c->key);
	buf_add_byte(&c->key, w->rsa);
	buf_add_byte(&c->key, w->address.version);
	buf_add(&c->key, (struct slice){w->address.bytes, 16});
	uint64_t like = slice_hash(w->like, c->seed);
	buf_add(&c->key, (struct slice){(uint8_t *)&like, sizeof like});
	buf_add(&c->key, w->name);
}

static struct issued *issue(struct certs *c, const struct cert_wanted *w)
{
	struct buf key = {0};
	X509 *x = authority_issue(c->authority, w);
	if (!x)
		return NULL;
	if (c->count == CERTS_MAX)
		drop_oldest(c);
	struct issued *i = xcalloc(1, sizeof *i);
	struct issued **bucket = bucket_of(c, buf_slice(&c->key));
	buf_add(&key, buf_slice(&c->key));
	i->key = buf_slice(&key);
	i->certificate = x;
	i->chain = *bucket;
	*bucket = i;
	c->count++;
	put_in_front(c, i);
	return i;
}

X509 *certs_find(struct certs *c, const struct cert_wanted *w)
{
	make_key(c, w);
	struct issued *i = *bucket_of(c, buf_slice(&c->key));
	while (i && !slice_equal(i->key, buf_slice(&c->key)))
		i = i->chain;
	if (!i)
		i = issue(c, w);
	if (i && i != c->newest) {
		take_out(c, i);
		put_in_front(c, i);
	}
	return i ? i->certificate : NULL;
}
