/* Frames written in hex, read by a source of the tests' own. */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H

#include "capture/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* The linker takes these instead of source.c, so that frames may lie where the
 * test wants them. */
struct source {
	const struct frame *frames;
	size_t count, next;
	uint8_t *window; /* the frame at hand, gone with the next one */
};

bool source_next(struct source *s, struct frame *f)
{
	free(s->window);
	s->window = NULL;
	if (s->next == s->count)
		return false;
	*f = s->frames[s->next++];
	s->window = xmalloc(f->data.len);
	if (f->data.len)
		memcpy(s->window, f->data.data, f->data.len);
	f->home = f->data.data;
	f->data.data = s->window;
	return true;
}

uint64_t source_position(const struct source *s, const uint8_t *byte)
{
	(void)byte;
	return s->next;
}

static inline void add_hex(struct buf *b, const char *hex)
{
	unsigned digit, half = 0, value = 0;
	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		digit = (unsigned)(strchr("0123456789abcdef", *hex) -
				   "0123456789abcdef");
		assert_true(digit < 16);
		value = value << 4 | digit;
		if (half ^= 1)
			continue;
		buf_add_byte(b, (uint8_t)value);
		value = 0;
	}
	assert_int_equal(half, 0);
}

#define TCP "0401 0050 00000064 000000c8 5018 1000 0000 0000"

struct run {
	struct packet packets[64];
	size_t count;
	struct packet_counts counts;
};

/* Frames are read once; the packets' payloads live as long as the spool. */
static inline void run(struct run *r, const struct frame *frames, size_t count,
		       struct spool *spool)
{
	struct source source = {.frames = frames, .count = count};
	struct packets *p = packets_new(&source, spool);
	struct packet packet;
	r->count = 0;
	while (packets_next(p, &packet))
		if (r->count < sizeof r->packets / sizeof *r->packets)
			r->packets[r->count++] = packet;
	r->counts = *packets_counts(p);
	packets_free(p);
}

#endif
