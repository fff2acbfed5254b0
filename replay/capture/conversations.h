/* What a recording holds beside its exchanges: TCP connections in which none
 * was found, and conversations of UDP datagrams. Only what tells their
 * protocol is kept of them, and that lies in the recording. */
#ifndef CAPTURE_CONVERSATIONS_H
#define CAPTURE_CONVERSATIONS_H

#include "certificates.h"
#include "exchange.h"
#include "names.h"

/* What comes later than so many of TCP, or of UDP, is only counted. */
#define CONVERSATIONS_MAX (1U << 18)
#define CONVERSATION_FIRST 512

struct conversation {
	struct endpoint ends[2]; /* ends[0] opened it, or spoke first as far as
				    was recorded */
	int64_t time;            /* of its first packet */
	/* The first bytes of what each end said, up to CONVERSATION_FIRST; a
	 * ClientHello up to HELLO_MAX. Of UDP: of its first datagram. They
	 * belong to the recording. */
	struct slice first[2];
	struct slice hello; /* QUIC: the ClientHello, a handshake message as far
			       as there is need of it; data NULL: none */
	bool hello_from;    /* which end sent it */
	int64_t end;        /* time of its last packet that said anything */
	uint64_t bytes[2];  /* payload recorded */
	uint64_t count;     /* 1; of DNS over UDP the questions, whatever port
			       they came from: its client's port is 0 */
	uint32_t stream;    /* TCP: Wireshark's tcp.stream */
	bool udp;
	bool tunneled;         /* TCP: by a CONNECT, of which ends[1] is the
				  proxy */
	bool opened;           /* TCP: how it began was recorded */
	bool lost[2];          /* TCP: bytes of that end are missing */
	bool asks_certificate; /* TLS: the server asked for the client's in
				  clear: hello_asks_certificate */
	const char *unread;    /* TLS: why not, for people; NULL if it was,
				  or is none */
	bool decrypted;        /* TLS that was read, whatever it carries */
	bool has_exchanges;    /* TLS that was read: its hello is of interest */
	/* TLS: the server's own certificate in DER, any bytes; the same bytes
	 * are the same slice. No bytes where it was not seen or not kept. */
	struct slice certificate;
};

/* What was not kept for its number. */
struct conversations_rest {
	uint64_t connections; /* TCP */
	uint64_t datagrams;   /* UDP */
	uint64_t bytes;       /* of both */
};

struct conversations;

/* Borrows the names: servers that QUIC clients name are added to them. */
struct conversations *conversations_new(struct names *names);
void conversations_add_udp(struct conversations *c, const struct packet *p);
/* TCP: in the order of the flows. */
void conversations_add_tcp(struct conversations *c,
			   const struct conversation *one);
/* TCP that the caller could not keep itself. */
void conversations_add_rest(struct conversations *c, uint64_t connections,
			    uint64_t bytes);
void conversations_free(struct conversations *c);

/* After the last one: in the order of their first packets. */
const struct conversation *conversations_list(struct conversations *c,
					      size_t *count);
struct conversations_rest conversations_rest(const struct conversations *c);

/* Takes from a talk what is kept of a connection; bytes that do not stand in
 * one piece are copied to the spool, and a certificate in clear to those.
 * scratch is the caller's, for reuse.
 * Returns false if there is nothing to tell: no end said anything, and it is
 * not known to have been opened or is a tunnel's. */
bool conversation_read(struct conversation *c, const struct talk *talk,
		       struct spool *spool, struct certificates *certificates,
		       struct buf *scratch);

#endif
