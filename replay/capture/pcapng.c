/* Walks the blocks of a pcapng file (draft-ietf-opsawg-pcapng): sections,
 * their interfaces, and the frames captured there. */
#include "walk.h"

#include <stdlib.h>

/* Block types (draft-ietf-opsawg-pcapng 4). */
#define BLOCK_SECTION 0x0a0d0d0a /* reads the same in both byte orders */
#define BLOCK_INTERFACE 1
#define BLOCK_PACKET 2 /* obsolete */
#define BLOCK_SIMPLE 3
#define BLOCK_ENHANCED 6
#define BLOCK_SECRETS 10

#define BLOCK_FRAME 12 /* type and length before, length after the body */
#define ORDER_MAGIC 0x1a2b3c4d
#define SECTION_BODY 16 /* order magic, version, section length */
#define INTERFACE_BODY 8
#define PACKET_BODY 20
#define SIMPLE_BODY 4
#define SECRETS_BODY 8
#define SECRETS_TLS 0x544c534b /* a key log: 4.7 */

/* Interface options (4.2). */
#define OPTION_END 0
#define OPTION_TSRESOL 9
#define OPTION_TSOFFSET 14

#define INTERFACES_MAX 65536
#define SECOND INT64_C(1000000000)
/* Times are kept in a range in which their differences are times too. */
#define TIME_MAX (INT64_MAX / 2)

bool pcapng_begins(struct slice bytes)
{
	static const uint8_t magic[] = {0x0a, 0x0d, 0x0d, 0x0a};
	return slice_starts(bytes, (struct slice){magic, sizeof magic});
}

static int64_t time_of(const struct interface *i, uint64_t ticks)
{
	unsigned __int128 value = (unsigned __int128)ticks * i->multiply;
	if (i->divide > 1)
		value /= i->divide;
	value >>= i->shift;
	__int128 time = (__int128)value + (__int128)i->offset * SECOND;
	if (time < 0)
		return 0;
	return time > TIME_MAX ? TIME_MAX : (int64_t)time;
}

/* if_tsresol: a negative power of 10, or of 2 if the top bit is set. */
static void interface_resolution(struct interface *i, uint8_t value)
{
	uint8_t power = value & 0x7f;
	i->multiply = SECOND;
	i->divide = 1;
	i->shift = 0;
	if (value & 0x80) {
		i->shift = power;
		return;
	}
	for (; power && i->multiply > 1; power--)
		i->multiply /= 10;
	/* 10^-28 and finer: ticks of 64 bits are less than a nanosecond. */
	if (power > 19)
		i->multiply = 0;
	else
		for (; power; power--)
			i->divide *= 10;
}

static void interface_options(struct capture *c, struct interface *i,
			      struct slice options)
{
	while (options.len >= 4) {
		uint16_t code = walk_u16(c, options.data);
		uint16_t len = walk_u16(c, options.data + 2);
		options = slice_from(options, 4);
		if (code == OPTION_END || len > options.len)
			return;
		if (code == OPTION_TSRESOL && len == 1)
			interface_resolution(i, options.data[0]);
		if (code == OPTION_TSOFFSET && len == 8) {
			uint64_t word;
			memcpy(&word, options.data, sizeof word);
			i->offset =
			    (int64_t)(c->swapped ? __builtin_bswap64(word)
						 : word);
		}
		options = slice_from(options, ((size_t)len + 3) & ~(size_t)3);
	}
}

static void interface_read(struct capture *c, struct slice body)
{
	if (body.len < INTERFACE_BODY || c->count == INTERFACES_MAX) {
		c->counts->bad++;
		return;
	}
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 4;
		c->interfaces =
		    xreallocarray(c->interfaces, c->cap, sizeof *c->interfaces);
	}
	struct interface *i = &c->interfaces[c->count++];
	*i = (struct interface){.link_type = walk_u16(c, body.data),
				.snap_len = walk_u32(c, body.data + 4)};
	interface_resolution(i, 6);
	interface_options(c, i, slice_from(body, INTERFACE_BODY));
}

/* What opens the TLS connections in the file. */
static void secrets_read(struct capture *c, struct slice body)
{
	if (body.len < SECRETS_BODY) {
		c->counts->bad++;
		return;
	}
	uint32_t type = walk_u32(c, body.data);
	uint32_t len = walk_u32(c, body.data + 4);
	if (type == SECRETS_TLS && c->keylog)
		keylog_add(c->keylog,
			   slice_to(slice_from(body, SECRETS_BODY), len));
}

static bool frame_set(struct frame *f, struct slice data, uint32_t captured,
		      uint32_t wire)
{
	if (captured > data.len)
		return false;
	f->data = slice_to(data, captured);
	f->wire_len = wire > captured ? wire : captured;
	return true;
}

static bool packet_read(struct capture *c, struct slice body, uint32_t type,
			struct frame *f)
{
	if (body.len < PACKET_BODY)
		return false;
	uint32_t id = type == BLOCK_PACKET ? walk_u16(c, body.data)
					   : walk_u32(c, body.data);
	if (id >= c->count)
		return false;
	const struct interface *i = &c->interfaces[id];
	uint64_t ticks = (uint64_t)walk_u32(c, body.data + 4) << 32 |
			 walk_u32(c, body.data + 8);
	f->link_type = i->link_type;
	f->time = c->time = time_of(i, ticks);
	return frame_set(f, slice_from(body, PACKET_BODY),
			 walk_u32(c, body.data + 12),
			 walk_u32(c, body.data + 16));
}

static bool simple_read(struct capture *c, struct slice body, struct frame *f)
{
	if (body.len < SIMPLE_BODY || !c->count)
		return false;
	const struct interface *i = &c->interfaces[0];
	uint32_t wire = walk_u32(c, body.data);
	f->link_type = i->link_type;
	f->time = c->time;
	return frame_set(f, slice_from(body, SIMPLE_BODY),
			 i->snap_len && i->snap_len < wire ? i->snap_len : wire,
			 wire);
}

/* A section header at c->at gives the byte order of what follows, its own
 * length included. */
static bool section_begin(struct capture *c, size_t left)
{
	uint32_t magic;
	if (left < BLOCK_FRAME + SECTION_BODY)
		return capture_cut(c);
	memcpy(&magic, view_bytes(&c->view, c->at, BLOCK_FRAME) + 8,
	       sizeof magic);
	c->swapped = magic == __builtin_bswap32(ORDER_MAGIC);
	if (!c->swapped && magic != ORDER_MAGIC)
		return capture_corrupt(c, "a section without byte order");
	c->count = 0;
	return true;
}

/* Whether a block that is so long at offset ends with that length. */
static bool trailer_is(struct capture *c, size_t offset, size_t stride,
		       uint32_t len)
{
	const uint8_t *at = view_bytes(&c->view, offset, stride);
	return walk_u32(c, at + stride - 4) == len;
}

/* The length that a block at offset tells at both its ends, or 0 if they
 * differ or it does not fit the file. Lengths that are no multiple of 4 are
 * wrong but seen: with the padding before the trailer, or without any. */
static size_t block_stride(struct capture *c, size_t offset, uint32_t len)
{
	size_t left = c->view.file.len - offset;
	size_t padded = ((size_t)len + 3) & ~(size_t)3;
	if (len < BLOCK_FRAME)
		return 0;
	if (len <= left && trailer_is(c, offset, len, len))
		return len;
	if (padded <= left && trailer_is(c, offset, padded, len))
		return padded;
	return 0;
}

/* Where a block whose trailer is wrong ends: as its head says, if the file
 * ends there or a sound block follows. 0: nobody can tell. */
static size_t block_guess(struct capture *c, uint32_t len)
{
	size_t next = c->at + (((size_t)len + 3) & ~(size_t)3);
	if (next == c->view.file.len)
		return next - c->at;
	if (next > c->view.file.len || c->view.file.len - next < BLOCK_FRAME)
		return 0;
	const uint8_t *at = view_bytes(&c->view, next, BLOCK_FRAME);
	return block_stride(c, next, walk_u32(c, at + 4)) ? next - c->at : 0;
}

/* Steps over the block at c->at; body is valid until the next one. False at the
 * end. */
static bool block_take(struct capture *c, uint32_t *type, struct slice *body)
{
	size_t left = c->view.file.len - c->at;
	if (left < BLOCK_FRAME)
		return left ? capture_cut(c) : false;
	const uint8_t *at = view_bytes(&c->view, c->at, BLOCK_FRAME);
	*type = walk_u32(c, at);
	if (*type == BLOCK_SECTION && !section_begin(c, left))
		return false;
	uint32_t len = walk_u32(c, at + 4);
	if (len < BLOCK_FRAME || len > WALK_RECORD_MAX)
		return capture_corrupt(c, "a block's length is beyond reason");
	if (len > left)
		return capture_cut(c);
	size_t stride = block_stride(c, c->at, len);
	if (!stride) {
		c->counts->bad++;
		stride = block_guess(c, len);
		if (!stride)
			return capture_corrupt(c, "a block's lengths differ");
	}
	at = view_bytes(&c->view, c->at, len);
	*body = (struct slice){at + 8, len - BLOCK_FRAME};
	c->at += stride;
	return true;
}

static bool pcapng_next_frame(struct capture *c, struct frame *f)
{
	uint32_t type = 0;
	struct slice body = {0};
	while (block_take(c, &type, &body)) {
		bool good;
		if (type == BLOCK_ENHANCED || type == BLOCK_PACKET) {
			good = packet_read(c, body, type, f);
		} else if (type == BLOCK_SIMPLE) {
			good = simple_read(c, body, f);
		} else {
			if (type == BLOCK_INTERFACE)
				interface_read(c, body);
			if (type == BLOCK_SECRETS)
				secrets_read(c, body);
			continue;
		}
		if (good) {
			c->frames++;
			return true;
		}
		c->counts->bad++;
	}
	return false;
}

bool pcapng_open(struct capture *c)
{
	static const uint32_t magic = ORDER_MAGIC;
	uint32_t found;
	if (c->view.file.len < BLOCK_FRAME + SECTION_BODY)
		return false;
	memcpy(&found, c->view.file.data + 8, sizeof found);
	c->next = pcapng_next_frame;
	return found == magic || found == __builtin_bswap32(magic);
}
