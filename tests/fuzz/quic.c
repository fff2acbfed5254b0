/* Fuzzes QUIC datagrams: whatever they are, what is told of a hello is the
 * start of one and no longer than it says.
 *
 * The input is datagrams, each behind a byte that says what it is, and its
 * length in two: frames, which are sealed as a client of version 1 or 2 does
 * (bit 0: version 2; bits 1 and 2: one of four IDs; bit 3: under the keys of
 * the first ID), or with bit 7 the very bytes of a datagram. Bits 4 and 5 are
 * the connection, bit 6 the side. */
#include "capture/fingerprint.h"
#include "capture/hello.h"
#include "capture/quic.h"

#include "tests/captures/quic_seal.h"

#define FRAMES_MAX 4096
#define DATAGRAMS_MAX 24 /* an input; three bytes are enough for one */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct buf sealed(uint8_t kind, struct slice frames)
{
	static const char *const ids[] = {"first id", "server i", "retry id",
					  "id"};
	const char *id = ids[kind >> 1 & 3];
	struct quic_seal s = {.version = kind & 1 ? QUIC_SEAL_V2 : 1,
			      .id_len = (uint8_t)strlen(id),
			      .number_len = (uint8_t)(1 + frames.len % 4)};
	struct buf out = {0}, padded = {0};
	memcpy(s.id, id, s.id_len);
	if (kind & 8) {
		memcpy(s.first_id, ids[0], 8);
		s.first_id_len = 8;
	}
	buf_add(&padded, slice_to(frames, FRAMES_MAX));
	while (padded.len < 1200)
		buf_add_byte(&padded, 0);
	buf_reserve(&out, QUIC_SEAL_MAX);
	out.len = quic_seal(out.data, &s, padded.data, padded.len);
	buf_release(&padded);
	return out;
}

static void check(struct slice told)
{
	struct hello h;
	struct fingerprint f;
	if (told.len < 4 || told.len > QUIC_HELLO_MAX ||
	    !hello_parse(&h, told) ||
	    told.len > 4 + ((size_t)told.data[1] << 16 |
			    (size_t)told.data[2] << 8 | told.data[3]))
		abort();
	if (fingerprint_quic(told, &f) &&
	    (!h.whole || strlen(f.ja4) != JA4_LEN || f.ja4[0] != 'q'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct slice){data, size});
	struct quic *q = quic_new();
	for (int i = 0; i < DATAGRAMS_MAX && reader_left(&r) > 2; i++) {
		uint8_t kind = reader_u8(&r);
		size_t len = reader_u16(&r);
		struct slice bytes = slice_to(reader_rest(&r), len), told;
		reader_skip(&r, bytes.len);
		struct buf datagram = {0};
		if (kind & 0x80)
			buf_add(&datagram, bytes);
		else
			datagram = sealed(kind, bytes);
		if (!quic_is_initial(buf_slice(&datagram)) && !(kind & 0x80))
			abort();
		if (quic_add(q, kind >> 4 & 3, kind >> 6 & 1,
			     buf_slice(&datagram), &told))
			check(told);
		buf_release(&datagram);
	}
	quic_free(q);
	return 0;
}
