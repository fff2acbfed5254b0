/* The records of TLS in a stream. */
#include "tls_record.h"

#define NO_HEAD 0

/* Copies len bytes from c on. Returns how many there are up to the next gap or
 * the end. */
static size_t copy_bytes(struct cursor c, uint8_t *out, size_t len)
{
	size_t have = 0;
	struct slice bytes;
	while (have < len && cursor_bytes(&c, &bytes) && bytes.data) {
		bytes = slice_to(bytes, len - have);
		memcpy(out + have, bytes.data, bytes.len);
		have += bytes.len;
		cursor_skip(&c, bytes.len, NULL);
	}
	return have;
}

/* Whether the first bytes of a record's head could be that. */
static bool begins_head(const uint8_t *head, size_t have, uint16_t version)
{
	if (have > 0 && (head[0] < TLS_CHANGE_CIPHER_SPEC || head[0] > 24))
		return false;
	if (have > 1 && head[1] != 3)
		return false;
	return have < 3 ||
	       (version ? head[2] == (uint8_t)version : head[2] <= 4);
}

/* The head of a record at c: the length of its body, or NO_HEAD. */
static size_t read_head(struct cursor c, uint16_t version,
			uint8_t head[TLS_RECORD_HEAD])
{
	struct slice bytes;
	if (cursor_bytes(&c, &bytes) && bytes.data &&
	    bytes.len >= TLS_RECORD_HEAD)
		memcpy(head, bytes.data, TLS_RECORD_HEAD);
	else if (copy_bytes(c, head, TLS_RECORD_HEAD) < TLS_RECORD_HEAD)
		return NO_HEAD;
	size_t len = (size_t)head[3] << 8 | head[4];
	return begins_head(head, 3, version) && len <= TLS_BODY_MAX ? len
								    : NO_HEAD;
}

/* Whether a body of len bytes at c is there, and what follows could be another
 * record. Content can look like one head by chance, hardly like two. */
static bool is_followed(struct cursor c, size_t len, uint16_t version)
{
	uint64_t missing = 0;
	uint8_t head[TLS_RECORD_HEAD];
	if (cursor_skip(&c, TLS_RECORD_HEAD + len, &missing) <
		TLS_RECORD_HEAD + len ||
	    missing)
		return false;
	size_t have = copy_bytes(c, head, sizeof head);
	return begins_head(head, have, version);
}

static bool in_gap(const struct cursor *c, uint64_t *len)
{
	struct slice bytes;
	if (!cursor_bytes(c, &bytes) || bytes.data)
		return false;
	*len = bytes.len;
	return true;
}

static void keep_before(struct tls_wire *wire, uint8_t byte)
{
	if (wire->before_len == sizeof wire->before)
		memmove(wire->before, wire->before + 1, --wire->before_len);
	wire->before[wire->before_len++] = byte;
}

/* To the next place where a record seems to begin. */
static bool search(struct tls_records *r, struct tls_wire *wire)
{
	uint8_t head[TLS_RECORD_HEAD];
	struct slice bytes;
	uint64_t gap;
	while (!cursor_at_end(&r->at)) {
		if (in_gap(&r->at, &gap)) {
			r->loss.bytes += cursor_skip(&r->at, gap, NULL);
			wire->before_len = 0;
			continue;
		}
		size_t len = read_head(r->at, r->version, head);
		if (len && is_followed(r->at, len, r->version)) {
			r->searching = false;
			return true;
		}
		cursor_bytes(&r->at, &bytes);
		keep_before(wire, bytes.data[0]);
		r->loss.bytes += cursor_skip(&r->at, 1, NULL);
	}
	r->ends_inside = true;
	return false;
}

/* The body at r->at, in one piece. False if bytes of it are missing. */
static bool take_body(struct tls_records *r, size_t len, struct slice *body)
{
	struct slice bytes;
	if (cursor_bytes(&r->at, &bytes) && bytes.data && bytes.len >= len) {
		*body = slice_to(bytes, len);
		cursor_skip(&r->at, len, NULL);
		return true;
	}
	buf_clear(&r->joined);
	r->joined.len = copy_bytes(r->at, buf_reserve(&r->joined, len), len);
	*body = buf_slice(&r->joined);
	if (body->len < len)
		return false;
	cursor_skip(&r->at, len, NULL);
	return true;
}

/* A record of which bytes are missing. Its end is known, unless it lies in the
 * gap. */
static void pass_damaged(struct tls_records *r, size_t len)
{
	uint64_t gap, whole = TLS_RECORD_HEAD + len, missing = 0;
	uint64_t passed = cursor_skip(&r->at, len, &missing);
	if (passed < len) {
		/* Without a gap only what never came is missing. */
		r->loss.bytes += missing ? TLS_RECORD_HEAD + passed : 0;
		r->ends_inside = true;
		return;
	}
	if (!in_gap(&r->at, &gap)) {
		r->loss.records++;
		r->loss.record_bytes += whole;
		return;
	}
	r->loss.bytes += whole + cursor_skip(&r->at, gap, NULL);
	r->searching = true;
}

bool tls_records_next(struct tls_records *r, struct tls_wire *wire)
{
	uint8_t head[TLS_RECORD_HEAD];
	wire->before_len = 0;
	for (;;) {
		if (r->searching && !search(r, wire))
			return false;
		if (cursor_at_end(&r->at))
			return false;
		size_t len = read_head(r->at, 0, head);
		if (!len) {
			r->searching = true;
			continue;
		}
		wire->time = cursor_time(&r->at);
		struct slice bytes;
		cursor_bytes(&r->at, &bytes);
		wire->first = bytes.data;
		cursor_skip(&r->at, TLS_RECORD_HEAD, NULL);
		if (!take_body(r, len, &wire->record.body)) {
			pass_damaged(r, len);
			wire->before_len = 0;
			continue;
		}
		r->version = (uint16_t)(head[1] << 8 | head[2]);
		wire->record.type = head[0];
		wire->record.version = r->version;
		wire->loss = r->loss;
		r->loss = (struct tls_loss){0};
		return true;
	}
}

void tls_records_release(struct tls_records *r)
{
	buf_release(&r->joined);
}
