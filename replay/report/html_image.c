/* The size of a picture, from its first bytes. */
#include "html_image.h"

#define JPEG_SCAN 0xda

/* ---- numbers as these formats have them ---- */

static uint32_t little(struct reader *r, int bytes)
{
	uint32_t value = 0;
	for (int i = 0; i < bytes; i++)
		value |= (uint32_t)reader_u8(r) << 8 * i;
	return value;
}

/* ---- the formats ---- */

/* IHDR comes first (W3C PNG 11.2.2). */
static bool read_png(struct reader *r, struct image_size *size)
{
	reader_skip(r, 16);
	size->width = reader_u32(r);
	size->height = reader_u32(r);
	return true;
}

/* Logical screen descriptor (GIF89a 18). */
static bool read_gif(struct reader *r, struct image_size *size)
{
	reader_skip(r, 6);
	size->width = little(r, 2);
	size->height = little(r, 2);
	return true;
}

/* BITMAPINFOHEADER; rows that go down have a negative height. */
static bool read_bmp(struct reader *r, struct image_size *size)
{
	reader_skip(r, 18);
	size->width = little(r, 4);
	size->height = little(r, 4);
	if (size->height > INT32_MAX)
		size->height = 0 - size->height;
	return true;
}

/* 0 stands for 256. */
static bool read_ico(struct reader *r, struct image_size *size)
{
	reader_skip(r, 6);
	size->width = reader_u8(r);
	size->height = reader_u8(r);
	size->width = size->width ? size->width : 256;
	size->height = size->height ? size->height : 256;
	return true;
}

/* RFC 9649 2: the first chunk tells; RFC 6386 9.1 and the lossless format have
 * 14 bits a side. */
static bool read_webp(struct reader *r, struct image_size *size)
{
	reader_skip(r, 12);
	struct slice chunk = reader_take(r, 4);
	reader_skip(r, 4);
	if (slice_equal(chunk, SLICE("VP8X"))) {
		reader_skip(r, 4);
		size->width = little(r, 3) + 1;
		size->height = little(r, 3) + 1;
	} else if (slice_equal(chunk, SLICE("VP8L"))) {
		reader_skip(r, 1);
		uint32_t bits = little(r, 4);
		size->width = (bits & 0x3fff) + 1;
		size->height = (bits >> 14 & 0x3fff) + 1;
	} else if (slice_equal(chunk, SLICE("VP8 "))) {
		reader_skip(r, 6);
		size->width = little(r, 2) & 0x3fff;
		size->height = little(r, 2) & 0x3fff;
	} else {
		return false;
	}
	return true;
}

/* A frame header, but none of those that lie between (ITU T.81 B.1.1.3). */
static bool is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
	       marker != 0xc8 && marker != 0xcc;
}

static bool read_jpeg(struct reader *r, struct image_size *size)
{
	reader_skip(r, 2);
	while (!r->short_read) {
		uint8_t marker = reader_u8(r);
		if (marker != 0xff)
			return false;
		while (marker == 0xff)
			marker = reader_u8(r);
		if (marker == JPEG_SCAN)
			return false;
		uint16_t len = reader_u16(r);
		if (len < 2)
			return false;
		if (!is_frame(marker)) {
			reader_skip(r, len - 2U);
			continue;
		}
		reader_skip(r, 1);
		size->height = reader_u16(r);
		size->width = reader_u16(r);
		return true;
	}
	return false;
}

static const struct {
	struct slice begins;
	bool (*read)(struct reader *r, struct image_size *size);
} formats[] = {
    {{(const uint8_t *)"\x89PNG\r\n\x1a\n", 8}, read_png},
    {{(const uint8_t *)"GIF8", 4}, read_gif},
    {{(const uint8_t *)"\xff\xd8\xff", 3}, read_jpeg},
    {{(const uint8_t *)"RIFF", 4}, read_webp},
    {{(const uint8_t *)"BM", 2}, read_bmp},
    {{(const uint8_t *)"\0\0\1\0", 4}, read_ico},
};

bool image_size_read(struct slice bytes, struct image_size *size)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct reader r = reader_of(bytes);
		if (!slice_starts(bytes, formats[i].begins))
			continue;
		return formats[i].read(&r, size) && !r.short_read &&
		       size->width && size->height;
	}
	return false;
}
