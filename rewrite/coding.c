/* Content codings taken off and put on: a row of stages, each a library's
 * decoder, and its encoder. */
#include "coding.h"

#include "capture/log.h"

#include <stdlib.h>

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#define STAGES_MAX 4 /* two are seen in the wild */
#define CHUNK_LEN 16384
/* RFC 9659: what a zstd window may be in HTTP, 8 MiB. */
#define ZSTD_WINDOW_LOG 23
/* A client waits for these, on a fast line: half a millisecond for 100 kB of
 * page. The next levels gain some hundredths and take as many tenths more. */
#define GZIP_LEVEL Z_BEST_SPEED
#define BR_QUALITY 3
#define ZSTD_LEVEL 3
#define ZLIB_MEMORY 8 /* zlib's default */

enum stage_kind { STAGE_GZIP, STAGE_DEFLATE, STAGE_BR, STAGE_ZSTD };

enum stage_step {
	STEP_MORE, /* all input is used, or there is no room for output */
	STEP_END,  /* a member, stream or frame has ended */
	STEP_BROKEN
};

struct stage {
	enum stage_kind kind;
	union {
		z_stream zlib; /* gzip and deflate */
		BrotliDecoderState *br;
		ZSTD_DCtx *zstd;
	} with;
	bool open;      /* with holds something */
	bool inside;    /* a member has begun and not ended */
	bool trailing;  /* what comes is not ours any more */
	size_t members; /* that have ended */
	size_t member_out;
	size_t out; /* bytes given in all */
};

struct coding {
	struct stage stages[STAGES_MAX]; /* in the order of decoding */
	size_t count;
	size_t max;
	size_t in; /* bytes fed */
	size_t out;
	enum coding_result result;
};

/* Next item of a comma-separated list (RFC 9110 5.6.1); empty ones do not
 * count. */
static bool next_item(struct slice *list, struct slice *item)
{
	while (list->len) {
		*item = slice_to(*list, slice_find(*list, ','));
		*list = slice_from(*list, item->len + 1);
		*item = slice_trim(*item);
		if (item->len)
			return true;
	}
	return false;
}

/* "x-gzip" means "gzip" (RFC 9110 8.4.1.3). */
static struct slice plain_name(struct slice name)
{
	if (slice_equal_nocase(name, SLICE("x-gzip")))
		return SLICE("gzip");
	return name;
}

static bool find_kind(struct slice name, enum stage_kind *kind)
{
	static const struct {
		const char *name;
		enum stage_kind kind;
	} known[] = {
	    {"gzip", STAGE_GZIP},
	    {"deflate", STAGE_DEFLATE},
	    {"br", STAGE_BR},
	    {"zstd", STAGE_ZSTD},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!slice_equal_nocase(plain_name(name),
					slice_of(known[i].name)))
			continue;
		*kind = known[i].kind;
		return true;
	}
	return false;
}

static bool is_identity(struct slice name)
{
	return slice_equal_nocase(name, SLICE("identity"));
}

/* In the order in which they were applied. False if one is not known, or there
 * are too many. */
static bool read_kinds(struct slice content_encoding,
		       enum stage_kind kinds[STAGES_MAX], size_t *count)
{
	struct slice name;
	*count = 0;
	while (next_item(&content_encoding, &name)) {
		if (is_identity(name))
			continue;
		if (*count == STAGES_MAX || !find_kind(name, &kinds[*count]))
			return false;
		++*count;
	}
	return true;
}

enum coding_result coding_open(struct coding **c, struct slice content_encoding,
			       size_t max)
{
	enum stage_kind kinds[STAGES_MAX] = {STAGE_GZIP};
	size_t count;
	*c = NULL;
	if (!read_kinds(content_encoding, kinds, &count))
		return CODING_UNKNOWN;
	struct coding *new = xcalloc(1, sizeof *new);
	new->max = max;
	new->count = count;
	for (size_t i = 0; i < new->count; i++)
		new->stages[i].kind = kinds[new->count - 1 - i];
	*c = new;
	return CODING_OK;
}

/* "deflate" is the zlib format (RFC 9110 8.4.1.2), yet some servers send raw
 * deflate data. A zlib header begins with a byte whose low half is 8; read as
 * raw deflate that is a stored block with a padding bit set, which no encoder
 * writes. */
static int zlib_window(const struct stage *s, uint8_t first)
{
	if (s->kind == STAGE_GZIP)
		return 16 + MAX_WBITS;
	return (first & 0x0f) == Z_DEFLATED ? MAX_WBITS : -MAX_WBITS;
}

static bool stage_open(struct stage *s, uint8_t first)
{
	switch (s->kind) {
	case STAGE_GZIP:
	case STAGE_DEFLATE:
		s->open =
		    inflateInit2(&s->with.zlib, zlib_window(s, first)) == Z_OK;
		return s->open;
	case STAGE_BR:
		s->with.br = BrotliDecoderCreateInstance(NULL, NULL, NULL);
		s->open = s->with.br != NULL;
		return s->open;
	case STAGE_ZSTD:
		s->with.zstd = ZSTD_createDCtx();
		s->open = s->with.zstd != NULL;
		return s->open &&
		       !ZSTD_isError(ZSTD_DCtx_setParameter(
			   s->with.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
	}
	return false;
}

static void stage_close(struct stage *s)
{
	if (!s->open)
		return;
	s->open = false;
	switch (s->kind) {
	case STAGE_GZIP:
	case STAGE_DEFLATE:
		inflateEnd(&s->with.zlib);
		return;
	case STAGE_BR:
		BrotliDecoderDestroyInstance(s->with.br);
		return;
	case STAGE_ZSTD:
		ZSTD_freeDCtx(s->with.zstd);
		return;
	}
}

static enum stage_step run_zlib(z_stream *z, struct slice *in, uint8_t *out,
				size_t *len)
{
	uInt given = in->len > CHUNK_LEN ? CHUNK_LEN : (uInt)in->len;
	z->next_in = (Bytef *)(uintptr_t)in->data; /* zlib does not write it */
	z->avail_in = given;
	z->next_out = out;
	z->avail_out = CHUNK_LEN;
	int status = inflate(z, Z_NO_FLUSH);
	*in = slice_from(*in, given - z->avail_in);
	*len = CHUNK_LEN - z->avail_out;
	if (status == Z_STREAM_END)
		return STEP_END;
	/* Z_BUF_ERROR: it wants more. */
	return status == Z_OK || status == Z_BUF_ERROR ? STEP_MORE
						       : STEP_BROKEN;
}

static enum stage_step run_br(BrotliDecoderState *br, struct slice *in,
			      uint8_t *out, size_t *len)
{
	size_t left = in->len, room = CHUNK_LEN;
	const uint8_t *at = in->data;
	BrotliDecoderResult status =
	    BrotliDecoderDecompressStream(br, &left, &at, &room, &out, NULL);
	*in = slice_from(*in, in->len - left);
	*len = CHUNK_LEN - room;
	switch (status) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return STEP_END;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return STEP_MORE;
	case BROTLI_DECODER_RESULT_ERROR:
		break;
	}
	return STEP_BROKEN;
}

static enum stage_step run_zstd(ZSTD_DCtx *zstd, struct slice *in, uint8_t *out,
				size_t *len)
{
	ZSTD_inBuffer from = {in->data, in->len, 0};
	ZSTD_outBuffer to = {out, CHUNK_LEN, 0};
	size_t status = ZSTD_decompressStream(zstd, &to, &from);
	*in = slice_from(*in, from.pos);
	*len = to.pos;
	if (ZSTD_isError(status))
		return STEP_BROKEN;
	return status == 0 ? STEP_END : STEP_MORE;
}

static enum stage_step run_step(struct stage *s, struct slice *in, uint8_t *out,
				size_t *len)
{
	switch (s->kind) {
	case STAGE_GZIP:
	case STAGE_DEFLATE:
		return run_zlib(&s->with.zlib, in, out, len);
	case STAGE_BR:
		return run_br(s->with.br, in, out, len);
	case STAGE_ZSTD:
		return run_zstd(s->with.zstd, in, out, len);
	}
	return STEP_BROKEN;
}

/* Whether another member may begin with that byte, after one has ended. */
static bool another_begins(const struct stage *s, uint8_t first)
{
	switch (s->kind) {
	case STAGE_GZIP:
		return first == 0x1f; /* RFC 1952 2.3.1 */
	case STAGE_ZSTD:
		/* RFC 8878 3.1: a frame, or one to be skipped */
		return first == 0x28 || (first & 0xf0) == 0x50;
	case STAGE_DEFLATE:
	case STAGE_BR:
		break;
	}
	return false;
}

/* Before the first byte of a member. */
static enum coding_result begin_member(struct stage *s, uint8_t first)
{
	if (s->members && !another_begins(s, first)) {
		s->trailing = true;
		return CODING_TRAILING;
	}
	if (!s->open && !stage_open(s, first))
		return CODING_BROKEN;
	if (s->members && s->kind == STAGE_GZIP)
		inflateReset(&s->with.zlib);
	s->inside = true;
	s->member_out = 0;
	return CODING_OK;
}

static bool over_ratio(const struct coding *c, size_t out)
{
	return out > CODING_FREE_LEN && out / CODING_RATIO_MAX > c->in;
}

static enum coding_result give(struct coding *c, struct slice bytes,
			       struct buf *out)
{
	if (bytes.len > c->max - c->out)
		return CODING_TOO_LARGE;
	buf_add(out, bytes);
	c->out += bytes.len;
	return CODING_OK;
}

static enum coding_result worse(enum coding_result a, enum coding_result b)
{
	return a > b ? a : b;
}

static enum coding_result push(struct coding *c, size_t index, struct slice in,
			       struct buf *out);

/* One call of the decoder; what it gives goes on to the next stage. *idle: it
 * neither took nor gave, so it waits for input. */
static enum coding_result advance(struct coding *c, size_t index,
				  struct slice *in, struct buf *out, bool *idle)
{
	struct stage *s = &c->stages[index];
	uint8_t chunk[CHUNK_LEN];
	size_t before = in->len, len = 0;
	enum stage_step step = run_step(s, in, chunk, &len);
	s->out += len;
	s->member_out += len;
	if (over_ratio(c, s->out))
		return CODING_TOO_LARGE;
	enum coding_result result =
	    push(c, index + 1, (struct slice){chunk, len}, out);
	*idle = !len && in->len == before;
	switch (step) {
	case STEP_MORE:
		return result;
	case STEP_END:
		s->members++;
		s->inside = false;
		return result;
	case STEP_BROKEN:
		break;
	}
	/* A header that only looked like that of another member. */
	s->trailing = s->members && !s->member_out;
	s->inside = s->inside && !s->trailing;
	return worse(result, s->trailing ? CODING_TRAILING : CODING_BROKEN);
}

/* Puts bytes into a stage; behind the last one they are the body. Calls itself
 * as deep as there are stages. Garbage behind one stage's data does not end
 * the others. */
static enum coding_result push(struct coding *c, size_t index, struct slice in,
			       struct buf *out)
{
	enum coding_result result = CODING_OK;
	if (index == c->count)
		return give(c, in, out);
	struct stage *s = &c->stages[index];
	bool idle = false;
	/* Also without input: a decoder may hold more than one chunk. */
	while (result <= CODING_TRAILING && !s->trailing && !idle) {
		if (s->inside)
			result =
			    worse(result, advance(c, index, &in, out, &idle));
		else if (in.len)
			result = worse(result, begin_member(s, in.data[0]));
		else
			break;
	}
	return result;
}

enum coding_result coding_feed(struct coding *c, struct slice in,
			       struct buf *out)
{
	if (c->result > CODING_TRAILING)
		return c->result;
	c->in += in.len;
	c->result = worse(c->result, push(c, 0, in, out));
	return c->result;
}

enum coding_result coding_finish(const struct coding *c)
{
	if (c->result > CODING_TRAILING)
		return c->result;
	/* An empty body is whole in any coding: HEAD, 304, and servers that
	 * name a coding for nothing. */
	for (size_t i = 0; c->in && i < c->count; i++)
		if (c->stages[i].inside || !c->stages[i].members)
			return CODING_CUT;
	return c->result;
}

void coding_free(struct coding *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		stage_close(&c->stages[i]);
	free(c);
}

enum coding_result coding_decode(struct slice content_encoding,
				 struct slice body, size_t max, struct buf *out)
{
	struct coding *c;
	enum coding_result result = coding_open(&c, content_encoding, max);
	if (result == CODING_UNKNOWN)
		return result;
	coding_feed(c, body, out);
	result = coding_finish(c);
	coding_free(c);
	return result;
}

/* Gives zlib its next input, of which it counts 32 bits. */
static void refill(z_stream *z, struct slice *body)
{
	struct slice piece = slice_to(*body, UINT32_MAX);
	z->next_in = (Bytef *)(uintptr_t)piece.data;
	z->avail_in = (uInt)piece.len;
	*body = slice_from(*body, piece.len);
}

static void put_zlib(struct slice body, int window, struct buf *out)
{
	z_stream z = {0};
	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, window, ZLIB_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		log_fatal("out of memory");
	int status;
	do {
		if (!z.avail_in)
			refill(&z, &body);
		z.next_out = buf_reserve(out, CHUNK_LEN);
		z.avail_out = CHUNK_LEN;
		status = deflate(&z, body.len ? Z_NO_FLUSH : Z_FINISH);
		out->len += CHUNK_LEN - z.avail_out;
	} while (status == Z_OK);
	deflateEnd(&z);
	if (status != Z_STREAM_END)
		log_fatal("cannot compress with zlib");
}

static void put_br(struct slice body, struct buf *out)
{
	BrotliEncoderState *br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
	if (!br)
		log_fatal("out of memory");
	BrotliEncoderSetParameter(br, BROTLI_PARAM_QUALITY, BR_QUALITY);
	size_t left = body.len;
	const uint8_t *at = body.data;
	while (!BrotliEncoderIsFinished(br)) {
		uint8_t *to = buf_reserve(out, CHUNK_LEN);
		size_t room = CHUNK_LEN;
		if (!BrotliEncoderCompressStream(br, BROTLI_OPERATION_FINISH,
						 &left, &at, &room, &to, NULL))
			log_fatal("cannot compress with brotli");
		out->len += CHUNK_LEN - room;
	}
	BrotliEncoderDestroyInstance(br);
}

static void put_zstd(struct slice body, struct buf *out)
{
	size_t bound = ZSTD_compressBound(body.len);
	size_t len = ZSTD_compress(buf_reserve(out, bound), bound, body.data,
				   body.len, ZSTD_LEVEL);
	if (ZSTD_isError(len))
		log_fatal("cannot compress with zstd: %s",
			  ZSTD_getErrorName(len));
	out->len += len;
}

static void put(enum stage_kind kind, struct slice body, struct buf *out)
{
	switch (kind) {
	case STAGE_GZIP:
		put_zlib(body, 16 + MAX_WBITS, out);
		return;
	case STAGE_DEFLATE:
		put_zlib(body, MAX_WBITS, out);
		return;
	case STAGE_BR:
		put_br(body, out);
		return;
	case STAGE_ZSTD:
		put_zstd(body, out);
		return;
	}
}

bool coding_encode(struct slice content_encoding, struct slice body,
		   struct buf *out)
{
	enum stage_kind kinds[STAGES_MAX] = {STAGE_GZIP};
	struct buf last = {0};
	size_t count;
	if (!read_kinds(content_encoding, kinds, &count))
		return false;
	for (size_t i = 0; i + 1 < count; i++) {
		struct buf coded = {0};
		put(kinds[i], body, &coded);
		buf_release(&last);
		last = coded;
		body = buf_slice(&last);
	}
	if (count)
		put(kinds[count - 1], body, out);
	else
		buf_add(out, body);
	buf_release(&last);
	return true;
}

/* Whether a weight (RFC 9110 12.4.2) is zero: "not acceptable". */
static bool weight_is_zero(struct slice parameters)
{
	struct slice part;
	while (parameters.len) {
		part = slice_to(parameters, slice_find(parameters, ';'));
		parameters = slice_from(parameters, part.len + 1);
		part = slice_trim(part);
		if (!slice_starts_nocase(part, SLICE("q=")))
			continue;
		part = slice_trim(slice_from(part, 2));
		bool zero = part.len && part.data[0] == '0';
		for (size_t i = 1; i < part.len; i++)
			zero = zero && part.data[i] == (i == 1 ? '.' : '0');
		return zero;
	}
	return false;
}

/* What Accept-Encoding says of a coding: named itself, else by "*", else what
 * goes for those not named. */
static bool accepts(struct slice list, struct slice name, bool unnamed)
{
	struct slice item;
	while (next_item(&list, &item)) {
		struct slice token = slice_to(item, slice_find(item, ';'));
		bool zero = weight_is_zero(slice_from(item, token.len + 1));
		token = plain_name(slice_trim(token));
		if (slice_equal_nocase(token, plain_name(name)))
			return !zero;
		if (slice_equal(token, SLICE("*")))
			unnamed = !zero;
	}
	return unnamed;
}

bool coding_accepted(struct slice accept_encoding,
		     struct slice content_encoding)
{
	struct slice name;
	size_t coded = 0;
	if (!accept_encoding.data)
		return true;
	while (next_item(&content_encoding, &name)) {
		if (is_identity(name))
			continue;
		/* More of them nobody takes off. */
		if (++coded > STAGES_MAX ||
		    !accepts(accept_encoding, name, false))
			return false;
	}
	return coded || accepts(accept_encoding, SLICE("identity"), true);
}

const char *coding_trouble(enum coding_result result)
{
	switch (result) {
	case CODING_OK:
	case CODING_TRAILING:
		return NULL;
	case CODING_CUT:
		return "is cut";
	case CODING_BROKEN:
		return "is broken";
	case CODING_TOO_LARGE:
		return "is too large";
	case CODING_UNKNOWN:
		return "is in a coding that is not known";
	}
	return NULL;
}
