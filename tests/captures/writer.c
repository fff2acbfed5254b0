/* Writes frames as a pcap or pcapng file. */
#include "writer.h"

#include <string.h>

#define PCAP_MAGIC_MICRO 0xa1b2c3d4
#define PCAP_MAGIC_NANO 0xa1b23c4d
#define PCAP_SNAP_DEFAULT 262144

/* pcapng: draft-ietf-opsawg-pcapng, section 4 */
#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_SIMPLE 3
#define BLOCK_PACKET 6
#define BLOCK_UNKNOWN 0x0bad0bad
#define SECTION_MAGIC 0x1a2b3c4d
#define OPTION_RESOLUTION 9 /* if_tsresol */

static void put16(const struct writer *w, uint8_t *at, uint16_t v)
{
	at[w->big_endian ? 0 : 1] = v >> 8;
	at[w->big_endian ? 1 : 0] = v & 0xff;
}

static void put32(const struct writer *w, uint8_t *at, uint32_t v)
{
	put16(w, at + (w->big_endian ? 0 : 2), v >> 16);
	put16(w, at + (w->big_endian ? 2 : 0), v & 0xffff);
}

static void add16(struct writer *w, uint16_t v)
{
	uint8_t bytes[2];

	put16(w, bytes, v);
	str_add(&w->block, bytes, sizeof(bytes));
}

static void add32(struct writer *w, uint32_t v)
{
	uint8_t bytes[4];

	put32(w, bytes, v);
	str_add(&w->block, bytes, sizeof(bytes));
}

static void write_bytes(struct writer *w, const void *data, size_t len)
{
	if (fwrite(data, 1, len, w->file) != len)
		fail("cannot write");
	w->written += len;
}

/* The block's body lies in w->block, which becomes empty. */
static void write_block(struct writer *w, uint32_t type)
{
	static const uint8_t zeros[4];
	size_t pad = -w->block.len & 3;
	uint8_t ends[8];

	put32(w, ends, type);
	put32(w, ends + 4, (uint32_t)(w->block.len + pad + 12));
	write_bytes(w, ends, 8);
	write_bytes(w, w->block.data, w->block.len);
	write_bytes(w, zeros, pad);
	write_bytes(w, ends + 4, 4);
	w->block.len = 0;
}

static void write_section_header(struct writer *w)
{
	add32(w, SECTION_MAGIC);
	add16(w, 1);
	add16(w, 0);
	add32(w, UINT32_MAX); /* section length: not said */
	add32(w, UINT32_MAX);
	write_block(w, BLOCK_SECTION);
	w->interfaces = 0;
}

static void write_pcap_header(struct writer *w, uint16_t link)
{
	add32(w, w->nano ? PCAP_MAGIC_NANO : PCAP_MAGIC_MICRO);
	add16(w, 2);
	add16(w, 4);
	add32(w, 0);
	add32(w, 0);
	add32(w, w->snap ? w->snap : PCAP_SNAP_DEFAULT);
	add32(w, link);
	write_bytes(w, w->block.data, w->block.len);
	w->block.len = 0;
	w->links[0] = link;
}

static void begin(struct writer *w, uint16_t link)
{
	if (w->begun)
		return;
	w->begun = true;
	if (w->pcapng)
		write_section_header(w);
	else
		write_pcap_header(w, link);
}

/* Microseconds where nothing is said: the second interface says
 * nanoseconds, so that one file holds both. */
static unsigned find_interface(struct writer *w, uint16_t link)
{
	unsigned i;

	for (i = 0; i < w->interfaces; i++)
		if (w->links[i] == link)
			return i;
	if (i == WRITER_LINKS)
		fail("too many interfaces");
	add16(w, link);
	add16(w, 0);
	add32(w, w->snap);
	if (i % 2 || w->nano) {
		add16(w, OPTION_RESOLUTION);
		add16(w, 1);
		str_add(&w->block, "\x09\0\0\0", 4);
		add32(w, 0); /* end of options */
	}
	write_block(w, BLOCK_INTERFACE);
	w->links[w->interfaces++] = link;
	return i;
}

static size_t captured(const struct writer *w, size_t len)
{
	return w->snap && len > w->snap ? w->snap : len;
}

static void write_pcapng(struct writer *w, uint16_t link, int64_t time,
			 const void *data, size_t len)
{
	unsigned i = find_interface(w, link);
	uint64_t units = (uint64_t)time / (i % 2 || w->nano ? 1 : 1000);

	add32(w, i);
	add32(w, units >> 32);
	add32(w, units & UINT32_MAX);
	add32(w, (uint32_t)captured(w, len));
	add32(w, (uint32_t)len);
	str_add(&w->block, data, captured(w, len));
	write_block(w, BLOCK_PACKET);
}

void writer_frame(struct writer *w, uint16_t link, int64_t time,
		  const void *data, size_t len)
{
	uint8_t record[16];

	begin(w, link);
	if (w->pcapng) {
		write_pcapng(w, link, time, data, len);
		return;
	}
	if (link != w->links[0])
		fail("a pcap file has one link type");
	put32(w, record, (uint32_t)(time / 1000000000));
	put32(w, record + 4,
	      (uint32_t)(time % 1000000000 / (w->nano ? 1 : 1000)));
	put32(w, record + 8, (uint32_t)captured(w, len));
	put32(w, record + 12, (uint32_t)len);
	write_bytes(w, record, sizeof(record));
	write_bytes(w, data, captured(w, len));
}

void writer_section(struct writer *w, bool big_endian)
{
	w->big_endian = big_endian;
	w->begun = true;
	write_section_header(w);
}

void writer_unknown_block(struct writer *w)
{
	begin(w, LINK_ETHERNET);
	str_text(&w->block, "nothing that a reader knows");
	write_block(w, BLOCK_UNKNOWN);
}

void writer_simple_frame(struct writer *w, const void *data, size_t len)
{
	begin(w, LINK_ETHERNET);
	find_interface(w, LINK_ETHERNET);
	add32(w, (uint32_t)len);
	str_add(&w->block, data, captured(w, len));
	write_block(w, BLOCK_SIMPLE);
}

void writer_end(struct writer *w)
{
	begin(w, LINK_ETHERNET);
	if (fflush(w->file))
		fail("cannot write");
	str_free(&w->block);
}
