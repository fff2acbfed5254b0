/* The records of TLS in a stream: whole ones, in order, and found again after
 * a loss. */
#ifndef CAPTURE_TLS_RECORD_H
#define CAPTURE_TLS_RECORD_H

#include "cursor.h"
#include "tls_cipher.h"

/* The longest protected body: RFC 5246 6.2.3. */
#define TLS_BODY_MAX ((1U << 14) + 2048)
#define TLS_CONTENT_MAX (1U << 14)

/* What was lost of a side: records that had a head, which tells their length,
 * and bytes of which nobody knows into how many records they belong. */
struct tls_loss {
	uint64_t records, record_bytes; /* heads included */
	uint64_t bytes;
};

/* Begin with {.at = cursor}. */
struct tls_records {
	struct cursor at;
	struct tls_loss loss; /* since the last record that was handed out */
	bool searching;       /* where records begin is not known */
	bool ends_inside;     /* the stream ends in a record, or behind what is
				 none */
	uint16_t version;     /* of the last record */
	struct buf joined;    /* owned */
};

/* A record as it stands on the wire, valid until the next one is read. */
struct tls_wire {
	struct tls_record record;
	const uint8_t *first; /* its first byte in the capture */
	int64_t time;         /* of that */
	struct tls_loss loss; /* before it */
	uint8_t before[16];   /* after a loss: the last bytes before it */
	size_t before_len;    /* 0 if they are lost too */
};

/* False at the end; r->loss is then what was lost there. */
bool tls_records_next(struct tls_records *r, struct tls_wire *wire);
void tls_records_release(struct tls_records *r);

#endif
