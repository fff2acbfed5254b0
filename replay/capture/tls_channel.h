/* One direction of a TLS connection under one key: its records are opened in
 * their order, and again after a loss. */
#ifndef CAPTURE_TLS_CHANNEL_H
#define CAPTURE_TLS_CHANNEL_H

#include "tls_record.h"

/* Begin with {0}; give a cipher with tls_channel_key. */
struct tls_channel {
	struct tls_cipher *cipher; /* owned; NULL: its key is not known */
	uint64_t sequence;         /* of the next record */
	struct tls_loss loss;      /* since the last one that was opened */
	uint64_t nonce;            /* of that */
	bool has_nonce;
	bool verified; /* one was opened, under any key */
	bool failed;   /* one was not, under any key */
	uint64_t work; /* bytes tried in vain, less what good ones allow for */
};

/* What a record held. */
struct tls_content {
	uint8_t type;
	struct slice bytes; /* where it was opened into */
	uint64_t skipped;   /* records that were lost before it */
	uint64_t lost;      /* and how many bytes they held, as far as can be
			       told */
};

/* From the next record on; takes the cipher. */
void tls_channel_key(struct tls_channel *c, struct tls_cipher *cipher);
void tls_channel_release(struct tls_channel *c);

/* Adds what was lost before a record. Once for each, before it is opened. */
void tls_channel_lose(struct tls_channel *c, const struct tls_loss *loss);
bool tls_channel_has_lost(const struct tls_channel *c);

/* Opens a record into out, which has room for its body. False if it does not
 * verify, with no sequence number that it could have. */
bool tls_channel_open(struct tls_channel *c, const struct tls_wire *w,
		      uint8_t *out, struct tls_content *content);

/* Tries a later key, which begins at number 0 in or behind what was lost. Takes
 * the cipher, and keeps it if the record verifies. */
bool tls_channel_open_later(struct tls_channel *c, struct tls_cipher *cipher,
			    const struct tls_wire *w, uint8_t *out,
			    struct tls_content *content);

/* After both have failed: the record is lost too. */
void tls_channel_give_up(struct tls_channel *c, const struct tls_wire *w);

/* How many bytes that loss held which was not made up for. */
uint64_t tls_channel_lost(const struct tls_channel *c);

#endif
