/* Content codings: zlib's, brotli's and zstd's own encoders at work. */
#include "site.h"

#include <brotli/encode.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW (15 + 16) /* zlib.h, deflateInit2 */
#define ZLIB_WINDOW 15

static void code_zlib(struct str *out, int window, const void *data, size_t len)
{
	z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
	size_t room;

	if (deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY))
		fail("zlib does not start");
	room = deflateBound(&z, len);
	z.next_out = (Bytef *)str_reserve(out, room);
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		fail("zlib does not finish");
	out->len += z.total_out;
	deflateEnd(&z);
}

static void code_brotli(struct str *out, const void *data, size_t len)
{
	size_t room = BrotliEncoderMaxCompressedSize(len);
	uint8_t *to = (uint8_t *)str_reserve(out, room);

	if (!BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW,
				   BROTLI_DEFAULT_MODE, len, data, &room, to))
		fail("brotli does not finish");
	out->len += room;
}

static void code_zstd(struct str *out, const void *data, size_t len)
{
	size_t room = ZSTD_compressBound(len);

	room = ZSTD_compress(str_reserve(out, room), room, data, len, 3);
	if (ZSTD_isError(room))
		fail("zstd: %s", ZSTD_getErrorName(room));
	out->len += room;
}

void body_code(struct str *out, enum coding coding, const void *data,
	       size_t len)
{
	switch (coding) {
	case PLAIN:
		str_add(out, data, len);
		break;
	case GZIP:
		code_zlib(out, GZIP_WINDOW, data, len);
		break;
	case DEFLATE:
		code_zlib(out, ZLIB_WINDOW, data, len);
		break;
	case BROTLI:
		code_brotli(out, data, len);
		break;
	case ZSTD:
		code_zstd(out, data, len);
		break;
	}
}
