/* Fuzzes TLS connections with their secrets: whatever they say, what comes out
 * is bounded by what went in, and its pieces are in order.
 *
 * The input is a key log up to an empty line; then pieces of a connection, each
 * a byte with the side (bit 0) and whether it is lost (bit 1), its length in
 * two bytes, and its bytes, which a lost one has too. */
#include "capture/log.h"
#include "capture/tls.h"

#include <stdlib.h>

#define PIECES_MAX 512

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_library *library;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_init("fuzz");
	library = tls_library_new();
	return 0;
}

static uint64_t no_position(const void *context, const uint8_t *byte)
{
	(void)context;
	(void)byte;
	return 0;
}

/* Returns how many bytes the connection has. */
static size_t read_pieces(struct reader *r, struct flow *flow)
{
	size_t sum = 0;
	for (uint32_t n = 0; n < PIECES_MAX && reader_left(r) > 3; n++) {
		uint8_t kind = reader_u8(r);
		size_t len = reader_u16(r);
		struct slice bytes = slice_to(reader_rest(r), len);
		struct stream *s = &flow->streams[kind & 1];
		reader_skip(r, bytes.len);
		if (!bytes.len)
			continue;
		s->pieces =
		    xreallocarray(s->pieces, s->count + 1, sizeof *s->pieces);
		s->pieces[s->count++] = (struct piece){
		    kind & 2 ? NULL : bytes.data, n, (uint32_t)bytes.len, 0};
		sum += bytes.len;
	}
	return sum;
}

static void check(const struct tls_opened *o, size_t most)
{
	size_t sum = 0;
	for (int side = 0; side < 2; side++) {
		const struct stream *s = &o->flow.streams[side];
		size_t at = 0;
		for (uint32_t i = 0; i < s->count; i++) {
			if (!s->pieces[i].len || s->pieces[i].seq != at)
				abort();
			at += s->pieces[i].len;
		}
		sum += at;
	}
	if (sum > most || !o->facts.version)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct place start[2];
	struct slice input = {data, size};
	size_t end = 0;
	while (end + 1 < size && (data[end] != '\n' || data[end + 1] != '\n'))
		end++;
	struct secrets *secrets = secrets_new();
	struct spool *spool = spool_new();
	struct flow flow = {0};
	keylog_add(secrets->keylog, slice_to(input, end));
	secrets->library = library;
	struct reader r = reader_of(slice_from(input, end + 2));
	size_t len = read_pieces(&r, &flow);
	const struct tls_means means = {secrets, spool, no_position, NULL};
	struct tls_opened *opened;
	enum tls_result result = tls_open(&flow, start, &means, &opened);
	if ((result == TLS_READ) != (opened != NULL) ||
	    (result == TLS_READ) != !tls_result_words(result))
		abort();
	if (opened)
		check(opened, len);
	tls_opened_free(opened);
	flow_drop(&flow);
	spool_free(spool);
	secrets->library = NULL;
	secrets_free(secrets);
	return 0;
}
