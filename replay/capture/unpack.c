/* Bytes of a capture that cannot be mapped as they are, gzip, zstd or from a
 * pipe, written to an unlinked temporary file. */
#include "unpack.h"

#include "log.h"
#include "progress.h"
#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PIECE ((size_t)256 << 10)
/* zlib counts in 32 bits. */
#define INPUT_MAX ((size_t)1 << 30)
/* Real captures shrink to a fiftieth at best; deflate ends at 1:1032, zstd has
 * no end. */
#define BOMB_SIZE ((uint64_t)1 << 30)
#define BOMB_RATIO 200
#define WANTED_LEN 4 /* what rules->wanted is shown at least, if there is */

/* Where the bytes go. */
struct sink {
	const struct unpack_rules *rules;
	int fd;
	uint8_t *piece;
	size_t used;      /* of the piece */
	uint64_t written; /* to fd */
	bool said;        /* why there is no more */
};

bool unpack_is_gzip(struct slice bytes)
{
	return slice_starts(bytes, SLICE("\x1f\x8b")); /* RFC 1952 2.3.1 */
}

/* A frame, or a skippable one (RFC 8878 3.1). */
bool unpack_is_zstd(struct slice bytes)
{
	return slice_starts(bytes, SLICE("\x28\xb5\x2f\xfd")) ||
	       (bytes.len >= 4 && bytes.data[0] >> 4 == 5 &&
		slice_equal(slice_to(slice_from(bytes, 1), 3),
			    SLICE("\x2a\x4d\x18")));
}

static bool sink_open(struct sink *s, const struct unpack_rules *rules)
{
	*s = (struct sink){.rules = rules, .fd = spool_file()};
	if (s->fd >= 0)
		s->piece = xmalloc(PIECE);
	return s->fd >= 0;
}

static bool write_all(int fd, const uint8_t *at, size_t len)
{
	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Writes the piece out. False if there is no sense in going on. */
static bool sink_flush(struct sink *s)
{
	bool first = !s->written;
	struct slice piece = {s->piece, s->used};
	if (!write_all(s->fd, s->piece, s->used)) {
		log_warn("%s: temporary file: %s; only what fits is read",
			 s->rules->name, strerror(errno));
		s->said = true;
		return false;
	}
	s->written += s->used;
	s->used = 0;
	return !first || !piece.len || s->rules->wanted(piece);
}

/* The same for bytes unpacked from taken packed ones. */
static bool sink_flush_unpacked(struct sink *s, uint64_t taken)
{
	if (!sink_flush(s))
		return false;
	progress_at(s->rules->progress, taken);
	if (s->written <= BOMB_SIZE || s->written / BOMB_RATIO < taken)
		return true;
	log_warn("%s: unpacks to more than %d times its size: stopped after "
		 "%llu bytes",
		 s->rules->name, BOMB_RATIO, (unsigned long long)s->written);
	return false;
}

/* Nothing at all is a failure, and one line about it is enough. */
static int sink_close(struct sink *s)
{
	free(s->piece);
	if (!s->said || s->written)
		return s->fd;
	close(s->fd);
	return -1;
}

static const char *what_counts(const struct sink *s)
{
	return s->written + s->used ? "; what came before counts" : "";
}

static void say_cut(struct sink *s)
{
	log_warn("%s: the compressed data is cut%s", s->rules->name,
		 what_counts(s));
	s->said = true;
}

static void say_corrupt(struct sink *s, const char *why)
{
	log_warn("%s: the compressed data is corrupt (%s)%s", s->rules->name,
		 why, what_counts(s));
	s->said = true;
}

/* Gives zlib more input if it has none. */
static void feed(z_stream *z, struct slice packed, size_t *given)
{
	if (z->avail_in || *given == packed.len)
		return;
	struct slice more = slice_to(slice_from(packed, *given), INPUT_MAX);
	z->next_in = (Bytef *)more.data; /* zlib does not write there */
	z->avail_in = (uInt)more.len;
	*given += more.len;
}

/* After the end of a member: whether another one follows. */
static bool next_member(z_stream *z, struct slice packed, size_t given)
{
	struct slice rest = slice_from(packed, given - z->avail_in);
	if (!unpack_is_gzip(rest)) {
		if (rest.len)
			log_debug("%zu bytes after the compressed data",
				  rest.len);
		return false;
	}
	return inflateReset(z) == Z_OK;
}

static void gunzip(z_stream *z, struct slice packed, struct sink *s)
{
	size_t given = 0;
	for (;;) {
		feed(z, packed, &given);
		z->next_out = s->piece + s->used;
		z->avail_out = (uInt)(PIECE - s->used);
		int answer = inflate(z, Z_NO_FLUSH);
		s->used = PIECE - z->avail_out;
		if (s->used == PIECE &&
		    !sink_flush_unpacked(s, given - z->avail_in))
			return;
		if (answer == Z_STREAM_END) {
			if (next_member(z, packed, given))
				continue;
			break;
		}
		if (answer == Z_BUF_ERROR && given == packed.len) {
			say_cut(s);
			break;
		}
		if (answer != Z_OK && answer != Z_BUF_ERROR) {
			say_corrupt(s, z->msg ? z->msg : "no gzip");
			break;
		}
	}
	sink_flush(s);
}

int unpack_gzip(struct slice packed, const struct unpack_rules *rules)
{
	struct sink s;
	z_stream z = {0};
	if (!sink_open(&s, rules))
		return -1;
	if (inflateInit2(&z, 15 + 16) != Z_OK) /* the gzip format alone */
		log_fatal("out of memory");
	progress_phase(rules->progress, "unpacking", rules->name, packed.len,
		       NULL);
	gunzip(&z, packed, &s);
	inflateEnd(&z);
	return sink_close(&s);
}

static void unzstd(ZSTD_DStream *z, struct slice packed, struct sink *s)
{
	ZSTD_inBuffer in = {packed.data, packed.len, 0};
	for (;;) {
		ZSTD_outBuffer out = {s->piece, PIECE, s->used};
		size_t answer = ZSTD_decompressStream(z, &out, &in);
		bool more = out.pos == out.size;
		s->used = out.pos;
		if (ZSTD_isError(answer)) {
			say_corrupt(s, ZSTD_getErrorName(answer));
			break;
		}
		if (more && !sink_flush_unpacked(s, in.pos))
			return;
		if (in.pos == in.size && !more) {
			if (answer)
				say_cut(s);
			break;
		}
	}
	sink_flush(s);
}

int unpack_zstd(struct slice packed, const struct unpack_rules *rules)
{
	struct sink s;
	if (!sink_open(&s, rules))
		return -1;
	ZSTD_DStream *z = ZSTD_createDStream();
	if (!z)
		log_fatal("out of memory");
	progress_phase(rules->progress, "unpacking", rules->name, packed.len,
		       NULL);
	unzstd(z, packed, &s);
	ZSTD_freeDStream(z);
	return sink_close(&s);
}

int unpack_pipe(int fd, const struct unpack_rules *rules)
{
	struct sink s;
	if (!sink_open(&s, rules))
		return -1;
	progress_phase(rules->progress, "reading", rules->name, 0, NULL);
	for (;;) {
		ssize_t n = read(fd, s.piece + s.used, PIECE - s.used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_warn("%s: %s", rules->name, strerror(errno));
			s.said = true;
		}
		if (n > 0)
			s.used += (size_t)n;
		progress_at(rules->progress, s.written + s.used);
		/* An endless stream of something else is left at once. */
		bool judge = !s.written && s.used >= WANTED_LEN;
		if ((n <= 0 || judge || s.used == PIECE) && !sink_flush(&s))
			break;
		if (n <= 0)
			break;
	}
	return sink_close(&s);
}
