/* One DNS response from bytes: question, CNAME chain, addresses. */
#include "dns.h"

#include <string.h>

#define HEADER_LEN 12
#define FLAG_RESPONSE 0x8000
#define OPCODE_MASK 0x7800
#define RCODE_MASK 0x000f
#define RCODE_NOERROR 0
#define RCODE_NXDOMAIN 3
#define CLASS_IN 1
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28
#define LABEL_MAX 63
#define POINTER 0xc0
/* A name of 127 labels of one byte each, compressed as badly as can be. */
#define JUMPS_MAX 128
#define RECORDS_MAX 512 /* what a hostile message may make us look at */

struct record {
	size_t owner; /* offset of its name */
	uint64_t hash;
	size_t data; /* offset of its data */
	uint16_t type, len;
};

struct records {
	struct record list[RECORDS_MAX];
	size_t count;
};

struct slice dns_text(const struct dns_name *name)
{
	return (struct slice){name->text, name->len};
}

static void add_label(struct dns_name *name, struct slice label)
{
	if (name->len)
		name->text[name->len++] = '.';
	for (size_t i = 0; i < label.len; i++) {
		if (label.data[i] == '.' || label.data[i] == '\\')
			name->text[name->len++] = '\\';
		name->text[name->len++] = label.data[i];
	}
}

/* Where a pointer leads. Only backwards: what it points to must stand before
 * the label in hand (RFC 1035 4.1.4, "a prior occurrence"); a loop over labels
 * ends at the bound on the whole name. */
static bool jump(struct slice message, struct reader *r, const uint8_t *label,
		 uint8_t high)
{
	size_t to = (size_t)(high & LABEL_MAX) << 8 | reader_u8(r);
	if (r->short_read || to >= (size_t)(label - message.data))
		return false;
	*r = reader_of(slice_from(message, to));
	return true;
}

/* Reads the name at an offset; end gets the offset behind it. */
static bool read_name(struct slice message, size_t at, struct dns_name *name,
		      size_t *end)
{
	struct reader r = reader_of(slice_from(message, at));
	size_t wire = 0;
	name->len = 0;
	*end = 0;
	for (size_t jumps = 0; jumps < JUMPS_MAX;) {
		const uint8_t *label = r.at;
		uint8_t len = reader_u8(&r);
		if (len >= POINTER) {
			if (!*end)
				*end = (size_t)(label - message.data) + 2;
			if (!jump(message, &r, label, len))
				return false;
			jumps++;
			continue;
		}
		struct slice bytes = reader_take(&r, len);
		wire += (size_t)len + 1;
		if (r.short_read || len > LABEL_MAX || wire > DNS_NAME_MAX)
			return false;
		if (len) {
			add_label(name, bytes);
			continue;
		}
		if (!*end)
			*end = (size_t)(r.at - message.data);
		return true;
	}
	return false;
}

/* Names compare without case (RFC 4343). */
static uint64_t name_hash(const struct dns_name *name)
{
	uint8_t lower[sizeof name->text];
	for (size_t i = 0; i < name->len; i++) {
		uint8_t c = name->text[i];
		lower[i] = byte_lower(c);
	}
	return slice_hash((struct slice){lower, name->len}, 0);
}

/* One resource record at an offset; false if it is not whole. */
static bool read_record(struct slice message, size_t *at, struct record *record)
{
	struct dns_name owner;
	size_t end;
	if (!read_name(message, *at, &owner, &end))
		return false;
	struct reader r = reader_of(slice_from(message, end));
	record->owner = *at;
	record->hash = name_hash(&owner);
	record->type = reader_u16(&r);
	uint16_t class = reader_u16(&r);
	reader_skip(&r, 4); /* TTL */
	record->len = reader_u16(&r);
	record->data = (size_t)(r.at - message.data);
	reader_skip(&r, record->len);
	if (r.short_read)
		return false;
	*at = record->data + record->len;
	if (class != CLASS_IN)
		record->type = 0; /* of no type that is looked for */
	return true;
}

static bool owns(struct slice message, const struct record *record,
		 const struct dns_name *name, uint64_t hash)
{
	struct dns_name owner;
	size_t end;
	return record->hash == hash &&
	       read_name(message, record->owner, &owner, &end) &&
	       slice_equal_nocase(dns_text(&owner), dns_text(name));
}

static void add_address(struct dns_reply *reply, struct slice data,
			uint16_t type, size_t owner)
{
	size_t len = type == TYPE_A ? 4 : 16;
	if (data.len != len || reply->count == DNS_FOUND_MAX)
		return;
	struct dns_found *found = &reply->found[reply->count++];
	*found = (struct dns_found){.owner = owner};
	found->address.version = type == TYPE_A ? 4 : 6;
	memcpy(found->address.bytes, data.data, len);
}

/* Takes the records of the chain's last name. Whether it has an alias, which
 * then is the last name. A record used once is not looked at again, so
 * a ring of aliases ends. */
static bool follow(struct slice message, struct records *records,
		   struct dns_reply *reply)
{
	size_t last = reply->names - 1;
	const struct dns_name *name = &reply->chain[last];
	struct dns_name alias;
	uint64_t hash = name_hash(name);
	bool aliased = false;
	size_t end;
	for (size_t i = 0; i < records->count; i++) {
		struct record *r = &records->list[i];
		if (!r->type || !owns(message, r, name, hash))
			continue;
		if (r->type == TYPE_CNAME && !aliased)
			aliased = read_name(message, r->data, &alias, &end);
		else if (r->type == TYPE_A || r->type == TYPE_AAAA)
			add_address(
			    reply,
			    slice_to(slice_from(message, r->data), r->len),
			    r->type, last);
		r->type = 0;
	}
	if (!aliased || reply->names == DNS_CHAIN_MAX)
		return false;
	reply->chain[reply->names++] = alias;
	return true;
}

bool dns_parse(struct slice message, struct dns_reply *reply)
{
	struct reader r = reader_of(message);
	reader_skip(&r, 2); /* ID */
	uint16_t flags = reader_u16(&r);
	uint16_t questions = reader_u16(&r);
	uint16_t answers = reader_u16(&r);
	uint16_t rcode = flags & RCODE_MASK;
	size_t at;
	reply->names = 1;
	reply->count = 0;
	reply->missing = rcode == RCODE_NXDOMAIN;
	if (r.short_read || !(flags & FLAG_RESPONSE) || flags & OPCODE_MASK ||
	    (rcode != RCODE_NOERROR && !reply->missing) || questions != 1 ||
	    !read_name(message, HEADER_LEN, &reply->chain[0], &at))
		return false;
	r = reader_of(slice_from(message, at));
	reader_skip(&r, 2); /* type */
	uint16_t class = reader_u16(&r);
	if (r.short_read || class != CLASS_IN || !reply->chain[0].len)
		return false;
	at += 4;

	struct records records;
	records.count = 0;
	while (records.count < answers && records.count < RECORDS_MAX &&
	       read_record(message, &at, &records.list[records.count]))
		records.count++;
	while (follow(message, &records, reply))
		;
	return true;
}
