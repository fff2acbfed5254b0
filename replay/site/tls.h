/* TLS at the server's end, from memory to memory: whoever has the socket feeds
 * in what came and sends what is to go out. */
#ifndef SITE_TLS_H
#define SITE_TLS_H

#include "hosts.h"

#include "capture/address.h"

struct authority;

struct tls_options {
	const char *ca; /* directory of the authority; NULL: the usual place */
	/* What is in it, borrowed; NULL: there is none yet, see doors.h. */
	struct authority *authority;
	int min; /* lowest version, as 10 to 13; 0: TLS 1.2 */
	/* File to which the connections' secrets are appended, as others have
	 * it (SSLKEYLOGFILE); NULL: they are told to nobody. */
	const char *secrets;
	int secrets_fd; /* of it, open */
};

/* "1.0" to "1.3". */
bool tls_min_parse(const char *text, int *min);
/* Prints the authority's certificate, which is made if there is none. Returns
 * 0, or -1 after having said why. */
int tls_print_authority(const char *ca);

/* What all connections of an event loop share. from, until: seconds since the
 * epoch between which certificates must be valid, beside today. */
struct tls_site;
struct tls_site *tls_site_new(const struct tls_options *options, int64_t from,
			      int64_t until);
/* The same authority, certificates and sessions, for another loop. A lock is
 * taken for the certificate in a handshake, and by OpenSSL for its sessions;
 * by nothing that is read or sealed. By one thread, as the other functions
 * here but tls_site_open. */
struct tls_site *tls_site_beside(struct tls_site *s);
/* HTTP/2 is offered for these names and addresses, which must stay. */
void tls_site_h2(struct tls_site *s, const struct hosts *h);
void tls_site_free(struct tls_site *s);
/* Where there is no authority yet it is made, by cert_keeper.h; where there is
 * no place to keep one, for this run alone. False after having said why. */
bool tls_site_open(struct tls_site *s);
/* Instead, where nobody is expected: the rest is done for the first connection,
 * and without a file. If there is no authority, none will be kept. */
void tls_site_prepare(struct tls_site *s);
/* Certificates are to be like these, which must stay. */
struct certificates;
void tls_site_like(struct tls_site *s, const struct certificates *recorded);

/* What a connection begins with, by its first bytes. */
enum tls_first {
	TLS_FIRST_MORE, /* cannot be told yet */
	TLS_FIRST_CLEAR,
	TLS_FIRST_HELLO,
	TLS_FIRST_SSL2, /* an SSL 2.0 hello, which nobody answers any more */
};

enum tls_first tls_first(struct slice bytes);

/* What is told of a connection; of a failed handshake as far as it came. */
struct tls_told {
	const char *version, *cipher; /* NULL: not agreed upon */
	struct slice sni;             /* as sent; data NULL: none was */
	bool h2;                      /* HTTP/2 was agreed upon (ALPN) */
	const char *failure; /* of the handshake; NULL: there is none */
};

enum tls_state {
	TLS_SHAKING, /* hands */
	TLS_OPEN,
	TLS_ENDED,  /* the client said so, or broke the rules */
	TLS_FAILED, /* the handshake did */
};

/* One connection. NULL if the site cannot be opened or there is no memory.
 * local: the address that was connected to, for which the certificate is if
 * the client names none. */
struct tls *tls_new(struct tls_site *s, const struct address *local);
void tls_free(struct tls *t); /* t may be NULL */

/* Bytes from the wire, borrowed until tls_read has returned an empty slice. */
void tls_feed(struct tls *t, struct slice wire);
/* The next bytes that the client said, valid until the next call of any of
 * these for the same site; empty when more must be fed in, or never will be:
 * see tls_state. */
struct slice tls_read(struct tls *t);
enum tls_state tls_state(const struct tls *t);
/* Valid as long as the connection; what it says is fixed once the state is no
 * longer TLS_SHAKING. */
const struct tls_told *tls_told(const struct tls *t);

/* Seals bytes of the pieces, from their start on, for the wire. Returns how
 * many: all of them, or at least TLS_SEAL_MAX; 0 if the connection broke. */
#define TLS_SEAL_MAX (64U << 10)
size_t tls_seal(struct tls *t, const struct slice *pieces, size_t count);
/* Says that nothing more will be said. */
void tls_end(struct tls *t);
/* What is to go out, valid until it is said how much of it did, or any other
 * call. */
struct slice tls_wire(const struct tls *t);
void tls_sent(struct tls *t, size_t bytes);
/* Nothing was fed in or sealed for a while: gives back what memory can be had
 * again. */
void tls_idle(struct tls *t);

#endif
