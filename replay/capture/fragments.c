/* Puts IP fragments together. They wait as slices of the recording, at their
 * home; only a complete datagram is copied, into the spool. */
#include "fragments.h"

#include <stdlib.h>
#include <string.h>

#define DATAGRAM_MAX 65535 /* RFC 791 3.1, and RFC 8200 4.5 */
#define UNIT 8             /* fragments begin at multiples of it */
#define UNITS ((DATAGRAM_MAX + UNIT - 1) / UNIT)
#define WORD_BITS 64

#define DATAGRAMS_MAX 1024
#define PIECES_MAX 262144 /* in all: 4 MiB */
#define BUCKETS 1024

/* Numbers of datagrams come round again. RFC 791 3.2 gives up after 15
 * seconds, Linux after 30. */
#define WAIT_MAX (INT64_C(30) * 1000000000)

struct key {
	uint8_t addresses[32]; /* zeros behind those of version 4 */
	uint32_t id;
	uint8_t version;
	uint8_t protocol; /* version 4 only: its numbers count per protocol */
	uint8_t zero[2];  /* no padding: compared and hashed as bytes */
};

struct piece {
	const uint8_t *data;
	uint16_t offset;
	uint16_t len;
};

struct datagram {
	struct key key;
	struct datagram *chain; /* of its bucket */
	struct datagram *older, *newer;
	int64_t time; /* of the fragment seen first */

	struct piece *pieces; /* in the order of capture */
	size_t count, cap;
	uint64_t covered[(UNITS + WORD_BITS - 1) / WORD_BITS];
	uint32_t units;   /* covered ones */
	uint32_t end;     /* the highest byte seen, plus 1 */
	uint32_t total;   /* 0 before the last fragment was seen */
	uint8_t protocol; /* as the first fragment says */

	/* Once complete. It stays a while, so that copies of its fragments
	 * (everything may be captured twice) begin no new datagram. */
	const uint8_t *whole;
};

struct fragments {
	const struct source *source;
	struct spool *spool;
	struct packet_counts *counts;
	struct datagram *buckets[BUCKETS];
	struct datagram *oldest, *newest;
	size_t count;
	size_t pieces;
};

struct fragments *fragments_new(const struct source *source,
				struct spool *spool,
				struct packet_counts *counts)
{
	struct fragments *f = xcalloc(1, sizeof *f);
	f->source = source;
	f->spool = spool;
	f->counts = counts;
	return f;
}

static struct datagram **bucket_of(struct fragments *f, const struct key *key)
{
	struct slice bytes = {(const uint8_t *)key, sizeof *key};
	return &f->buckets[slice_hash(bytes, 0) % BUCKETS];
}

static void pieces_drop(struct fragments *f, struct datagram *d)
{
	f->pieces -= d->count;
	free(d->pieces);
	d->pieces = NULL;
	d->count = d->cap = 0;
}

static void datagram_drop(struct fragments *f, struct datagram *d)
{
	struct datagram **link = bucket_of(f, &d->key);
	while (*link != d)
		link = &(*link)->chain;
	*link = d->chain;
	*(d->older ? &d->older->newer : &f->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &f->newest) = d->older;
	if (!d->whole)
		f->counts->unfinished++;
	pieces_drop(f, d);
	free(d);
	f->count--;
}

static struct datagram *datagram_new(struct fragments *f, const struct key *key,
				     int64_t time)
{
	if (f->count == DATAGRAMS_MAX)
		datagram_drop(f, f->oldest);
	struct datagram *d = xcalloc(1, sizeof *d);
	struct datagram **bucket = bucket_of(f, key);
	d->key = *key;
	d->time = time;
	d->chain = *bucket;
	*bucket = d;
	d->older = f->newest;
	*(d->older ? &d->older->newer : &f->oldest) = d;
	f->newest = d;
	f->count++;
	return d;
}

/* Whether the fragment is a copy of a part of a datagram that is complete. */
static bool is_copy(const struct datagram *d, const struct parcel *p,
		    const struct fragment *piece)
{
	return piece->offset + p->data.len <= d->total &&
	       !memcmp(d->whole + piece->offset, p->data.data, p->data.len);
}

static struct datagram *datagram_find(struct fragments *f,
				      const struct key *key, int64_t time)
{
	struct datagram *d = *bucket_of(f, key);
	while (d && memcmp(&d->key, key, sizeof *key) != 0)
		d = d->chain;
	if (d && (time > d->time + WAIT_MAX || time < d->time - WAIT_MAX)) {
		datagram_drop(f, d);
		return NULL;
	}
	return d;
}

/* Whether it has the place it claims: inside a datagram, and on the same side
 * of the datagram's end as what came before. */
static bool fits(const struct datagram *d, const struct fragment *piece,
		 size_t len)
{
	size_t end = piece->offset + len;
	if (!len || end > DATAGRAM_MAX || (piece->more && len % UNIT))
		return false;
	if (piece->more)
		return !d->total || end <= d->total;
	return d->total ? end == d->total : end >= d->end;
}

/* Marks the units of a fragment; true if any of them is new. */
static bool cover(struct datagram *d, size_t offset, size_t len)
{
	uint32_t before = d->units;
	size_t end = (offset + len + UNIT - 1) / UNIT;
	for (size_t unit = offset / UNIT; unit < end; unit++) {
		uint64_t bit = (uint64_t)1 << unit % WORD_BITS;
		d->units += !(d->covered[unit / WORD_BITS] & bit);
		d->covered[unit / WORD_BITS] |= bit;
	}
	return d->units > before;
}

static void piece_note(struct fragments *f, struct datagram *d,
		       const struct parcel *p, const struct fragment *piece)
{
	size_t len = p->data.len;
	if (piece->offset == 0)
		d->protocol = piece->protocol;
	if (!piece->more)
		d->total = (uint32_t)(piece->offset + len);
	if (piece->offset + len > d->end)
		d->end = (uint32_t)(piece->offset + len);
	if (!cover(d, piece->offset, len))
		return; /* a copy */
	if (d->count == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 4;
		d->pieces = xreallocarray(d->pieces, d->cap, sizeof *d->pieces);
	}
	d->pieces[d->count++] =
	    (struct piece){frame_home(p->frame, p->data.data),
			   (uint16_t)piece->offset, (uint16_t)len};
	f->pieces++;
}

/* Where fragments overlap the byte captured first counts: the pieces are laid
 * down from the last one to the first. */
static bool assemble(struct fragments *f, struct datagram *d, struct parcel *p)
{
	const struct frame *last = p->frame;
	uint64_t position =
	    source_position(f->source, frame_home(last, last->data.data));
	uint8_t *whole = spool_take(f->spool, d->total, position);
	if (!whole)
		return false;
	for (size_t i = d->count; i > 0; i--) {
		const struct piece *piece = &d->pieces[i - 1];
		memcpy(whole + piece->offset, piece->data, piece->len);
	}
	pieces_drop(f, d);
	d->whole = whole;
	p->data = (struct slice){whole, d->total};
	p->wire = d->total;
	return true;
}

static struct key key_of(const struct parcel *p, const struct fragment *piece)
{
	struct key key = {.id = piece->id, .version = p->version};
	memcpy(key.addresses, p->addresses, p->version == 4 ? 8 : 32);
	if (p->version == 4)
		key.protocol = piece->protocol;
	return key;
}

bool fragments_add(struct fragments *f, struct parcel *p,
		   const struct fragment *piece, uint8_t *protocol)
{
	struct key key = key_of(p, piece);
	int64_t time = p->frame->time;
	struct datagram *d = datagram_find(f, &key, time);
	f->counts->fragments++;
	if (d && d->whole) {
		if (is_copy(d, p, piece))
			return false;
		datagram_drop(f, d);
		d = NULL;
	}
	if (!d)
		d = datagram_new(f, &key, time);
	/* One that was not captured whole leaves its place to a copy of it. */
	if (p->data.len < p->wire)
		return false;
	if (!fits(d, piece, p->data.len)) {
		f->counts->broken++;
		return false;
	}
	piece_note(f, d, p, piece);
	*protocol = d->protocol;
	if (d->total && d->units == (d->total + UNIT - 1) / UNIT)
		return assemble(f, d, p);
	while (f->pieces > PIECES_MAX)
		datagram_drop(f, f->oldest);
	return false;
}

void fragments_end(struct fragments *f)
{
	struct datagram *newer;
	for (struct datagram *d = f->oldest; d; d = newer) {
		newer = d->newer;
		datagram_drop(f, d);
	}
}

void fragments_free(struct fragments *f)
{
	if (!f)
		return;
	fragments_end(f);
	free(f);
}
