/* The secrets of TLS connections, as clients and servers write them down: the
 * lines of an NSS key log (SSLKEYLOGFILE, draft-ietf-tls-keylogfile). */
#ifndef CAPTURE_KEYLOG_H
#define CAPTURE_KEYLOG_H

#include "bytes.h"

/* More secrets than these are not kept, about 400 MB of them. */
#define KEYLOG_MAX (1U << 22)
#define KEYLOG_SECRET_MAX 64
#define KEYLOG_KEY_MAX 32

enum keylog_label {
	/* By the client random: the master secret up to TLS 1.2. */
	KEYLOG_MASTER,
	/* Likewise, those of TLS 1.3. */
	KEYLOG_EARLY,
	KEYLOG_CLIENT_HANDSHAKE,
	KEYLOG_SERVER_HANDSHAKE,
	KEYLOG_CLIENT_TRAFFIC,
	KEYLOG_SERVER_TRAFFIC,
	/* RSA key transport: by the first 8 bytes of the encrypted premaster
	 * secret, that secret. */
	KEYLOG_PREMASTER,
	/* By the session ID: the master secret. */
	KEYLOG_SESSION,
	/* By the SHA-256 digest of a ticket: likewise. No line has it. */
	KEYLOG_TICKET,
};

struct keylog_counts {
	uint64_t secrets;   /* kept */
	uint64_t bad;       /* lines that are none */
	uint64_t differing; /* that contradict an earlier line: that counts */
	uint64_t dropped;   /* past KEYLOG_MAX */
};

struct keylog;

struct keylog *keylog_new(void);
void keylog_free(struct keylog *k);

/* Takes lines of any number; the last one may lack its end. Comments, empty
 * lines and labels of no use here pass unnoticed. */
void keylog_add(struct keylog *k, struct slice lines);

/* Reads a file, "-" for standard input. Returns 0, or -1 after having said
 * why. What is wrong in it is counted. */
int keylog_read(struct keylog *k, const char *path);

/* A secret that no line told. What is too long is not kept. */
void keylog_keep(struct keylog *k, enum keylog_label label, struct slice key,
		 struct slice secret);

/* len 0 if there is none. Valid until the next secret is added. */
struct slice keylog_find(const struct keylog *k, enum keylog_label label,
			 struct slice key);

const struct keylog_counts *keylog_counts(const struct keylog *k);

#endif
